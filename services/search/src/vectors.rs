//! Passages compared with a question by meaning, when a model of embeddings is configured.
//!
//! Vectors are made as pages are opened, within a time limit of their own: who is late is ranked by words alone. They
//! are kept for a while, so that a page that is opened often is embedded once.

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

use crate::pages::{OpenError, Opened, Page, hash};

/// Passages of all pages of one search that are compared.
const COMPARED: usize = 100;
/// However many pages there are, so many of each.
const FEWEST: usize = 5;
/// Texts in one call: what is done in time is kept, though the rest is late.
const GROUP: usize = 10;
/// Memory for vectors.
const KEPT_BYTES: u64 = 32 << 20;
/// What remains of the time of a search when a page has to be handed on, with vectors or without.
const RESERVE: Duration = Duration::from_millis(100);

type Vector = Arc<[f32]>;
/// Why there is no vector, safe to show.
type Reason = String;
/// Places of passages in their page, with the cosines of their vectors and the question's.
pub(crate) type Nearness = Result<Vec<(usize, f32)>, Reason>;
type Compared = (Result<Opened, OpenError>, Nearness);

/// Compares texts. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Vectors {
    embedder: Embedder,
    within: Duration,
    /// By copy of a page and place of the passage in it; a copy never changes.
    kept: Cache<(Uuid, usize), Vector>,
}

/// A question that passages are compared with. Its vector is made once, whoever asks for it first.
#[derive(Clone)]
pub(crate) struct Question {
    vectors: Vectors,
    terms: Arc<[u32]>,
    vector: Shared<BoxFuture<'static, Result<Vector, Reason>>>,
    /// Passages of one page that are compared.
    each: usize,
    /// The end of the search.
    deadline: Instant,
}

impl Vectors {
    /// No page waits longer than `within` for its vectors.
    pub(crate) fn new(embedder: Embedder, within: Duration) -> Self {
        let weigh = |_: &(Uuid, usize), vector: &Vector| u32::try_from(vector.len() * 4 + 100).unwrap_or(u32::MAX);
        Self { embedder, within, kept: Cache::builder().max_capacity(KEPT_BYTES).weigher(weigh).build() }
    }

    /// `None` for a question without a word.
    pub(crate) fn question(&self, text: &str, pages: usize, deadline: Instant) -> Option<Question> {
        if text.trim().is_empty() {
            return None;
        }
        let (embedder, texts) = (self.embedder.clone(), vec![text.to_owned()]);
        let vector = async move {
            let made = embedder.embed(Purpose::Question, &texts).await.map_err(|error| reason(&error))?;
            made.into_iter().next().map(Vector::from).ok_or_else(|| "embeddings: no vector".to_owned())
        };
        Some(Question {
            vectors: self.clone(),
            terms: query_terms(text).iter().map(|term| hash(term)).collect(),
            vector: vector.boxed().shared(),
            each: (COMPARED / pages.max(1)).max(FEWEST),
            deadline,
        })
    }

    /// The vectors of these passages, in any order.
    async fn of(&self, page: &Page, passages: &[usize]) -> Result<Vec<(usize, Vector)>, Reason> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for passage in passages {
            match self.kept.get(&(page.snapshot_id, *passage)) {
                Some(vector) => found.push((*passage, vector)),
                None => missing.push(*passage),
            }
        }
        let mut making: FuturesUnordered<_> = missing.chunks(GROUP).map(|group| self.make(page, group)).collect();
        while let Some(made) = making.next().await {
            found.extend(made?);
        }
        Ok(found)
    }

    async fn make(&self, page: &Page, passages: &[usize]) -> Result<Vec<(usize, Vector)>, Reason> {
        let texts: Vec<String> = passages.iter().map(|passage| embedded_text(page, *passage)).collect();
        let vectors = self.embedder.embed(Purpose::Passage, &texts).await.map_err(|error| reason(&error))?;
        let made: Vec<_> = passages.iter().copied().zip(vectors.into_iter().map(Vector::from)).collect();
        for (passage, vector) in &made {
            self.kept.insert((page.snapshot_id, *passage), vector.clone());
        }
        Ok(made)
    }
}

impl Question {
    /// The page that `opening` gives, and how near its passages are to the question: the cosines of those that are
    /// worth comparing, or why there are none in time. The question's vector is made while the page is opened.
    pub(crate) async fn compared(&self, opening: impl Future<Output = Result<Opened, OpenError>>) -> Compared {
        let mut opening = std::pin::pin!(opening);
        let outcome = tokio::select! {
            biased;
            outcome = &mut opening => outcome,
            _ = self.vector.clone() => opening.await,
        };
        let nearness = match &outcome {
            Ok(opened) => self.compare(&opened.page).await,
            Err(_) => Ok(Vec::new()),
        };
        (outcome, nearness)
    }

    async fn compare(&self, page: &Page) -> Nearness {
        let until =
            (Instant::now() + self.vectors.within).min(self.deadline.checked_sub(RESERVE).unwrap_or(self.deadline));
        let passages = self.worth_comparing(page);
        let both = futures::future::try_join(self.vector.clone(), self.vectors.of(page, &passages));
        let Ok(made) = timeout_at(until, both).await else {
            return Err("embeddings: the model took too long".to_owned());
        };
        let (question, passages) = made?;
        Ok(passages.into_iter().map(|(passage, vector)| (passage, cosine(&question, &vector))).collect())
    }

    /// The passages that hold most of the question's words; the earlier of equals.
    fn worth_comparing(&self, page: &Page) -> Vec<usize> {
        let held = |passage: &usize| {
            let terms = &page.passages[*passage].terms;
            self.terms.iter().filter(|term| terms.count(**term) > 0).count()
        };
        let mut passages: Vec<usize> = (0..page.passages.len()).collect();
        passages.sort_by_cached_key(|passage| std::cmp::Reverse(held(passage)));
        passages.truncate(self.each);
        passages
    }
}

/// Both have length 1. Vectors of a server that changed its model under the same name have nothing in common.
fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The heading says what a passage is about when it does not say so itself.
fn embedded_text(page: &Page, passage: usize) -> String {
    let passage = &page.passages[passage];
    let text = page.text_of(passage);
    passage.heading.as_ref().map_or_else(|| text.to_owned(), |heading| format!("{heading}\n{text}"))
}

fn reason(error: &LlmError) -> Reason {
    format!("embeddings: {error}")
}
