//! Ranks the passages found for a question, whoever found them.

use crate::bm25::Bm25;
use crate::extractive::{self, Task};
use crate::{fusion, terms};

/// What a passage is ranked by.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    pub text: &'a str,
    /// Headings above it.
    pub heading: Option<&'a str>,
    /// What its source is called: often the only place that says what a table is about.
    pub title: &'a str,
    /// Whoever found it found it near to the question by meaning.
    pub near: bool,
}

/// Positions of the documents with their scores, best first: the fusion of two orders, their words against the question's, and the
/// order they are given in (which knows of vectors and of what engines think of a page). Documents that have none of the question's
/// words and are not near to it are left out as long as there are others.
#[must_use]
pub fn rank(question: &str, documents: &[Document<'_>]) -> Vec<(usize, f32)> {
    let texts: Vec<Vec<String>> = documents.iter().map(words).collect();
    let scores = Bm25::new(&texts).scores(&extractive::search_terms(question));
    let mut by_words: Vec<usize> = (0..documents.len()).filter(|index| scores[*index] > 0.0).collect();
    by_words.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let counts = |index: &usize| by_words.is_empty() || scores[*index] > 0.0 || documents[*index].near;
    let as_found: Vec<usize> = (0..documents.len()).filter(counts).collect();
    // The words decide twice: an engine's order says little about a passage in the middle of a page.
    fusion::rrf(&[by_words.clone(), by_words, as_found], fusion::K)
}

/// How many passages one source may give: an answer draws on several, a summary is of one.
#[must_use]
pub fn per_source(question: &str, limit: usize) -> usize {
    if extractive::task(question) == Task::Summarize { limit } else { PER_SOURCE }
}

const PER_SOURCE: usize = 3;

fn words(document: &Document<'_>) -> Vec<String> {
    let mut words = terms::index_terms(document.text);
    words.extend(document.heading.map(terms::index_terms).unwrap_or_default());
    words.extend(terms::index_terms(document.title));
    words
}
