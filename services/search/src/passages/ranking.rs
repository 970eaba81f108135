//! Ranks the passages of the opened pages against the question, as each page arrives.
//!
//! BM25 over the term counts stored with each cached page, so that ranking five pages takes microseconds. If there are
//! vector similarities, both rankings are fused.

use std::{collections::BTreeMap, hash::Hash, sync::Arc};

use text::{bm25, fusion, near_duplicates::Sketch, terms::query_terms};

use crate::pages::{Page, term_hash};

/// Passages of a page in the first part of the ranking; its other passages follow after those of all pages.
const MAX_PER_PAGE: usize = 2;
/// Passages from the beginning of a page that are selected if none matches, for example because the page is in another
/// language.
const FALLBACK_PASSAGES: usize = 2;
/// Passages of a page that count as semantic matches, whatever their words.
const MAX_SEMANTIC_MATCHES: usize = 2;

/// A passage selected for the caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SelectedPassage {
    /// Index among the page's passages.
    pub(crate) passage: usize,
    pub(crate) score: f32,
    /// Among the page's most similar passages by vectors.
    pub(crate) semantic_match: bool,
}

/// A selected passage in the ranking of all pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RankedPassage {
    /// Index of the page, in the order of opening.
    pub(crate) page: usize,
    /// Index among the passages selected from it.
    pub(crate) place: usize,
    pub(crate) score: f32,
}

#[derive(Debug)]
pub(super) struct PassageRanking {
    question: Vec<u32>,
    limit: usize,
    pages: Vec<RankedPage>,
    /// For each term of the question, the number of passages with it.
    document_frequencies: Vec<usize>,
    passage_count: usize,
    /// Terms of all passages.
    total_length: usize,
}

#[derive(Debug)]
struct RankedPage {
    page: Arc<Page>,
    /// For each passage, the occurrences of each term of the question.
    counts: Vec<Vec<u8>>,
    /// Vector similarity of passages to the question, where known.
    similarities: BTreeMap<usize, f32>,
    /// Indices of the passages selected from it.
    selected: Vec<usize>,
}

impl PassageRanking {
    pub(super) fn new(question: &str, limit: usize) -> Self {
        let question: Vec<u32> = query_terms(question).iter().map(|term| term_hash(term)).collect();
        let document_frequencies = vec![0; question.len()];
        Self { question, limit, pages: Vec::new(), document_frequencies, passage_count: 0, total_length: 0 }
    }

    pub(super) fn contains(&self, page: &Page) -> bool {
        self.pages.iter().any(|entry| entry.page.snapshot_id == page.snapshot_id)
    }

    /// Adds a page and selects its passages, best first, without near-duplicates among them.
    pub(super) fn add(&mut self, page: Arc<Page>, similarities: Vec<(usize, f32)>) -> Vec<SelectedPassage> {
        let count =
            |passage: &crate::pages::Passage| self.question.iter().map(|term| passage.terms.count(*term)).collect();
        let counts: Vec<Vec<u8>> = page.passages.iter().map(count).collect();
        for counts in &counts {
            for (frequency, count) in self.document_frequencies.iter_mut().zip(counts) {
                *frequency += usize::from(*count > 0);
            }
        }
        self.passage_count += page.passages.len();
        self.total_length += page.passages.iter().map(|passage| passage.terms.length).sum::<usize>();
        self.pages.push(RankedPage {
            page,
            counts,
            similarities: similarities.into_iter().collect(),
            selected: Vec::new(),
        });
        let selected = self.select(self.pages.len() - 1);
        let entry = self.pages.last_mut().expect("pushed above");
        entry.selected = selected.iter().map(|selected| selected.passage).collect();
        selected
    }

