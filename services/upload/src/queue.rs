//! Works off the files that are not finished, a few at a time.
//!
//! Work is claimed with a lease that is renewed while it goes on. When a process dies, its leases end and the work is taken up again;
//! whatever a late process still writes is refused, because its claim is not the file's any more.

use std::{sync::Arc, time::Duration};

use base::{
    Scope, SystemScope,
    tasks::Task,
    time::{Clock, Ids},
};
use chrono::TimeDelta;
use db::{Db, DbError};
use llm::{Embedder, Purpose};
use objects::{ObjectError, Objects};
use rand::Rng;
use reader::child::ParserChild;
use server::Deps;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    files::Stage,
    parse,
    store::{self, vectors::Missing},
};

const LEASE: TimeDelta = TimeDelta::seconds(20);
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How long an idle worker waits for the bell before it looks by itself: for work of other processes, and for work whose time
/// has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A file the parser died on is given to it once more.
const MAX_CRASHES: i64 = 2;
/// Chunks embedded in one request and stored in one transaction.
const EMBED_BATCH: i64 = 64;
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// A claimed file.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Job {
    pub(crate) org: Uuid,
    pub(crate) id: Uuid,
    uploaded_by: Uuid,
    pub(crate) project: Uuid,
    pub(crate) name: String,
    pub(crate) format: String,
    #[sqlx(try_from = "String")]
    stage: Stage,
    attempts: i64,
    crashes: i64,
    pub(crate) claim: Uuid,
}

/// Why a piece of work was not done.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Trying later may help.
    Passing(String),
    /// The parser died on it.
    Crash(String),
    /// It will be so every time.
    Final(String),
}

impl From<DbError> for Fault {
    fn from(error: DbError) -> Self {
        tracing::warn!(%error, "a step could not be stored");
        Self::Passing("the database does not answer".to_owned())
    }
}

/// The workers of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    db: Db,
    objects: Objects,
    clock: Clock,
    ids: Ids,
    parser: ParserChild,
    embedder: Option<Embedder>,
    workers: usize,
    wake: Arc<Notify>,
}

