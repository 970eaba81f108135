//! Reciprocal rank fusion: merges several rankings into one.

use std::collections::HashMap;
use std::hash::Hash;

/// The constant of the paper: keeps the top of one list from outweighing agreement between lists.
pub const K: f32 = 60.0;

/// What an item at `rank` (from 1) of one list adds to its score.
#[must_use]
pub fn reciprocal_rank(rank: usize, k: f32) -> f64 {
    1.0 / (f64::from(k) + rank as f64)
}

/// Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): an item scores `1 / (k + rank)` in each list that
/// contains it, ranks from 1. Best first; equals in the order they were first seen. A repeated item counts once per
/// list, at its better rank.
#[must_use]
pub fn rrf<T: Eq + Hash + Clone>(lists: &[Vec<T>], k: f32) -> Vec<(T, f32)> {
    let mut indices: HashMap<&T, usize> = HashMap::new();
    let mut fused: Vec<(T, f32, usize)> = Vec::new();
    for (number, list) in lists.iter().enumerate() {
        for (rank, item) in list.iter().enumerate() {
            let score = reciprocal_rank(rank + 1, k) as f32;
            let index = *indices.entry(item).or_insert(fused.len());
            match fused.get_mut(index) {
                Some((_, _, last_list)) if *last_list == number => {}
                Some((_, total, last_list)) => {
                    *total += score;
                    *last_list = number;
                }
                None => fused.push((item.clone(), score, number)),
            }
        }
    }
    let mut ranked: Vec<(T, f32)> = fused.into_iter().map(|(item, score, _)| (item, score)).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}
