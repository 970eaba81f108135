//! Ranks the passages retrieved for a question, from the web or from files.

use crate::bm25::Bm25;
use crate::extractive::{self, QueryIntent};
use crate::{fusion, terms};

/// A passage to rank.
#[derive(Clone, Copy, Debug)]
pub struct RankingDocument<'a> {
    pub text: &'a str,
    /// Headings above it.
    pub heading: Option<&'a str>,
    /// Title of its source: often the only text that says what a table is about.
    pub title: &'a str,
    /// It was retrieved by vector similarity to the question.
    pub semantic_match: bool,
}

/// Indices of the documents with their scores, best first. Fuses two rankings: BM25, and the order of `documents`,
/// which reflects vectors and search engines. If any document has a word of the question, those that have none and are
/// no semantic match are left out.
#[must_use]
pub fn rank(question: &str, documents: &[RankingDocument<'_>]) -> Vec<(usize, f32)> {
    let texts: Vec<Vec<String>> = documents.iter().map(words).collect();
    let bm25 = Bm25::new(&texts);
    let related = bm25.scores(&extractive::related_terms(question));
    let scores: Vec<f32> = bm25
        .scores(&extractive::search_terms(question))
        .into_iter()
        .zip(related)
        .map(|(asked, related)| asked + RELATED_WEIGHT * related)
        .collect();
    let mut by_words: Vec<usize> = (0..documents.len()).filter(|index| scores[*index] > 0.0).collect();
    by_words.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let is_relevant = |index: &usize| by_words.is_empty() || scores[*index] > 0.0 || documents[*index].semantic_match;
    let as_retrieved: Vec<usize> = (0..documents.len()).filter(is_relevant).collect();
    // BM25 counts twice: the engines' order says little about a passage in the middle of a page.
    fusion::rrf(&[by_words.clone(), by_words, as_retrieved], fusion::K)
}

/// Passages one source may give: an answer draws on several sources, a summary on one.
#[must_use]
pub fn per_source(question: &str, limit: usize) -> usize {
    if extractive::query_intent(question) == QueryIntent::Summarize { limit } else { MAX_PER_SOURCE }
}

/// Weight of words that may stand for those of the question.
const RELATED_WEIGHT: f32 = 0.3;
const MAX_PER_SOURCE: usize = 3;

fn words(document: &RankingDocument<'_>) -> Vec<String> {
    let mut words = terms::index_terms(document.text);
    words.extend(document.heading.map(terms::index_terms).unwrap_or_default());
    words.extend(terms::index_terms(document.title));
    words
}
