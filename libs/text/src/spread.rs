//! Chooses among ranked passages so that one page, or one sentence copied by many pages, does not fill the answer.

use std::collections::HashMap;

use crate::similar::{self, NEAR_DUPLICATE, Shingles};

/// A passage to choose from.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which page or file it is from.
    pub source: u32,
    /// Higher is better.
    pub score: f32,
    pub shingles: Shingles,
}

/// Positions of at most `limit` candidates, best first: near-duplicates of better ones are out, and a source gives no more than
/// `per_source` as long as others have something to give.
#[must_use]
pub fn select(candidates: &[Candidate], limit: usize, per_source: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|a, b| candidates[*b].score.total_cmp(&candidates[*a].score));
    let ranked: Vec<Shingles> = order.iter().map(|index| candidates[*index].shingles.clone()).collect();
    let mut taken: HashMap<u32, usize> = HashMap::new();
    let (mut chosen, mut spare) = (Vec::new(), Vec::new());
    for place in similar::distinct(&ranked, NEAR_DUPLICATE) {
        let index = order[place];
        let count = taken.entry(candidates[index].source).or_insert(0);
        *count += 1;
        if *count <= per_source { chosen.push(index) } else { spare.push(index) }
    }
    chosen.extend(spare);
    chosen.truncate(limit);
    chosen.sort_by(|a, b| candidates[*b].score.total_cmp(&candidates[*a].score));
    chosen
}
