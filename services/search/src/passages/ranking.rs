//! Ranks the passages of the opened pages against the question, as each page comes.
//!
//! BM25 as in [`text::bm25`], over the counts kept with each page: opened pages are not read again, so a question over
//! five of them costs microseconds. Where vectors were compared, their order and that of the words are fused by rank.

use std::{collections::BTreeMap, hash::Hash, sync::Arc};

use text::{bm25, fusion, near_duplicates::Sketch, terms::query_terms};

use crate::pages::{Page, hash};

/// Passages of one page before others have their turn.
const PER_PAGE: usize = 2;
/// When no passage holds a word of the question (it may be in another language), the beginning stands for the page.
const BEGINNING: usize = 2;
/// So many of a page are near to the question, whatever words they have.
const NEAR: usize = 2;

/// A passage worth sending.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chosen {
    /// Place among the page's passages.
    pub(crate) passage: usize,
    pub(crate) score: f32,
    /// Among the nearest of the page by meaning.
    pub(crate) near: bool,
}

/// A sent passage among those of all pages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ranked {
    /// Which page, in the order of opening.
    pub(crate) page: usize,
    /// Which of the passages sent with it.
    pub(crate) place: usize,
    pub(crate) score: f32,
}

#[derive(Debug)]
pub(super) struct Ranking {
    question: Vec<u32>,
    limit: usize,
    pages: Vec<Entry>,
    /// For each term of the question, how many passages hold it.
    holding: Vec<usize>,
    passages: usize,
    length: usize,
}

#[derive(Debug)]
struct Entry {
    page: Arc<Page>,
    /// For each passage, how often it holds each term of the question.
    counts: Vec<Vec<u8>>,
    /// How near passages are to the question by meaning; empty where that is not known.
    nearness: BTreeMap<usize, f32>,
    sent: Vec<usize>,
}

impl Ranking {
    pub(super) fn new(question: &str, limit: usize) -> Self {
        let question: Vec<u32> = query_terms(question).iter().map(|term| hash(term)).collect();
        Self { holding: vec![0; question.len()], question, limit, pages: Vec::new(), passages: 0, length: 0 }
    }

    pub(super) fn holds(&self, page: &Page) -> bool {
        self.pages.iter().any(|entry| entry.page.snapshot_id == page.snapshot_id)
    }

    /// The best passages of one more page, best first, without those that repeat what was sent before.
    pub(super) fn add(&mut self, page: Arc<Page>, nearness: Vec<(usize, f32)>) -> Vec<Chosen> {
        let count =
            |passage: &crate::pages::Passage| self.question.iter().map(|term| passage.terms.count(*term)).collect();
        let counts: Vec<Vec<u8>> = page.passages.iter().map(count).collect();
        for counts in &counts {
            for (holding, count) in self.holding.iter_mut().zip(counts) {
                *holding += usize::from(*count > 0);
            }
        }
        self.passages += page.passages.len();
        self.length += page.passages.iter().map(|passage| passage.terms.length).sum::<usize>();
        self.pages.push(Entry { page, counts, nearness: nearness.into_iter().collect(), sent: Vec::new() });
        let chosen = self.choose(self.pages.len() - 1);
        let entry = self.pages.last_mut().expect("pushed above");
        entry.sent = chosen.iter().map(|chosen| chosen.passage).collect();
        chosen
    }

    fn choose(&self, number: usize) -> Vec<Chosen> {
        let entry = &self.pages[number];
        let scored = (0..entry.counts.len()).map(|passage| (passage, self.score(entry, passage)));
        let mut ranked = fused(scored.collect(), entry.nearness.iter().map(|(at, near)| (*at, *near)).collect());
        if ranked.is_empty() {
            ranked = (0..entry.counts.len().min(BEGINNING)).map(|passage| (passage, 0.0)).collect();
        }
        let near = entry.nearest();
        let mut seen: Vec<&Sketch> = self.pages.iter().flat_map(Entry::sketches).collect();
        let mut chosen = Vec::new();
        for (passage, score) in ranked {
            if chosen.len() == self.limit {
                break;
            }
            let sketch = &entry.page.passages[passage].sketch;
            if !seen.iter().any(|earlier| sketch.is_near_duplicate(earlier)) {
                seen.push(sketch);
                chosen.push(Chosen { passage, score, near: near.contains(&passage) });
            }
        }
        chosen
    }

    /// All sent passages, scored anew now that every page is known: best first, at most two of a page before the
    /// other pages' have had their turn.
    pub(super) fn finish(&self) -> Vec<Ranked> {
        let (mut scored, mut near) = (Vec::new(), Vec::new());
        for (page, entry) in self.pages.iter().enumerate() {
            for (place, passage) in entry.sent.iter().enumerate() {
                scored.push(((page, place), self.score(entry, *passage)));
                near.extend(entry.nearness.get(passage).map(|near| ((page, place), *near)));
            }
        }
        let sent: Vec<(usize, usize)> = scored.iter().map(|(at, _)| *at).collect();
        let mut all = fused(scored, near);
        // The beginnings that stand for their pages.
        let others: Vec<_> = sent.into_iter().filter(|at| all.iter().all(|(known, _)| known != at)).collect();
        all.extend(others.into_iter().map(|at| (at, 0.0)));
        let mut given = vec![0; self.pages.len()];
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for ((page, place), score) in all {
            given[page] += 1;
            let ranked = Ranked { page, place, score };
            if given[page] <= PER_PAGE { first.push(ranked) } else { later.push(ranked) }
        }
        first.extend(later);
        first
    }

    fn score(&self, entry: &Entry, passage: usize) -> f32 {
        let mean = (self.length as f32 / self.passages.max(1) as f32).max(1.0);
        let length = entry.page.passages[passage].terms.length as f32;
        let terms = entry.counts[passage].iter().zip(&self.holding).filter(|(count, _)| **count > 0);
        terms
            .map(|(count, holding)| {
                let idf = bm25::idf(*holding, self.passages);
                bm25::term_score(idf, f32::from(*count), length, mean)
            })
            .sum()
    }
}

/// Best first: by the scores of the words where nothing else is known, else by both orders together. What neither has
/// anything to say for is left out.
fn fused<T: Copy + Eq + Hash>(scored: Vec<(T, f32)>, near: Vec<(T, f32)>) -> Vec<(T, f32)> {
    let mut by_words: Vec<(T, f32)> = scored.into_iter().filter(|(_, score)| *score > 0.0).collect();
    by_words.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    if near.is_empty() {
        return by_words;
    }
    let mut by_meaning = near;
    by_meaning.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let places = |list: Vec<(T, f32)>| list.into_iter().map(|(at, _)| at).collect();
    fusion::rrf(&[places(by_words), places(by_meaning)], fusion::K)
}

impl Entry {
    /// The passages that are nearest to the question by meaning.
    fn nearest(&self) -> Vec<usize> {
        let mut near: Vec<(usize, f32)> = self.nearness.iter().map(|(passage, near)| (*passage, *near)).collect();
        near.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        near.into_iter().take(NEAR).map(|(passage, _)| passage).collect()
    }

    fn sketches(&self) -> impl Iterator<Item = &Sketch> {
        self.sent.iter().map(|passage| &self.page.passages[*passage].sketch)
    }
}
