//! Texts that say the same in nearly the same words.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::terms;

/// Terms of a shingle: short enough to survive an edited word, long enough not to match by chance.
const SHINGLE: usize = 3;
/// Resemblance from which two passages are one.
pub const NEAR_DUPLICATE: f32 = 0.7;
/// A shingle shared by more texts than this is boilerplate and tells nothing; it also bounds the work.
const MAX_SHARED: usize = 32;

/// The overlapping word triples of a text, hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shingles(Vec<u64>);

impl Shingles {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_terms(&terms::index_terms(text))
    }

    /// [`Shingles::of`] a text whose terms are known.
    #[must_use]
    pub fn of_terms<T: Hash>(terms: &[T]) -> Self {
        let size = SHINGLE.min(terms.len().max(1));
        let mut hashes: Vec<u64> = terms.windows(size).map(hash::<T>).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    /// Share of all shingles of both texts that both have (Jaccard), 0 to 1.
    #[must_use]
    pub fn resemblance(&self, other: &Self) -> f32 {
        let shared = self.shared(other);
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f32 / all as f32 }
    }

    /// Share of this text's shingles that the other one has, 0 to 1.
    #[must_use]
    pub fn containment(&self, other: &Self) -> f32 {
        if self.0.is_empty() { 0.0 } else { self.shared(other) as f32 / self.0.len() as f32 }
    }

    fn shared(&self, other: &Self) -> usize {
        self.0.iter().filter(|hash| other.0.binary_search(hash).is_ok()).count()
    }
}

fn hash<T: Hash>(terms: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    terms.hash(&mut hasher);
    hasher.finish()
}

/// The positions of the texts to keep: each that does not repeat an earlier kept one (resemblance of at least `threshold`, or almost
/// wholly contained in it). Give the best first.
#[must_use]
pub fn distinct(texts: &[Shingles], threshold: f32) -> Vec<usize> {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut kept = Vec::new();
    for (index, shingles) in texts.iter().enumerate() {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for holder in shingles.0.iter().filter_map(|hash| holders.get(hash)).flatten() {
            *shared.entry(*holder).or_insert(0) += 1;
        }
        let repeats = shared.iter().any(|(earlier, shared)| {
            let all = shingles.0.len() + texts[*earlier].0.len() - shared;
            *shared as f32 >= threshold * all as f32 || *shared as f32 >= 0.9 * shingles.0.len() as f32
        });
        if repeats {
            continue;
        }
        kept.push(index);
        for hash in &shingles.0 {
            let holders = holders.entry(*hash).or_default();
            if holders.len() < MAX_SHARED {
                holders.push(index);
            }
        }
    }
    kept
}
