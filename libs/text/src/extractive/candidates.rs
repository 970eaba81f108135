//! What each statement says of the question.

use super::question::Question;
use super::reading::{Reading, Statement};
use super::score;
use super::words::Word;
use crate::facts::{Fact, facts};
use crate::similar::Shingles;

pub(super) struct Candidate<'a> {
    pub(super) said: &'a Statement,
    /// What stands above it says every word of the question.
    pub(super) is_topic: bool,
    /// It has the kind of thing that is asked for.
    pub(super) suits: bool,
    /// For each word of the question, and of what it leans on, 0 to 1.
    pub(super) hits: Vec<f32>,
    /// Weighted share of the question that it covers, 0 to 1, and of what the question leans on.
    pub(super) coverage: f32,
    pub(super) context: f32,
    pub(super) score: f32,
    pub(super) facts: Vec<Fact>,
    pub(super) shingles: Shingles,
}

/// Every statement, scored.
pub(super) fn gather<'a>(question: &Question, reading: &'a Reading<'_>) -> Vec<Candidate<'a>> {
    let words: Vec<&Word> = question.words.iter().chain(&question.context).collect();
    let sources = Sources::of(&words, reading);
    let mut found: Vec<Candidate<'a>> = Vec::with_capacity(reading.statements.len());
    for said in &reading.statements {
        let mut hits: Vec<f32> = words.iter().enumerate().map(|(place, word)| sources.hit(place, word, said)).collect();
        if said.is_entry && !speaks_itself(question, said, &hits) {
            hits.fill(0.0);
        }
        // The others are only there for the sentences that lean on them.
        let speaks = question.words.is_empty() || hits.iter().any(|hit| *hit > 0.0);
        found.push(Candidate {
            said,
            is_topic: speaks && is_topic(question, said),
            suits: false,
            hits,
            coverage: 0.0,
            context: 0.0,
            score: 0.0,
            facts: if speaks { facts(&said.text) } else { Vec::new() },
            shingles: Shingles::of_terms(if speaks { &said.list } else { &[] }),
        });
    }
    let known: Vec<bool> = (0..words.len()).map(|place| sources.anywhere(place)).collect();
    score::weigh(question, reading, &known, &mut found);
    found
}

/// What a word of the question counts for if only the name of a column says it, only the heading, only the title of the source, or only
/// another place of the source.
const IN_COLUMN: f32 = 0.8;
const IN_HEADING: f32 = 0.6;
const IN_TITLE: f32 = 0.5;
const IN_SOURCE: f32 = 0.2;

/// Which words of the question the sources say somewhere, and which in their titles.
struct Sources {
    said: Vec<(u32, Vec<bool>)>,
    titles: Vec<Vec<bool>>,
}

impl Sources {
    fn of(words: &[&Word], reading: &Reading<'_>) -> Self {
        let mut said: Vec<(u32, Vec<bool>)> = reading
            .said
            .iter()
            .map(|(source, terms)| (*source, words.iter().map(|word| word.is_said(terms)).collect()))
            .collect();
        said.sort_unstable();
        let title = |title: Option<&str>| {
            let terms = title.map(super::reading::terms_of).unwrap_or_default();
            words.iter().map(|word| word.is_said(&terms)).collect()
        };
        let titles = reading.passages.iter().map(|passage| title(passage.title.as_deref())).collect();
        Self { said, titles }
    }

    fn anywhere(&self, place: usize) -> bool {
        self.said.iter().any(|(_, said)| said[place])
    }

    /// How far a statement says the word at `place`, itself or by what stands around it.
    fn hit(&self, place: usize, word: &Word, said: &Statement) -> f32 {
        let known = self.said.binary_search_by_key(&said.source, |(source, _)| *source);
        if !known.is_ok_and(|index| self.said[index].1[place]) {
            return 0.0;
        }
        let near = word.nearness(&said.own);
        if near > 0.0 {
            near
        } else if word.is_said(&said.names) {
            IN_COLUMN
        } else if word.is_said(&said.above) {
            IN_HEADING
        } else if self.titles[said.passage][place] {
            IN_TITLE
        } else if said.is_entry {
            0.0
        } else {
            IN_SOURCE
        }
    }
}

fn is_topic(question: &Question, said: &Statement) -> bool {
    let mut telling = question.words.iter().filter(|word| !word.is_light).peekable();
    telling.peek().is_some() && telling.all(|word| word.is_said(&said.above))
}

/// Whether an entry says a word of the question itself, or all of them are said by what names it.
fn speaks_itself(question: &Question, said: &Statement, hits: &[f32]) -> bool {
    let own = question.words.iter().any(|word| !word.is_light && word.is_said(&said.own));
    own || hits[..question.words.len()].iter().all(|hit| *hit > 0.0)
}
