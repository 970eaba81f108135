//! Finds near-duplicates: texts that say the same in nearly the same words.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::terms;

/// Terms per shingle: few enough to survive an edited word, enough not to match by chance.
const SHINGLE_TERMS: usize = 3;
/// Resemblance from which two passages are near-duplicates.
pub const NEAR_DUPLICATE: f32 = 0.7;
/// Texts recorded per shingle. One in more texts than this is boilerplate; the limit also bounds the work.
const MAX_TEXTS_PER_SHINGLE: usize = 32;
/// Hashes in a [`Sketch`].
const SKETCH_SIZE: usize = 24;

/// The overlapping word triples of a text, hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shingles(Vec<u64>);

impl Shingles {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::of_terms(&terms::index_terms(text))
    }

    /// [`Shingles::of`] a text whose terms are known, as strings or as numbers.
    #[must_use]
    pub fn of_terms<T: Hash>(terms: &[T]) -> Self {
        let size = SHINGLE_TERMS.min(terms.len().max(1));
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

    /// The sketch of these shingles.
    #[must_use]
    pub fn sketch(&self) -> Sketch {
        let mut hashes: Vec<u32> = self.0.iter().map(|hash| (hash >> 32) as u32).collect();
        hashes.dedup();
        hashes.truncate(SKETCH_SIZE);
        Sketch(hashes.into())
    }

    fn shared(&self, other: &Self) -> usize {
        self.0.iter().filter(|hash| other.0.binary_search(hash).is_ok()).count()
    }
}

/// The smallest shingle hashes of a text (bottom-k sketch: Broder, 1997). It estimates the resemblance of two texts
/// from about 100 bytes each, where [`Shingles`] take a thousand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch(Box<[u32]>);

impl Sketch {
    /// Whether the estimated resemblance is at least [`NEAR_DUPLICATE`].
    #[must_use]
    pub fn is_near_duplicate(&self, other: &Self) -> bool {
        let (mut own_at, mut other_at) = (0, 0);
        let (mut compared, mut shared) = (0, 0);
        while compared < SKETCH_SIZE && own_at < self.0.len() && other_at < other.0.len() {
            match self.0[own_at].cmp(&other.0[other_at]) {
                Ordering::Less => own_at += 1,
                Ordering::Greater => other_at += 1,
                Ordering::Equal => {
                    shared += 1;
                    own_at += 1;
                    other_at += 1;
                }
            }
            compared += 1;
        }
        let rest = (self.0.len() - own_at) + (other.0.len() - other_at);
        let all = SKETCH_SIZE.min(compared + rest);
        all > 0 && shared as f32 >= NEAR_DUPLICATE * all as f32
    }
}

fn hash<T: Hash>(terms: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    terms.hash(&mut hasher);
    hasher.finish()
}

/// Indices of the texts that do not repeat an earlier one (resemblance of at least `threshold`, or almost wholly
/// contained in it). Pass the best text first.
#[must_use]
pub fn distinct(candidates: &[Shingles], threshold: f32) -> Vec<usize> {
    let mut texts_by_shingle: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut distinct = Vec::new();
    for (index, shingles) in candidates.iter().enumerate() {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for earlier in shingles.0.iter().filter_map(|hash| texts_by_shingle.get(hash)).flatten() {
            *shared.entry(*earlier).or_insert(0) += 1;
        }
        let repeats = shared.iter().any(|(earlier, shared)| {
            let all = shingles.0.len() + candidates[*earlier].0.len() - shared;
            *shared as f32 >= threshold * all as f32 || *shared as f32 >= 0.9 * shingles.0.len() as f32
        });
        if repeats {
            continue;
        }
        distinct.push(index);
        for hash in &shingles.0 {
            let texts = texts_by_shingle.entry(*hash).or_default();
            if texts.len() < MAX_TEXTS_PER_SHINGLE {
                texts.push(index);
            }
        }
    }
    distinct
}