impl Queue {
    pub(crate) fn new(
        deps: &Deps,
        parser: ParserChild,
        embedder: Option<Embedder>,
        workers: usize,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            db: deps.db.clone(),
            objects: deps.objects.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            parser,
            embedder,
            workers,
            wake,
        }
    }

    pub(crate) fn task(self) -> Task {
        Task::new("read files", move |system, stop| {
            let queue = self.clone();
            async move { queue.run(&system, &stop).await }
        })
    }

    async fn run(&self, system: &SystemScope, stop: &CancellationToken) {
        if let Some(embedder) = &self.embedder
            && let Err(error) = self.renew_vectors(system, embedder.name()).await
        {
            tracing::warn!(%error, "files with vectors of another model could not be looked for");
        }
        futures::future::join_all((0..self.workers).map(|_| self.work(system, stop))).await;
    }

    async fn renew_vectors(&self, system: &SystemScope, model: &str) -> Result<(), DbError> {
        let mut session = self.db.begin(&Scope::from(system.clone())).await?;
        store::queue::reembed(&mut session, model, self.clock.now()).await?;
        session.commit().await
    }

    async fn work(&self, system: &SystemScope, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.claim(system).await {
                Ok(Some(job)) => {
                    // There may be more than one worker can do.
                    self.wake.notify_one();
                    self.attend(&job, system.on_behalf_of(job.org, job.uploaded_by), stop).await;
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "work could not be claimed"),
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn claim(&self, system: &SystemScope) -> Result<Option<Job>, DbError> {
        let now = self.clock.now();
        let mut session = self.db.begin(&Scope::from(system.clone())).await?;
        let job = store::queue::claim(&mut session, self.ids.next(), now, now + LEASE).await?;
        session.commit().await?;
        Ok(job)
    }

    /// Does the work for as long as the claim holds, and writes down how it ended.
    async fn attend(&self, job: &Job, scope: Scope, stop: &CancellationToken) {
        let outcome = tokio::select! {
            outcome = self.advance(job, &scope) => outcome,
            () = self.keep(job, &scope) => return,
            () = stop.cancelled() => {
                self.record(job, &scope, None).await;
                return;
            }
        };
        if let Err(fault) = outcome {
            self.record(job, &scope, Some(fault)).await;
        }
    }

    /// Renews the lease; returns when the claim is lost.
    async fn keep(&self, job: &Job, scope: &Scope) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let renewed: Result<bool, DbError> = async {
                let mut session = self.db.begin(scope).await?;
                let held = store::queue::renew(&mut session, job, self.clock.now() + LEASE).await?;
                session.commit().await?;
                Ok(held)
            }
            .await;
            match renewed {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a lease could not be renewed"),
            }
        }
    }

    /// One stage.
    async fn advance(&self, job: &Job, scope: &Scope) -> Result<(), Fault> {
        if job.stage == Stage::Received { self.parse(job, scope).await } else { self.embed(job, scope).await }
    }

    async fn parse(&self, job: &Job, scope: &Scope) -> Result<(), Fault> {
        let bytes = self.objects.get(scope, job.id).await.map_err(|error| match error {
            ObjectError::Missing => Fault::Final("the stored file is gone".to_owned()),
            error => {
                tracing::warn!(%error, "an object could not be read");
                Fault::Passing("the object store does not answer".to_owned())
            }
        })?;
        let parsed = parse::parse(&self.parser, job, bytes).await?;
        let stage = if self.embedder.is_some() { "parsed" } else { "indexed" };
        let mut session = self.db.begin(scope).await?;
        if parse::store(&mut session, job, &parsed, stage, self.clock.now()).await? {
            session.commit().await?;
        }
        Ok(())
    }

    async fn embed(&self, job: &Job, scope: &Scope) -> Result<(), Fault> {
        if let Some(embedder) = &self.embedder {
            loop {
                let mut session = self.db.read(scope).await?;
                let missing = store::vectors::missing(&mut session, job, embedder.name(), EMBED_BATCH).await?;
                drop(session);
                if missing.is_empty() {
                    break;
                }
                self.embed_batch(job, scope, embedder, &missing).await?;
            }
        }
        let mut session = self.db.begin(scope).await?;
        store::queue::indexed(&mut session, job, self.embedder.as_ref().map(Embedder::name)).await?;
        Ok(session.commit().await?)
    }

    async fn embed_batch(
        &self,
        job: &Job,
        scope: &Scope,
        embedder: &Embedder,
        missing: &[Missing],
    ) -> Result<(), Fault> {
        let texts: Vec<String> = missing.iter().map(embedded_text).collect();
        let vectors = embedder.embed(Purpose::Passage, &texts).await;
        let vectors = vectors.map_err(|error| Fault::Passing(format!("no vectors yet: {error}")))?;
        let mut session = self.db.begin(scope).await?;
        // A claim that was lost meanwhile means that the file may be gone.
        if !store::queue::renew(&mut session, job, self.clock.now() + LEASE).await? {
            return Err(Fault::Passing("another worker has taken over".to_owned()));
        }
        for (chunk, vector) in missing.iter().zip(&vectors) {
            store::vectors::put(&mut session, job, chunk.seq, embedder.name(), vector).await?;
        }
        store::vectors::bump(&mut session, job.org, job.project).await?;
        Ok(session.commit().await?)
    }

    /// Writes down why the work was not done; `None` when this process stops in between.
    async fn record(&self, job: &Job, scope: &Scope, fault: Option<Fault>) {
        let now = self.clock.now();
        let recorded: Result<(), DbError> = async {
            let mut session = self.db.begin(scope).await?;
            match &fault {
                None => store::queue::put_back(&mut session, job, None, job.crashes, now).await?,
                Some(Fault::Passing(reason)) => {
                    let next_at = now + pause(job.attempts);
                    store::queue::put_back(&mut session, job, Some(reason), job.crashes, next_at).await?;
                }
                Some(Fault::Crash(reason)) if job.crashes + 1 < MAX_CRASHES => {
                    let next_at = now + pause(job.attempts);
                    store::queue::put_back(&mut session, job, Some(reason), job.crashes + 1, next_at).await?;
                }
                Some(Fault::Crash(reason) | Fault::Final(reason)) => {
                    store::queue::fail(&mut session, job, reason).await?;
                }
            }
            session.commit().await
        }
        .await;
        if let Err(error) = recorded {
            tracing::warn!(%error, "the end of a lease will have to do");
        }
    }
}

/// Twice as long each time, with jitter, so that files that failed together are not tried together.
fn pause(attempts: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts.clamp(1, 10)).unwrap_or(1);
    let longest = TimeDelta::seconds(1_i64 << doublings).min(LONGEST_PAUSE).num_milliseconds();
    TimeDelta::milliseconds(rand::rng().random_range(longest / 2..=longest))
}

/// The headings say what a passage is about when it does not say so itself.
fn embedded_text(chunk: &Missing) -> String {
    let mut lines: Vec<String> = serde_json::from_str(&chunk.heading).unwrap_or_default();
    lines.push(chunk.text.clone());
    lines.join("\n")
}
