//! Chooses the passages the writer gets: near the question, not twice the same, spread over sources.

use std::collections::HashMap;

use text::{
    diversify::{self, RankedPassage},
    extractive,
    near_duplicates::Shingles,
    ranking::{self, RankingDocument},
    terms,
};

use super::prompt;
use crate::api::{Source, SourcePassage};

/// Something that was opened, and its passages in the order of whoever found them.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// Address or file id.
    pub(super) key: String,
    pub(super) source: Source,
    pub(super) passages: Vec<Passage>,
}

/// A passage as it was found.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    pub(super) text: SourcePassage,
    /// By meaning, whatever words it has.
    pub(super) near: bool,
}

impl Document {
    fn absorb(&mut self, passage: Passage) {
        let place = |passage: &Passage| (passage.text.start, passage.text.end);
        match self.passages.iter_mut().find(|known| place(known) == place(&passage)) {
            Some(known) => known.near |= passage.near,
            None => self.passages.push(passage),
        }
    }
}

/// What research has brought so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) documents: Vec<Document>,
    /// Nobody on the web could be asked.
    pub(super) outage: bool,
    /// The files were searched, with or without a hit.
    pub(super) files_answered: bool,
}

impl Found {
    pub(super) fn absorb(&mut self, more: Self) {
        for document in more.documents {
            match self.documents.iter_mut().find(|known| known.key == document.key) {
                Some(known) => {
                    for passage in document.passages {
                        known.absorb(passage);
                    }
                }
                None => self.documents.push(document),
            }
        }
        self.outage = more.outage && self.documents.is_empty();
        self.files_answered |= more.files_answered;
    }

    /// Whether words of private files may be in queries made from what was found.
    pub(super) fn has_files(&self) -> bool {
        self.documents.iter().any(|document| document.source.file_id.is_some())
    }

    /// Addresses that need not be opened again.
    pub(super) fn urls(&self) -> Vec<String> {
        self.documents.iter().filter_map(|document| document.source.url.clone()).collect()
    }

    fn passages(&self) -> impl Iterator<Item = (usize, &Passage)> {
        self.documents
            .iter()
            .enumerate()
            .flat_map(|(place, document)| document.passages.iter().map(move |passage| (place, passage)))
    }
}

/// The share of the question's words that some passage has.
pub(super) fn coverage(question: &str, found: &Found) -> f32 {
    let query = extractive::search_terms(question);
    if query.is_empty() {
        return 1.0;
    }
    let texts: Vec<Vec<String>> = found.passages().map(|(_, passage)| terms::index_terms(&passage.text.text)).collect();
    let hit = query.iter().filter(|term| texts.iter().any(|text| text.contains(term))).count();
    #[expect(clippy::cast_precision_loss, reason = "a question has few words")]
    let share = hit as f32 / query.len() as f32;
    share
}

/// The sources of the answer, numbered from 1, each with the passages that were chosen, best source first.
pub(super) fn select(question: &str, found: &Found, limit: usize) -> Vec<Source> {
    let passages: Vec<(usize, &Passage)> = found.passages().collect();
    let ranked: Vec<RankingDocument<'_>> = passages
        .iter()
        .map(|(place, passage)| RankingDocument {
            text: &passage.text.text,
            heading: passage.text.heading.as_deref(),
            title: found.documents[*place].source.site.as_deref().unwrap_or_default(),
            semantic_match: passage.near,
        })
        .collect();
    let order = ranking::rank(question, &ranked);
    let candidates: Vec<RankedPassage> = order
        .iter()
        .map(|(index, score)| RankedPassage {
            source: u32::try_from(passages[*index].0).unwrap_or(u32::MAX),
            score: *score,
            shingles: Shingles::of(&passages[*index].1.text.text),
        })
        .collect();
    let mut sources: Vec<Source> = Vec::new();
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    for chosen in diversify::diversify(&candidates, limit, ranking::per_source(question, limit)) {
        let (place, passage) = passages[order[chosen].0];
        let number = *numbers.entry(place).or_insert_with(|| {
            let index = u32::try_from(sources.len() + 1).unwrap_or(u32::MAX);
            sources.push(Source { index, ..found.documents[place].source.clone() });
            sources.len() - 1
        });
        sources[number].passages.push(passage.text.clone());
    }
    sources
}

/// The best passages in short, for a model that judges what is missing.
pub(super) fn digest(question: &str, found: &Found) -> String {
    let mut digest = String::new();
    for source in select(question, found, 12) {
        for passage in source.passages {
            let text: String = prompt::plain(&passage.text).chars().take(400).collect();
            digest.push_str("- ");
            digest.push_str(&text);
            digest.push('\n');
        }
    }
    digest
}
