//! Reads a file: its stages from `received` to `indexed` or `failed`, each stored as soon as it is reached.

use ::jobs::{Job, JobContext, JobError, JobHandler, JobQueue};
use async_trait::async_trait;
use base::time::Clock;
use db::{DbError, Session};
use llm::{Embedder, LlmError, Purpose};
use objects::{ObjectError, Objects};
use reader::child::ParserChild;
use serde::{Deserialize, Serialize};
use server::Deps;
use uuid::Uuid;

use crate::{
    files::{self, Stage},
    parse,
    store::{self, files::UnfinishedFile, vectors::UnembeddedChunk},
};

/// A file the parser died on is given to it once more.
const CRASH_LIMIT: i64 = 2;
/// Chunks embedded in one request and stored in one transaction. A server that is too slow for so many gets fewer, down to one.
const EMBED_BATCH: i64 = 64;

/// Brings a file to its last stage.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReadFile {
    pub(crate) file: Uuid,
}

impl Job for ReadFile {
    const KIND: &'static str = "upload.read_file";
    /// A file waits for as long as what reads it is away.
    const ATTEMPT_LIMIT: i64 = i64::MAX;
}

pub(super) struct FileReader {
    objects: Objects,
    jobs: JobQueue,
    clock: Clock,
    parser: ParserChild,
    embedder: Option<Embedder>,
}

#[async_trait]
impl JobHandler<ReadFile> for FileReader {
    async fn run(&self, context: &JobContext, job: ReadFile) -> Result<(), JobError> {
        // A file that was deleted meanwhile needs nothing more.
        let Some(file) = begin(context, job.file).await? else { return Ok(()) };
        match self.process(context, &file).await {
            Err(JobError::Permanent(reason)) => fail(context, file.id, &reason).await,
            Err(JobError::Crash(reason)) if context.crashes() + 1 >= CRASH_LIMIT => {
                fail(context, file.id, &reason).await
            }
            Err(error @ (JobError::Transient { .. } | JobError::Crash(_))) => {
                note(context, file.id, &error.to_string()).await?;
                Err(error)
            }
            result => result,
        }
    }

    async fn on_dead(
        &self,
        _context: &JobContext,
        session: &mut Session,
        job: ReadFile,
        reason: &str,
    ) -> Result<(), DbError> {
        store::files::set_failed(session, job.file, reason).await
    }
}

impl FileReader {
    pub(super) fn new(deps: &Deps, parser: ParserChild, embedder: Option<Embedder>) -> Self {
        let (objects, jobs, clock) = (deps.objects.clone(), deps.jobs.clone(), deps.clock.clone());
        Self { objects, jobs, clock, parser, embedder }
    }

    /// The stages that are left.
    async fn process(&self, context: &JobContext, file: &UnfinishedFile) -> Result<(), JobError> {
        if file.stage == Stage::Received && !self.parse(context, file).await? {
            return Ok(());
        }
        match &self.embedder {
            Some(embedder) => embed(context, file, embedder).await,
            None if file.stage == Stage::Parsed => finish(context, file, None).await,
            None => Ok(()),
        }
    }

    /// Stores the text and the chunks; without a model of embeddings that is all, and the job is done. `false` when the file
    /// is gone.
    async fn parse(&self, context: &JobContext, file: &UnfinishedFile) -> Result<bool, JobError> {
        let bytes = self.objects.get(context.scope(), file.id).await.map_err(|error| match error {
            ObjectError::Missing => JobError::Permanent("the stored file is gone".to_owned()),
            error => {
                tracing::warn!(%error, "failed to read an object; its file is read later");
                JobError::transient("the object store does not answer")
            }
        })?;
        let parsed = parse::parse(&self.parser, file, bytes).await?;
        let mut session = context.begin().await?;
        let stage = if self.embedder.is_some() {
            context.renew(&mut session).await?;
            "parsed"
        } else {
            context.complete(&mut session).await?;
            "indexed"
        };
        let is_stored = parse::store(&mut session, file, &parsed, stage).await?;
        if is_stored {
            for earlier in store::files::earlier_versions(&mut session, file.id).await? {
                files::remove(&mut session, &self.jobs, earlier, self.clock.now()).await?;
            }
            session.commit().await?;
        }
        Ok(is_stored)
    }
}

/// Counts the attempt; `None` when there is no such file, or nothing left to do for it.
async fn begin(context: &JobContext, id: Uuid) -> Result<Option<UnfinishedFile>, JobError> {
    let mut session = context.begin().await?;
    context.renew(&mut session).await?;
    let file = store::files::begin(&mut session, id).await?;
    session.commit().await?;
    Ok(file)
}

/// Makes the vectors that are missing.
async fn embed(context: &JobContext, file: &UnfinishedFile, embedder: &Embedder) -> Result<(), JobError> {
    let mut batch = EMBED_BATCH;
    loop {
        let mut session = context.begin().await?;
        let chunks = store::vectors::unembedded(&mut session, file, embedder.name(), batch).await?;
        drop(session);
        if chunks.is_empty() {
            return finish(context, file, Some(embedder.name())).await;
        }
        let texts: Vec<String> = chunks.iter().map(embedded_text).collect();
        let vectors = match embedder.embed(Purpose::Passage, &texts).await {
            Ok(vectors) => vectors,
            Err(LlmError::Timeout { .. }) if batch > 1 => {
                batch /= 4;
                renew(context).await?;
                continue;
            }
            Err(error) => return Err(JobError::transient(format!("no vectors yet: {error}"))),
        };
        let mut session = context.begin().await?;
        context.renew(&mut session).await?;
        // Vectors of a file that was deleted meanwhile would stay for ever.
        if !store::files::lock(&mut session, file.id).await? {
            return Ok(());
        }
        for (chunk, vector) in chunks.iter().zip(&vectors) {
            store::vectors::put(&mut session, file, chunk.seq, embedder.name(), vector).await?;
        }
        store::vectors::bump(&mut session, file.project).await?;
        session.commit().await?;
    }
}

async fn renew(context: &JobContext) -> Result<(), JobError> {
    let mut session = context.begin().await?;
    context.renew(&mut session).await?;
    Ok(session.commit().await?)
}

/// The headings say what a passage is about when it does not say so itself.
fn embedded_text(chunk: &UnembeddedChunk) -> String {
    let mut lines: Vec<String> = serde_json::from_str(&chunk.heading).unwrap_or_default();
    lines.push(chunk.text.clone());
    lines.join("\n")
}

/// Everything is there, with vectors of `model` or without any.
async fn finish(context: &JobContext, file: &UnfinishedFile, model: Option<&str>) -> Result<(), JobError> {
    let mut session = context.begin().await?;
    context.complete(&mut session).await?;
    store::files::set_indexed(&mut session, file.id, model).await?;
    Ok(session.commit().await?)
}

/// The file cannot be read, which its status tells; the job is done.
async fn fail(context: &JobContext, file: Uuid, reason: &str) -> Result<(), JobError> {
    let mut session = context.begin().await?;
    context.complete(&mut session).await?;
    store::files::set_failed(&mut session, file, reason).await?;
    Ok(session.commit().await?)
}

/// Shows why the file is not read yet.
async fn note(context: &JobContext, file: Uuid, reason: &str) -> Result<(), JobError> {
    let mut session = context.begin().await?;
    context.renew(&mut session).await?;
    store::files::set_error(&mut session, file, reason).await?;
    Ok(session.commit().await?)
}
