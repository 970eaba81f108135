//! Diversifies ranked passages, so that one page, or one sentence copied by many pages, does not fill the answer.

use std::collections::HashMap;

use crate::near_duplicates::{self, NEAR_DUPLICATE, Shingles};

/// A passage to choose from.
#[derive(Clone, Debug)]
pub struct RankedPassage {
    /// Number of the page or file it is from.
    pub source: u32,
    /// Higher is better.
    pub score: f32,
    pub shingles: Shingles,
}

/// Indices of at most `limit` passages, best first, without near-duplicates of better ones. A source gives more than
/// `per_source` passages only if the other sources have no more to give.
#[must_use]
pub fn diversify(passages: &[RankedPassage], limit: usize, per_source: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..passages.len()).collect();
    order.sort_by(|a, b| passages[*b].score.total_cmp(&passages[*a].score));
    let ranked: Vec<Shingles> = order.iter().map(|index| passages[*index].shingles.clone()).collect();
    let mut per_source_counts: HashMap<u32, usize> = HashMap::new();
    let (mut selected, mut surplus) = (Vec::new(), Vec::new());
    for rank in near_duplicates::distinct(&ranked, NEAR_DUPLICATE) {
        let index = order[rank];
        let count = per_source_counts.entry(passages[index].source).or_insert(0);
        *count += 1;
        if *count <= per_source { selected.push(index) } else { surplus.push(index) }
    }
    selected.extend(surplus);
    selected.truncate(limit);
    selected.sort_by(|a, b| passages[*b].score.total_cmp(&passages[*a].score));
    selected
}