    fn select(&self, number: usize) -> Vec<SelectedPassage> {
        let entry = &self.pages[number];
        let scored = (0..entry.counts.len()).map(|passage| (passage, self.score(entry, passage)));
        let mut ranked = fuse_rankings(
            scored.collect(),
            entry.similarities.iter().map(|(at, similarity)| (*at, *similarity)).collect(),
        );
        if ranked.is_empty() {
            ranked = (0..entry.counts.len().min(FALLBACK_PASSAGES)).map(|passage| (passage, 0.0)).collect();
        }
        let semantic_matches = entry.semantic_matches();
        // Pages that repeat each other are told apart once all are ranked: the first that was opened need not be the right one.
        let mut seen: Vec<&Sketch> = Vec::new();
        let mut selected = Vec::new();
        for (passage, score) in ranked {
            if selected.len() == self.limit {
                break;
            }
            let sketch = &entry.page.passages[passage].sketch;
            if !seen.iter().any(|earlier| sketch.is_near_duplicate(earlier)) {
                seen.push(sketch);
                selected.push(SelectedPassage { passage, score, semantic_match: semantic_matches.contains(&passage) });
            }
        }
        selected
    }

    /// All selected passages, scored again now that all pages are known, best first; at most [`MAX_PER_PAGE`] of a page
    /// come before the passages of other pages.
    pub(super) fn finish(&self) -> Vec<RankedPassage> {
        let (mut scored, mut similar) = (Vec::new(), Vec::new());
        for (page, entry) in self.pages.iter().enumerate() {
            for (place, passage) in entry.selected.iter().enumerate() {
                scored.push(((page, place), self.score(entry, *passage)));
                similar.extend(entry.similarities.get(passage).map(|similarity| ((page, place), *similarity)));
            }
        }
        let selected: Vec<(usize, usize)> = scored.iter().map(|(at, _)| *at).collect();
        let mut all = fuse_rankings(scored, similar);
        // The fallback passages of pages without a match.
        let others: Vec<_> = selected.into_iter().filter(|at| all.iter().all(|(known, _)| known != at)).collect();
        all.extend(others.into_iter().map(|at| (at, 0.0)));
        let mut per_page = vec![0; self.pages.len()];
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for ((page, place), score) in all {
            per_page[page] += 1;
            let ranked = RankedPassage { page, place, score };
            if per_page[page] <= MAX_PER_PAGE { first.push(ranked) } else { later.push(ranked) }
        }
        first.extend(later);
        first
    }

    fn score(&self, entry: &RankedPage, passage: usize) -> f32 {
        let mean = (self.total_length as f32 / self.passage_count.max(1) as f32).max(1.0);
        let length = entry.page.passages[passage].terms.length as f32;
        let terms = entry.counts[passage].iter().zip(&self.document_frequencies).filter(|(count, _)| **count > 0);
        terms
            .map(|(count, frequency)| {
                let idf = bm25::idf(*frequency, self.passage_count);
                bm25::term_score(idf, f32::from(*count), length, mean)
            })
            .sum()
    }
}

/// Fuses the rankings by BM25 score and by vector similarity, or returns the first one if there are no similarities.
/// Best first, without passages that neither ranking contains.
fn fuse_rankings<T: Copy + Eq + Hash>(scored: Vec<(T, f32)>, similar: Vec<(T, f32)>) -> Vec<(T, f32)> {
    let mut by_words: Vec<(T, f32)> = scored.into_iter().filter(|(_, score)| *score > 0.0).collect();
    by_words.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    if similar.is_empty() {
        return by_words;
    }
    let mut by_similarity = similar;
    by_similarity.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let items = |list: Vec<(T, f32)>| list.into_iter().map(|(at, _)| at).collect();
    fusion::rrf(&[items(by_words), items(by_similarity)], fusion::K)
}

impl RankedPage {
    /// The passages most similar to the question by vectors.
    fn semantic_matches(&self) -> Vec<usize> {
        let mut similar: Vec<(usize, f32)> =
            self.similarities.iter().map(|(passage, similarity)| (*passage, *similarity)).collect();
        similar.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        similar.into_iter().take(MAX_SEMANTIC_MATCHES).map(|(passage, _)| passage).collect()
    }
}
