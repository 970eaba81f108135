//! A few documents, cut, ranked and answered as the services do it.
#![allow(dead_code, reason = "each test file uses a part")]

use text::diversify::{self, RankedPassage};
use text::extractive::{AnswerOptions, ExtractiveAnswer, SourcePassage, answer};
use text::near_duplicates::Shingles;
use text::passages::{self, PassageLimits};
use text::ranking::{self, RankingDocument};

/// What chat allows in its default mode.
const PASSAGES: usize = 14;
const SENTENCES: usize = 6;

/// The rows of a table as the reader writes them.
fn records(csv: &str) -> String {
    let mut lines = csv.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let record = |line: &str| {
        let cells = columns.iter().zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(column, cell)| format!("{column}: {cell}")).collect::<Vec<_>>().join("\n")
    };
    lines.map(record).collect::<Vec<_>>().join("\n\n")
}

/// Every document cut as uploaded files are, and then as chat cuts what it retrieves.
pub(crate) fn library(documents: &[(&str, &str)]) -> Vec<SourcePassage> {
    let mut library = Vec::new();
    for (number, (name, content)) in documents.iter().enumerate() {
        let content = if name.ends_with(".csv") { records(content) } else { (*content).to_owned() };
        for chunk in passages::split(&content, PassageLimits::FILE) {
            let text = &content[chunk.range];
            for part in passages::split(text, PassageLimits::PAGE) {
                library.push(SourcePassage {
                    source: u32::try_from(number + 1).unwrap(),
                    text: text[part.range].to_owned(),
                    title: Some((*name).to_owned()),
                    heading: part.heading.or_else(|| chunk.heading.clone()),
                    start: (chunk.chars.start + part.chars.start) as u64,
                    published_at: None,
                    score: 0.0,
                });
            }
        }
    }
    library
}

/// The passages that chat would give to the writer, best first.
pub(crate) fn ranked(question: &str, library: &[SourcePassage]) -> Vec<SourcePassage> {
    let documents: Vec<RankingDocument<'_>> = library
        .iter()
        .map(|passage| RankingDocument {
            text: &passage.text,
            heading: passage.heading.as_deref(),
            title: passage.title.as_deref().unwrap(),
            semantic_match: false,
        })
        .collect();
    let order = ranking::rank(question, &documents);
    let candidates: Vec<RankedPassage> = order
        .iter()
        .map(|(index, score)| RankedPassage {
            source: library[*index].source,
            score: *score,
            shingles: Shingles::of(&library[*index].text),
        })
        .collect();
    let chosen = diversify::diversify(&candidates, PASSAGES, ranking::per_source(question, PASSAGES));
    let rank = |place: usize| 1.0 / (1.0 + place as f32);
    let found = chosen.into_iter().enumerate();
    found.map(|(place, index)| SourcePassage { score: rank(place), ..library[order[index].0].clone() }).collect()
}

/// The passages for a question and the answer made of them.
pub(crate) fn ask(question: &str, context: &str, library: &[SourcePassage]) -> (Vec<SourcePassage>, ExtractiveAnswer) {
    let passages = ranked(&format!("{question} {context}"), library);
    let options = AnswerOptions { max_sentences: SENTENCES, context, language: None };
    let extract = answer(question, &passages, options);
    (passages, extract)
}
