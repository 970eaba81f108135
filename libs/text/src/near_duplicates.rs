//! Finds near-duplicates: texts that say the same in nearly the same words.
//!
//! Two pages of one template share nearly all words and speak of different things. So texts whose names and numbers
//! differ are no near-duplicates, however much boilerplate they share.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::terms::{self, Tokens};

/// Terms per shingle: few enough to survive an edited word, enough not to match by chance.
const SHINGLE_TERMS: usize = 3;
/// Resemblance from which two passages are near-duplicates.
pub const NEAR_DUPLICATE: f32 = 0.7;
/// Texts recorded per shingle. One in more texts than this is boilerplate; the limit also bounds the work.
const MAX_TEXTS_PER_SHINGLE: usize = 32;
/// Hashes in a [`Sketch`].
const SKETCH_SIZE: usize = 24;

/// Share of common marks below which two texts with marks of their own speak of different things.
const SAME_MARKS: f32 = 0.8;
/// A mark that occurs so often is what its text is about.
const SUBJECT_OCCURRENCES: usize = 2;

/// The overlapping word triples of a text, hashed, and what tells it from others of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shingles {
    hashes: Vec<u64>,
    marks: Marks<u64>,
}

/// Hashes of the names and numbers of a text, sorted, and those of them that occur repeatedly.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Marks<T> {
    all: Vec<T>,
    repeated: Vec<T>,
}

impl<T: Copy + Ord> Marks<T> {
    fn none() -> Self {
        Self { all: Vec::new(), repeated: Vec::new() }
    }

    fn count(mut hashes: Vec<T>) -> Self {
        hashes.sort_unstable();
        let repeated = hashes.chunk_by(|a, b| a == b).filter(|run| run.len() >= SUBJECT_OCCURRENCES).map(|run| run[0]);
        let repeated = repeated.collect();
        hashes.dedup();
        Self { all: hashes, repeated }
    }

    /// Whether each text has marks that the other lacks, and these are many or occur again and again.
    fn differ(&self, other: &Self) -> bool {
        let lacks =
            |own: &Self, other: &Self| own.all.iter().filter(|mark| other.all.binary_search(mark).is_err()).count();
        let (own, others) = (lacks(self, other), lacks(other, self));
        if own == 0 || others == 0 {
            return false;
        }
        let shared = self.all.len() - own;
        let is_subject =
            |own: &Self, other: &Self| own.repeated.iter().any(|mark| other.all.binary_search(mark).is_err());
        let share = shared as f32 / (shared + own + others) as f32;
        share < SAME_MARKS || (is_subject(self, other) && is_subject(other, self))
    }
}

/// The names and numbers of a text: words with digits, and capitalised words inside a sentence.
fn marks_of(text: &str) -> Vec<u64> {
    let mut marks = Vec::new();
    let mut last_end = 0;
    for token in Tokens::new(text) {
        let start = text.len() - token.rest.len() - token.text.len();
        let gap = &text[last_end..start];
        last_end = start + token.text.len();
        let begins_sentence = start == 0 || gap.contains(['.', '!', '?', ':', '\n', '。', '|']);
        let is_name = token.text.starts_with(char::is_uppercase) && !begins_sentence;
        if is_name || token.text.contains(|c: char| c.is_numeric()) {
            marks.extend(terms::index_terms(token.text).last().map(|term| hash(std::slice::from_ref(term))));
        }
    }
    marks
}

impl Shingles {
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { marks: Marks::count(marks_of(text)), ..Self::of_terms(&terms::index_terms(text)) }
    }

    /// [`Shingles::of`] a text whose terms are known, as strings or as numbers. Without the text, its names and numbers
    /// are not told apart.
    #[must_use]
    pub fn of_terms<T: Hash>(terms: &[T]) -> Self {
        let size = SHINGLE_TERMS.min(terms.len().max(1));
        let mut hashes: Vec<u64> = terms.windows(size).map(hash::<T>).collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self { hashes, marks: Marks::none() }
    }

    /// Whether the texts have different subjects: names or numbers that only one of them has, on both sides.
    #[must_use]
    pub fn differ_in_subject(&self, other: &Self) -> bool {
        self.marks.differ(&other.marks)
    }

    /// Share of all shingles of both texts that both have (Jaccard), 0 to 1.
    #[must_use]
    pub fn resemblance(&self, other: &Self) -> f32 {
        let shared = self.shared(other);
        let all = self.hashes.len() + other.hashes.len() - shared;
        if all == 0 { 0.0 } else { shared as f32 / all as f32 }
    }

    /// Share of this text's shingles that the other one has, 0 to 1.
    #[must_use]
    pub fn containment(&self, other: &Self) -> f32 {
        if self.hashes.is_empty() { 0.0 } else { self.shared(other) as f32 / self.hashes.len() as f32 }
    }

    /// The sketch of these shingles.
    #[must_use]
    pub fn sketch(&self) -> Sketch {
        let short = |hashes: &[u64]| {
            let mut hashes: Vec<u32> = hashes.iter().map(|hash| (hash >> 32) as u32).collect();
            hashes.dedup();
            hashes.truncate(SKETCH_SIZE);
            hashes
        };
        let marks = Marks { all: short(&self.marks.all), repeated: short(&self.marks.repeated) };
        Sketch { hashes: short(&self.hashes).into(), marks }
    }

    fn shared(&self, other: &Self) -> usize {
        self.hashes.iter().filter(|hash| other.hashes.binary_search(hash).is_ok()).count()
    }
}

