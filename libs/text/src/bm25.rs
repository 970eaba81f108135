//! BM25: ranks a small set of documents, such as the passages of one run, by the terms of a question.

use std::collections::HashMap;
use std::hash::Hash;

/// Saturation of repeated terms and weight of the document length, with the usual values.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Documents given as their terms ([`crate::terms::index_terms`]).
#[derive(Debug)]
pub struct Bm25<'a> {
    /// For each term: the documents that contain it and how often.
    postings: HashMap<&'a str, Vec<(usize, f32)>>,
    lengths: Vec<f32>,
    mean_length: f32,
}

impl<'a> Bm25<'a> {
    #[must_use]
    pub fn new(documents: &'a [Vec<String>]) -> Self {
        let mut postings: HashMap<&'a str, Vec<(usize, f32)>> = HashMap::new();
        for (document, terms) in documents.iter().enumerate() {
            for term in terms {
                let posting = postings.entry(term).or_default();
                match posting.last_mut() {
                    Some((last, count)) if *last == document => *count += 1.0,
                    _ => posting.push((document, 1.0)),
                }
            }
        }
        let lengths: Vec<f32> = documents.iter().map(|terms| terms.len() as f32).collect();
        let mean_length = lengths.iter().sum::<f32>() / lengths.len().max(1) as f32;
        Self { postings, lengths, mean_length: mean_length.max(1.0) }
    }

    /// Inverse document frequency of a term: always above zero, highest for a term in none of the documents.
    #[must_use]
    pub fn idf(&self, term: &str) -> f32 {
        idf(self.postings.get(term).map_or(0, Vec::len), self.lengths.len())
    }

    /// The score of each document, zero if it contains no term of the query.
    #[must_use]
    pub fn scores(&self, query: &[String]) -> Vec<f32> {
        let mut scores = vec![0.0; self.lengths.len()];
        for term in query {
            let idf = self.idf(term);
            for (document, count) in self.postings.get(term.as_str()).into_iter().flatten() {
                scores[*document] += term_score(idf, *count, self.lengths[*document], self.mean_length);
            }
        }
        scores
    }

    /// The share of the query's terms, weighted by their idf, that each document contains, 0 to 1.
    #[must_use]
    pub fn coverage(&self, query: &[String]) -> Vec<f32> {
        let mut covered = vec![0.0; self.lengths.len()];
        let mut total = 0.0;
        for term in query {
            let idf = self.idf(term);
            total += idf;
            for (document, _) in self.postings.get(term.as_str()).into_iter().flatten() {
                covered[*document] += idf;
            }
        }
        if total > 0.0 {
            covered.iter_mut().for_each(|share| *share /= total);
        }
        covered
    }
}

/// Inverse document frequency of a term that `containing` of `all` documents contain.
#[must_use]
pub fn idf(containing: usize, all: usize) -> f32 {
    let (containing, all) = (containing as f32, all as f32);
    (1.0 + (all - containing + 0.5) / (containing + 0.5)).ln()
}

/// What a term that occurs `count` times adds to the score of a document of `length` terms.
#[must_use]
pub fn term_score(idf: f32, count: f32, length: f32, mean_length: f32) -> f32 {
    let norm = 1.0 - B + B * length / mean_length;
    idf * count * (K1 + 1.0) / (count + K1 * norm)
}

/// How close together the terms of a query are in a document, 0 to 1: the number of distinct terms found minus one,
/// divided by the length of the shortest window with all of them minus one. 1 means side by side.
#[must_use]
pub fn proximity<T: Eq + Hash>(document: &[T], query: &[T]) -> f32 {
    let numbers: HashMap<&T, usize> = query.iter().enumerate().map(|(index, term)| (term, index)).collect();
    let found: Vec<(usize, usize)> =
        document.iter().enumerate().filter_map(|(at, term)| numbers.get(term).map(|index| (at, *index))).collect();
    let mut counts = vec![0usize; query.len()];
    for (_, index) in &found {
        counts[*index] += 1;
    }
    let distinct = counts.iter().filter(|count| **count > 0).count();
    if distinct < 2 {
        return 0.0;
    }
    counts.fill(0);
    let (mut in_window, mut left, mut shortest) = (0, 0, usize::MAX);
    for (at, index) in &found {
        counts[*index] += 1;
        in_window += usize::from(counts[*index] == 1);
        while in_window == distinct {
            let (start, leaving) = found[left];
            shortest = shortest.min(at - start);
            counts[leaving] -= 1;
            in_window -= usize::from(counts[leaving] == 0);
            left += 1;
        }
    }
    (distinct - 1) as f32 / shortest.max(1) as f32
}
