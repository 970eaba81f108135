//! Diversifies ranked passages, so that one page, or one sentence copied by many pages, does not fill the answer.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

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
    diversify_dated(passages, &[], limit, per_source)
}

/// Like [`diversify`]; of near-duplicates from two sources the newer one stays, in the place of the better one. `dates`
/// has the date of each passage that has one.
#[must_use]
pub fn diversify_dated(
    passages: &[RankedPassage],
    dates: &[Option<DateTime<Utc>>],
    limit: usize,
    per_source: usize,
) -> Vec<usize> {
    let mut order: Vec<usize> = (0..passages.len()).collect();
    order.sort_by(|a, b| passages[*b].score.total_cmp(&passages[*a].score));
    let ranked: Vec<Shingles> = order.iter().map(|index| passages[*index].shingles.clone()).collect();
    let date = |index: usize| dates.get(index).copied().flatten();
    let repeated = near_duplicates::repeated(&ranked, NEAR_DUPLICATE);
    let mut versions = order.clone();
    for (rank, original) in repeated.iter().enumerate() {
        if let Some(original) = original
            && date(order[rank]) > date(versions[*original])
        {
            versions[*original] = order[rank];
        }
    }
    let mut per_source_counts: HashMap<u32, usize> = HashMap::new();
    let (mut selected, mut surplus) = (Vec::new(), Vec::new());
    for rank in (0..order.len()).filter(|rank| repeated[*rank].is_none()) {
        let count = per_source_counts.entry(passages[versions[rank]].source).or_insert(0);
        *count += 1;
        if *count <= per_source { selected.push(rank) } else { surplus.push(rank) }
    }
    selected.extend(surplus);
    selected.truncate(limit);
    selected.sort_unstable();
    selected.into_iter().map(|rank| versions[rank]).collect()
}
