//! Compares passages with a question by embedding vectors, if an embedding model is configured.
//!
//! Passages are embedded as their pages are opened, within a timeout of their own; a page that misses it is ranked by
//! BM25 alone. Vectors are cached, so that a frequently opened page is embedded once.

use std::{sync::Arc, time::Duration};

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, Shared},
    stream::FuturesUnordered,
};
use llm::{Embedder, LlmError, Purpose};
use moka::sync::Cache;
use text::terms::query_terms;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::pages::{OpenError, OpenedPage, Page, term_hash};

/// Most passages compared per search.
const MAX_COMPARED_PASSAGES: usize = 100;
/// Passages compared per page, however many pages there are.
const MIN_COMPARED_PER_PAGE: usize = 5;
/// Texts per embedding call. Completed batches are cached even if the rest misses the timeout.
const EMBED_BATCH_SIZE: usize = 10;
/// Memory for cached vectors.
const VECTOR_CACHE_BYTES: u64 = 32 << 20;
/// A page is returned this long before the deadline of the search, with or without vectors.
const DEADLINE_MARGIN: Duration = Duration::from_millis(100);

type Vector = Arc<[f32]>;
/// Why there is no vector; safe to show.
type FailureReason = String;
/// Indices of passages in their page, with the cosine similarity of each to the question.
pub(crate) type Similarities = Result<Vec<(usize, f32)>, FailureReason>;
type ComparedPage = (Result<OpenedPage, OpenError>, Similarities);

/// Embeds passages and caches their vectors. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct PassageVectors {
    embedder: Embedder,
    timeout: Duration,
    /// By page copy and index of the passage in it; a copy never changes.
    cache: Cache<(Uuid, usize), Vector>,
}

/// A question that passages are compared with. It is embedded once, at the first use.
#[derive(Clone)]
pub(crate) struct ComparedQuestion {
    vectors: PassageVectors,
    terms: Arc<[u32]>,
    vector: Shared<BoxFuture<'static, Result<Vector, FailureReason>>>,
    /// Passages compared per page.
    per_page: usize,
    /// Deadline of the search.
    deadline: Instant,
}

impl PassageVectors {
    /// `timeout` bounds the embedding of one page.
    pub(crate) fn new(embedder: Embedder, timeout: Duration) -> Self {
        let weigh = |_: &(Uuid, usize), vector: &Vector| u32::try_from(vector.len() * 4 + 100).unwrap_or(u32::MAX);
        Self { embedder, timeout, cache: Cache::builder().max_capacity(VECTOR_CACHE_BYTES).weigher(weigh).build() }
    }

    /// `None` for an empty question, and for one that the model cannot read.
    pub(crate) fn question(&self, text: &str, pages: usize, deadline: Instant) -> Option<ComparedQuestion> {
        if text.trim().is_empty() || !self.embedder.reads(text) {
            return None;
        }
        let (embedder, texts) = (self.embedder.clone(), vec![text.to_owned()]);
        let vector = async move {
            let embedded = embedder.embed(Purpose::Question, &texts).await.map_err(|error| reason(&error))?;
            embedded.into_iter().next().map(Vector::from).ok_or_else(|| "embeddings: no vector".to_owned())
        };
        Some(ComparedQuestion {
            vectors: self.clone(),
            terms: query_terms(text).iter().map(|term| term_hash(term)).collect(),
            vector: vector.boxed().shared(),
            per_page: (MAX_COMPARED_PASSAGES / pages.max(1)).max(MIN_COMPARED_PER_PAGE),
            deadline,
        })
    }

    /// The vectors of these passages, in any order.
    async fn get_or_embed(&self, page: &Page, passages: &[usize]) -> Result<Vec<(usize, Vector)>, FailureReason> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for passage in passages {
            match self.cache.get(&(page.snapshot_id, *passage)) {
                Some(vector) => found.push((*passage, vector)),
                None => missing.push(*passage),
            }
        }
        let mut batches: FuturesUnordered<_> =
            missing.chunks(EMBED_BATCH_SIZE).map(|batch| self.embed(page, batch)).collect();
        while let Some(embedded) = batches.next().await {
            found.extend(embedded?);
        }
        Ok(found)
    }

    async fn embed(&self, page: &Page, passages: &[usize]) -> Result<Vec<(usize, Vector)>, FailureReason> {
        let texts: Vec<String> = passages.iter().map(|passage| embedded_text(page, *passage)).collect();
        let vectors = self.embedder.embed(Purpose::Passage, &texts).await.map_err(|error| reason(&error))?;
        let embedded: Vec<_> = passages.iter().copied().zip(vectors.into_iter().map(Vector::from)).collect();
        for (passage, vector) in &embedded {
            self.cache.insert((page.snapshot_id, *passage), vector.clone());
        }
        Ok(embedded)
    }
}

impl ComparedQuestion {
    /// Awaits `opening` and compares the page's most promising passages with the question; an error says why there are
    /// no similarities in time. The question is embedded while the page is opened.
    pub(crate) async fn open_and_compare(
        &self,
        opening: impl Future<Output = Result<OpenedPage, OpenError>>,
    ) -> ComparedPage {
        let mut opening = std::pin::pin!(opening);
        let outcome = tokio::select! {
            biased;
            outcome = &mut opening => outcome,
            _ = self.vector.clone() => opening.await,
        };
        let similarities = match &outcome {
            Ok(opened) => self.compare(&opened.page).await,
            Err(_) => Ok(Vec::new()),
        };
        (outcome, similarities)
    }

    async fn compare(&self, page: &Page) -> Similarities {
        let until = (Instant::now() + self.vectors.timeout)
            .min(self.deadline.checked_sub(DEADLINE_MARGIN).unwrap_or(self.deadline));
        let passages = self.most_promising(page);
        let both = futures::future::try_join(self.vector.clone(), self.vectors.get_or_embed(page, &passages));
        let Ok(embedded) = timeout_at(until, both).await else {
            return Err("embeddings: the model took too long".to_owned());
        };
        let (question, passages) = embedded?;
        Ok(passages.into_iter().map(|(passage, vector)| (passage, cosine(&question, &vector))).collect())
    }

    /// The passages with most terms of the question; the earlier of equals.
    fn most_promising(&self, page: &Page) -> Vec<usize> {
        let matches = |passage: &usize| {
            let terms = &page.passages[*passage].terms;
            self.terms.iter().filter(|term| terms.count(**term) > 0).count()
        };
        let mut passages: Vec<usize> = (0..page.passages.len()).collect();
        passages.sort_by_cached_key(|passage| std::cmp::Reverse(matches(passage)));
        passages.truncate(self.per_page);
        passages
    }
}

/// Both vectors are normalized. 0 if their dimensions differ, because the server changed its model under the same name.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The text to embed: a passage under its heading, which may name its topic.
fn embedded_text(page: &Page, passage: usize) -> String {
    let passage = &page.passages[passage];
    let text = page.text_of(passage);
    passage.heading.as_ref().map_or_else(|| text.to_owned(), |heading| format!("{heading}\n{text}"))
}

fn reason(error: &LlmError) -> FailureReason {
    format!("embeddings: {error}")
}
