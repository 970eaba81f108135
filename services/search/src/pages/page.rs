//! A page split into passages, ready for ranking.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use chrono::{DateTime, Utc};
use reader::Section;
use text::{
    near_duplicates::{Shingles, Sketch},
    passages::{PassageLimits, split},
    terms::index_terms,
};
use uuid::Uuid;

/// A page as it was when it was fetched.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) snapshot_id: Uuid,
    /// It belongs to one organisation; otherwise all tenants may read it.
    pub(crate) private: bool,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) author: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) fetched_at: DateTime<Utc>,
    /// The share of its words that `text` has, from 0 to 1; `None` where nothing is left out.
    pub(crate) words_kept: Option<f64>,
    pub(crate) text: String,
    pub(crate) passages: Vec<Passage>,
}

/// A passage of a page with the data that ranking needs, so that a cached page is analysed once.
#[derive(Debug, Clone)]
pub(crate) struct Passage {
    /// In bytes.
    pub(crate) range: Range<usize>,
    /// The same in characters.
    pub(crate) chars: Range<usize>,
    /// 1-based; `None` where pages are not numbered.
    pub(crate) page: Option<u32>,
    pub(crate) heading: Option<String>,
    pub(crate) tokens: usize,
    pub(crate) terms: TermCounts,
    pub(crate) sketch: Sketch,
}

impl Page {
    /// The host, without `www.`.
    pub(crate) fn site(&self) -> String {
        site(&self.url)
    }

    pub(crate) fn text_of(&self, passage: &Passage) -> &str {
        &self.text[passage.range.clone()]
    }

    /// Approximate size in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let passage =
            |passage: &Passage| 200 + passage.terms.hashes.len() * 5 + passage.heading.as_ref().map_or(0, String::len);
        400 + self.text.len() + self.passages.iter().map(passage).sum::<usize>()
    }
}

/// The host of an address, without `www.`.
pub(crate) fn site(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

/// The passages of a text, in order.
pub(crate) fn passages(text: &str, sections: &[Section]) -> Vec<Passage> {
    let split = split(text, PassageLimits::PAGE);
    split
        .into_iter()
        .map(|passage| {
            let terms: Vec<u32> =
                index_terms(&text[passage.range.clone()]).iter().map(|term| term_hash(term)).collect();
            let heading = passage.heading.as_deref().map(index_terms).unwrap_or_default();
            let sketch = Shingles::of_terms(&terms).sketch();
            let terms = TermCounts::of(terms.into_iter().chain(heading.iter().map(|term| term_hash(term))).collect());
            let page = page_at(sections, passage.chars.start);
            let (range, chars, heading, tokens) = (passage.range, passage.chars, passage.heading, passage.tokens);
            Passage { range, chars, page, heading, tokens, terms, sketch }
        })
        .collect()
}

fn page_at(sections: &[Section], char: usize) -> Option<u32> {
    let after = sections.partition_point(|section| section.start <= char as u64);
    sections.get(after.checked_sub(1)?)?.page
}

/// Hash of a term for ranking. Two terms of a page collide about once in a million pages; then a score is slightly off.
pub(crate) fn term_hash(term: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    term.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

/// Occurrences of each term, in five bytes per term; a list of strings would take forty.
#[derive(Debug, Clone)]
pub(crate) struct TermCounts {
    hashes: Box<[u32]>,
    counts: Box<[u8]>,
    /// Number of terms, with repetitions.
    pub(crate) length: usize,
}

impl TermCounts {
    fn of(mut terms: Vec<u32>) -> Self {
        terms.sort_unstable();
        let (mut hashes, mut counts): (Vec<u32>, Vec<u8>) = (Vec::new(), Vec::new());
        for term in &terms {
            match (hashes.last(), counts.last_mut()) {
                (Some(last), Some(count)) if last == term => *count = count.saturating_add(1),
                _ => {
                    hashes.push(*term);
                    counts.push(1);
                }
            }
        }
        Self { hashes: hashes.into(), counts: counts.into(), length: terms.len() }
    }

    pub(crate) fn count(&self, term: u32) -> u8 {
        self.hashes.binary_search(&term).map_or(0, |at| self.counts[at])
    }
}
