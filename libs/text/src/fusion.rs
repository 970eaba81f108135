//! One ranking out of several.

use std::collections::HashMap;
use std::hash::Hash;

/// The usual constant of reciprocal rank fusion.
pub const K: f32 = 60.0;

/// Reciprocal rank fusion (Cormack et al. 2009): an item scores `1 / (k + rank)` in each list that holds it, ranks from 1. Best first;
/// equals in the order they were first seen. An item that a list repeats counts once there.
#[must_use]
pub fn rrf<T: Eq + Hash + Clone>(lists: &[Vec<T>], k: f32) -> Vec<(T, f32)> {
    let mut places: HashMap<&T, usize> = HashMap::new();
    let mut fused: Vec<(T, f32, usize)> = Vec::new();
    for (number, list) in lists.iter().enumerate() {
        for (rank, item) in list.iter().enumerate() {
            let score = 1.0 / (k + rank as f32 + 1.0);
            let place = *places.entry(item).or_insert(fused.len());
            match fused.get_mut(place) {
                Some((_, _, seen)) if *seen == number => {}
                Some((_, total, seen)) => {
                    *total += score;
                    *seen = number;
                }
                None => fused.push((item.clone(), score, number)),
            }
        }
    }
    let mut ranked: Vec<(T, f32)> = fused.into_iter().map(|(item, score, _)| (item, score)).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}
