//! Finds passages: full text and, where there are vectors, nearest vectors, fused by rank.

mod words;

use std::{collections::HashSet, future::Future, sync::Arc, time::Duration};

use access::{Action, CachedDirectory, Caller};
use base::{Problem, Scope};
use db::{Db, DbError};
use futures::future::try_join_all;
use llm::{Embedder, Purpose};
use server::Deps;
use uuid::Uuid;

use self::words::WordSearch;
use crate::{
    store::{self, content::StoredChunk},
    vectors::VectorIndexCache,
};

/// So many are near to a query, whatever words they have.
const NEAR: usize = 5;
/// Candidates of each list.
const CANDIDATES: usize = 50;
/// The constant of the fusion, which is asked for the first few of two lists: with the usual 60 a passage in the middle of both
/// stands above one that is the first of either.
const FUSION: f32 = 20.0;
/// A person waits for this; files are found by their words meanwhile.
const EMBED_WITHIN: Duration = Duration::from_secs(5);

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) queries: Vec<String>,
    pub(crate) project: Option<Uuid>,
    pub(crate) files: Vec<Uuid>,
    pub(crate) limit: usize,
}

/// Where it is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) project: Option<Uuid>,
    /// Numbers of the chunks of the chosen files, from the first to the last of each; `None` when all files count.
    pub(crate) ranges: Option<Vec<(i64, i64)>>,
}

impl Selection {
    /// How many numbers the chosen files have; `None` when all files count.
    fn size(&self) -> Option<i64> {
        self.ranges.as_ref().map(|ranges| ranges.iter().map(|(first, last)| last - first + 1).sum())
    }
}

/// A passage that was found.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) chunk: StoredChunk,
    pub(crate) score: f32,
    /// Among the nearest to a query by meaning.
    pub(crate) near: bool,
}

/// Everything that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) pending_files: u32,
    pub(crate) degraded: Option<String>,
}

/// Asks the index. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Retriever {
    db: Db,
    directory: CachedDirectory,
    embedder: Option<Embedder>,
    vectors: VectorIndexCache,
    words: WordSearch,
}

impl Retriever {
    pub(crate) fn new(deps: &Deps, embedder: Option<Embedder>, vector_cache_bytes: u64) -> Self {
        let (db, directory) = (deps.db.clone(), deps.directory.clone());
        let words = WordSearch::new(db.clone());
        Self { db, directory, embedder, vectors: VectorIndexCache::new(vector_cache_bytes), words }
    }

    /// The best passages for all queries together, best first.
    pub(crate) async fn retrieve(&self, who: &Caller, ask: Ask) -> Result<Found, Problem> {
        if let Some(project) = ask.project {
            self.directory.check_project(who, Action::GetFileText, "project", project).await?;
        }
        let scope = who.scope();
        let selection = self.select(&scope, &ask).await?;
        let depth = CANDIDATES.max(ask.limit);
        let words = try_join_all(ask.queries.iter().map(|query| self.words.find(&scope, &selection, query, depth)));
        let (words, meaning) = futures::join!(words, self.by_meaning(&scope, &selection, &ask.queries, depth));
        let (meaning, degraded) = match meaning {
            Ok(lists) => (lists, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let near: HashSet<i64> = meaning.iter().flat_map(|list| list.iter().take(NEAR)).copied().collect();
        let mut lists = words?;
        lists.extend(meaning);
        let fused = text::fusion::rrf(&lists, FUSION);
        let mut session = self.db.read(&scope).await?;
        // Some of them may be of projects that the caller may not read.
        let candidates = if ask.project.is_some() { ask.limit } else { ask.limit * 4 };
        let mut hits = Vec::with_capacity(ask.limit);
        for (seq, score) in fused {
            if hits.len() == candidates {
                break;
            }
            // A file may be deleted between the two looks.
            if let Some(chunk) = store::content::chunk(&mut session, seq).await? {
                hits.push(Hit { chunk, score, near: near.contains(&seq) });
            }
        }
        let pending = store::files::unread(&mut session, ask.project, &ask.files).await?;
        drop(session);
        self.directory.retain_allowed(who, Action::GetFileText, &mut hits, |hit| hit.chunk.project).await?;
        hits.truncate(ask.limit);
        Ok(Found { hits, pending_files: u32::try_from(pending).unwrap_or(u32::MAX), degraded })
    }

    async fn select(&self, scope: &Scope, ask: &Ask) -> Result<Selection, DbError> {
        let mut ranges = None;
        if !ask.files.is_empty() {
            let mut session = self.db.read(scope).await?;
            let mut found = Vec::new();
            for id in &ask.files {
                let place = store::files::place(&mut session, *id).await?;
                if let Some(place) = place.filter(|place| ask.project.is_none_or(|project| project == place.project))
                    && let Some(first) = place.first_seq
                {
                    found.push((first, first + place.chunks - 1));
                }
            }
            ranges = Some(found);
        }
        Ok(Selection { project: ask.project, ranges })
    }

    /// Nothing without a model; the error says what is missing from the answer.
    async fn by_meaning(
        &self,
        scope: &Scope,
        selection: &Selection,
        queries: &[String],
        limit: usize,
    ) -> Result<Vec<Vec<i64>>, String> {
        let Some(embedder) = &self.embedder else { return Ok(Vec::new()) };
        // Whatever is near to a question that the model cannot read is near by chance.
        let queries: Vec<String> = queries.iter().filter(|query| embedder.reads(query)).cloned().collect();
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = within(EMBED_WITHIN, embedder.embed(Purpose::Question, &queries)).await?;
        let mut lists = Vec::with_capacity(vectors.len());
        for vector in vectors {
            let nearest = self.nearest(scope, selection, embedder.name(), vector, limit).await;
            lists.push(nearest.map_err(|error| {
                tracing::warn!(%error, "vectors could not be searched");
                "embeddings: the vectors could not be searched".to_owned()
            })?);
        }
        Ok(lists)
    }

    async fn nearest(
        &self,
        scope: &Scope,
        selection: &Selection,
        model: &str,
        vector: Vec<f32>,
        limit: usize,
    ) -> Result<Vec<i64>, Arc<DbError>> {
        if !self.db.is_sqlite() {
            let mut session = self.db.read(scope).await?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            return Ok(store::near::nearest(&mut session, selection, model, &vector, limit).await?);
        }
        self.vectors.nearest(&self.db, scope, selection, model, Arc::new(vector), limit).await
    }
}

/// What `embedding` gives, in time.
async fn within<T>(time: Duration, embedding: impl Future<Output = Result<T, llm::LlmError>>) -> Result<T, String> {
    match tokio::time::timeout(time, embedding).await {
        Ok(outcome) => outcome.map_err(|error| format!("embeddings: {error}")),
        Err(_) => Err("embeddings: the model took too long".to_owned()),
    }
}
