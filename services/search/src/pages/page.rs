//! A page that was read, cut into passages and ready to be ranked.

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
    /// Whether it belongs to one organisation; else it is everybody's.
    pub(crate) private: bool,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) author: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) fetched_at: DateTime<Utc>,
    pub(crate) text: String,
    pub(crate) passages: Vec<Passage>,
}

/// A stretch of a page's text with what ranking needs of it, so that a page that is opened often is analysed once.
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

    /// About how many bytes it takes in memory.
    pub(crate) fn weight(&self) -> usize {
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
    let cut = split(text, PassageLimits::PAGE);
    cut.into_iter()
        .map(|passage| {
            let terms: Vec<u32> = index_terms(&text[passage.range.clone()]).iter().map(|term| hash(term)).collect();
            let heading = passage.heading.as_deref().map(index_terms).unwrap_or_default();
            let sketch = Shingles::of_terms(&terms).sketch();
            let terms = TermCounts::of(terms.into_iter().chain(heading.iter().map(|term| hash(term))).collect());
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

/// A term as ranking knows it. Two of a page's terms share a number once in a million pages, and then a score is off
/// by a little.
pub(crate) fn hash(term: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    term.hash(&mut hasher);
    (hasher.finish() >> 32) as u32
}

/// How often each term occurs: five bytes a term, where a list of strings takes forty.
#[derive(Debug, Clone)]
pub(crate) struct TermCounts {
    hashes: Box<[u32]>,
    counts: Box<[u8]>,
    /// Terms with repetitions.
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
