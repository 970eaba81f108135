//! Makes files that are nearly good: pieces of good ones, changed as damage or malice would change them.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

/// Longest input (bytes): how work grows with size is measured elsewhere.
const MAX_LEN: usize = 16 << 10;
const MAX_CHANGES: usize = 12;
/// How often a piece is repeated at most.
const MAX_REPEATS: usize = 600;
/// What breaks readers of many formats.
const EDGES: [&[u8]; 20] = [
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\r",
    b"\n\n",
    b" ",
    b"\t",
    b"-1",
    b"0",
    b"65536",
    b"2147483648",
    b"18446744073709551616",
    b"\xe2\x80\xae",
    b"\xcc\x81",
    "😀".as_bytes(),
    "é".as_bytes(),
    "漢".as_bytes(),
];

/// A source of changes that is the same for the same seed.
pub(crate) struct Mutator {
    rng: StdRng,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed) }
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.rng.random_range(0..limit.max(1))
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from.choose(&mut self.rng).expect("there is something to choose from")
    }

    /// One of `seeds` with up to a dozen changes; `words` are pieces of the format.
    pub(crate) fn changed(&mut self, seeds: &[&[u8]], words: &[&str]) -> Vec<u8> {
        let mut bytes = self.pick(seeds).to_vec();
        bytes.truncate(MAX_LEN);
        for _ in 0..1 + self.below(MAX_CHANGES) {
            self.change(&mut bytes, seeds, words);
            bytes.truncate(MAX_LEN);
        }
        bytes
    }

    /// A text of `words` alone.
    pub(crate) fn assembled(&mut self, words: &[&str]) -> Vec<u8> {
        let mut text = String::new();
        for _ in 0..self.below(120) {
            let repeats = if self.below(12) == 0 { self.below(40) } else { 1 };
            text.push_str(&self.pick(words).repeat(repeats));
        }
        text.into_bytes()
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[&[u8]], words: &[&str]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(64)).min(bytes.len());
        match self.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.pick(&EDGES)[0],
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                insert(bytes, to, &piece);
            }
            5 => {
                let piece = bytes[at..end].repeat(self.below(MAX_REPEATS));
                insert(bytes, at, &piece);
            }
            6 => {
                let other = self.pick(seeds);
                let from = self.below(other.len());
                let piece = &other[from..(from + self.below(400)).min(other.len())];
                insert(bytes, at, piece);
            }
            7 if !words.is_empty() => {
                let repeats = if self.below(8) == 0 { self.below(MAX_REPEATS) } else { 1 };
                let piece = self.pick(words).repeat(repeats);
                insert(bytes, at, piece.as_bytes());
            }
            _ => {
                let piece = self.pick(&EDGES).to_vec();
                insert(bytes, at, &piece);
            }
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let room = MAX_LEN.saturating_sub(bytes.len());
    bytes.splice(at..at, piece[..piece.len().min(room)].iter().copied());
}
