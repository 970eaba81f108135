//! Ranks the passages found and selects those for the writer: relevant, without near-duplicates, spread over sources.

use std::{collections::HashMap, ops::Range};

use chrono::NaiveDate;
use text::{
    diversify::{self, RankedPassage},
    extractive,
    near_duplicates::Shingles,
    ranking::{self, RankingDocument},
    terms,
};

use super::prompt;
use crate::api::{Source, SourcePassage};

/// What a source of the days that the question is about is worth more.
const DATE_BOOST: f32 = 1.5;

/// A page or file with its passages, in the order in which they were retrieved.
#[derive(Debug, Clone)]
pub(super) struct ResearchDocument {
    /// Address or file id.
    pub(super) key: String,
    pub(super) source: Source,
    pub(super) passages: Vec<ResearchPassage>,
}

/// A retrieved passage.
#[derive(Debug, Clone)]
pub(super) struct ResearchPassage {
    pub(super) text: SourcePassage,
    /// Retrieved by vector similarity.
    pub(super) semantic_match: bool,
}

impl ResearchDocument {
    fn merge(&mut self, passage: ResearchPassage) {
        let range = |passage: &ResearchPassage| (passage.text.start, passage.text.end);
        match self.passages.iter_mut().find(|known| range(known) == range(&passage)) {
            Some(known) => known.semantic_match |= passage.semantic_match,
            None => self.passages.push(passage),
        }
    }
}

/// What research has found so far.
#[derive(Debug, Clone, Default)]
pub(super) struct ResearchResults {
    pub(super) documents: Vec<ResearchDocument>,
    /// All search engines failed.
    pub(super) outage: bool,
    /// The file search succeeded, with or without a hit.
    pub(super) files_answered: bool,
}

impl ResearchResults {
    pub(super) fn merge(&mut self, more: Self) {
        for document in more.documents {
            match self.documents.iter_mut().find(|known| known.key == document.key) {
                Some(known) => {
                    for passage in document.passages {
                        known.merge(passage);
                    }
                }
                None => self.documents.push(document),
            }
        }
        self.outage = more.outage && self.documents.is_empty();
        self.files_answered |= more.files_answered;
    }

    /// Whether queries derived from these results may contain words of private files.
    pub(super) fn has_files(&self) -> bool {
        self.documents.iter().any(|document| document.source.file_id.is_some())
    }

    /// Addresses already opened.
    pub(super) fn urls(&self) -> Vec<String> {
        self.documents.iter().filter_map(|document| document.source.url.clone()).collect()
    }

    fn passages(&self) -> impl Iterator<Item = (usize, &ResearchPassage)> {
        self.documents
            .iter()
            .enumerate()
            .flat_map(|(index, document)| document.passages.iter().map(move |passage| (index, passage)))
    }
}

/// The share of the question's search terms that occur in the passages.
pub(super) fn coverage(question: &str, found: &ResearchResults) -> f32 {
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

/// The sources of the answer, numbered from 1, best first, each with its selected passages.
pub(super) fn select(
    question: &str,
    dates: Option<&Range<NaiveDate>>,
    found: &ResearchResults,
    limit: usize,
) -> Vec<Source> {
    let passages: Vec<(usize, &ResearchPassage)> = found.passages().collect();
    let ranked: Vec<RankingDocument<'_>> = passages
        .iter()
        .map(|(document, passage)| RankingDocument {
            text: &passage.text.text,
            heading: passage.text.heading.as_deref(),
            title: found.documents[*document].source.site.as_deref().unwrap_or_default(),
            semantic_match: passage.semantic_match,
        })
        .collect();
    let mut order = ranking::rank(question, &ranked);
    if let Some(dates) = dates {
        let is_of_then = |document: usize| {
            let published = found.documents[document].source.published_at;
            published.is_some_and(|at| dates.contains(&at.date_naive()))
        };
        for (index, score) in &mut order {
            *score *= if is_of_then(passages[*index].0) { DATE_BOOST } else { 1.0 };
        }
        order.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    }
    let candidates: Vec<RankedPassage> = order
        .iter()
        .map(|(index, score)| RankedPassage {
            source: u32::try_from(passages[*index].0).unwrap_or(u32::MAX),
            score: *score,
            shingles: Shingles::of(&passages[*index].1.text.text),
        })
        .collect();
    let published: Vec<_> =
        order.iter().map(|(index, _)| found.documents[passages[*index].0].source.published_at).collect();
    let mut sources: Vec<Source> = Vec::new();
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    let per_source = ranking::per_source(question, limit);
    for selected in diversify::diversify_dated(&candidates, &published, limit, per_source) {
        let (document, passage) = passages[order[selected].0];
        let number = *numbers.entry(document).or_insert_with(|| {
            let index = u32::try_from(sources.len() + 1).unwrap_or(u32::MAX);
            sources.push(Source { index, ..found.documents[document].source.clone() });
            sources.len() - 1
        });
        sources[number].passages.push(passage.text.clone());
    }
    sources
}

/// Excerpts of the best passages, for the model that reviews coverage.
pub(super) fn digest(question: &str, found: &ResearchResults) -> String {
    let mut digest = String::new();
    for source in select(question, None, found, 12) {
        for passage in source.passages {
            let text: String = prompt::plain(&passage.text).chars().take(400).collect();
            digest.push_str("- ");
            digest.push_str(&text);
            digest.push('\n');
        }
    }
    digest
}