/// The smallest shingle hashes of a text (bottom-k sketch: Broder, 1997). It estimates the resemblance of two texts
/// from about 200 bytes each, where [`Shingles`] take a thousand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    hashes: Box<[u32]>,
    marks: Marks<u32>,
}

impl Sketch {
    /// Whether the estimated resemblance is at least [`NEAR_DUPLICATE`] and the subjects do not differ.
    #[must_use]
    pub fn is_near_duplicate(&self, other: &Self) -> bool {
        if self.marks.within(&other.marks).differ(&other.marks.within(&self.marks)) {
            return false;
        }
        let (mut own_at, mut other_at) = (0, 0);
        let (mut compared, mut shared) = (0, 0);
        while compared < SKETCH_SIZE && own_at < self.hashes.len() && other_at < other.hashes.len() {
            match self.hashes[own_at].cmp(&other.hashes[other_at]) {
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
        let rest = (self.hashes.len() - own_at) + (other.hashes.len() - other_at);
        let all = SKETCH_SIZE.min(compared + rest);
        all > 0 && shared as f32 >= NEAR_DUPLICATE * all as f32
    }
}

impl Marks<u32> {
    /// The marks in the range that both sketches have whole: each keeps only the smallest hashes.
    fn within(&self, other: &Self) -> Self {
        let limit = |marks: &[u32]| if marks.len() < SKETCH_SIZE { u32::MAX } else { marks[marks.len() - 1] };
        let end = limit(&self.all).min(limit(&other.all));
        let cut = |marks: &[u32]| marks.iter().copied().filter(|mark| *mark <= end).collect();
        Self { all: cut(&self.all), repeated: cut(&self.repeated) }
    }
}

fn hash<T: Hash>(terms: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    terms.hash(&mut hasher);
    hasher.finish()
}

/// Indices of the texts that do not repeat an earlier one (resemblance of at least `threshold`, or almost wholly
/// contained in it, with the same subject). Pass the best text first.
#[must_use]
pub fn distinct(candidates: &[Shingles], threshold: f32) -> Vec<usize> {
    let repeated = repeated(candidates, threshold);
    (0..candidates.len()).filter(|index| repeated[*index].is_none()).collect()
}

/// For each text the earlier one that it repeats, if it does.
#[must_use]
pub fn repeated(candidates: &[Shingles], threshold: f32) -> Vec<Option<usize>> {
    let mut texts_by_shingle: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut repeated = Vec::with_capacity(candidates.len());
    for (index, shingles) in candidates.iter().enumerate() {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for earlier in shingles.hashes.iter().filter_map(|hash| texts_by_shingle.get(hash)).flatten() {
            *shared.entry(*earlier).or_insert(0) += 1;
        }
        let repeats = |(earlier, shared): &(&usize, &usize)| {
            let all = shingles.hashes.len() + candidates[**earlier].hashes.len() - **shared;
            let is_near =
                **shared as f32 >= threshold * all as f32 || **shared as f32 >= 0.9 * shingles.hashes.len() as f32;
            is_near && !shingles.differ_in_subject(&candidates[**earlier])
        };
        let original = shared.iter().filter(repeats).map(|(earlier, _)| *earlier).min();
        repeated.push(original);
        if original.is_some() {
            continue;
        }
        for hash in &shingles.hashes {
            let texts = texts_by_shingle.entry(*hash).or_default();
            if texts.len() < MAX_TEXTS_PER_SHINGLE {
                texts.push(index);
            }
        }
    }
    repeated
}
