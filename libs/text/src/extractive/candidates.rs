//! What each statement says of the question.

use std::collections::HashSet;

use super::question::Question;
use super::reading::{Reading, Statement};
use super::score;
use super::vocabulary::Term;
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
    /// The first cell of the row says a word of the question.
    pub(super) is_keyed: bool,
    pub(super) score: f32,
    pub(super) facts: Vec<Fact>,
    pub(super) shingles: Shingles,
}

/// Every statement, scored.
pub(super) fn gather<'a>(question: &Question, reading: &'a Reading<'_>) -> Vec<Candidate<'a>> {
    let sought = Sought::of(question, reading);
    let words = question.words.len() + question.context.len();
    let mut found: Vec<Candidate<'a>> = Vec::with_capacity(reading.statements.len());
    for said in &reading.statements {
        let mut hits: Vec<f32> = (0..words).map(|place| sought.hit(place, said)).collect();
        if said.is_entry && !sought.speaks_itself(question, said, &hits) {
            hits.fill(0.0);
        }
        // The others are only there for the sentences that lean on them.
        let speaks = question.words.is_empty() || hits.iter().any(|hit| *hit > 0.0);
        let facts = if speaks { facts(&said.text) } else { Vec::new() };
        sought.take_kinds(question, said, &facts, &mut hits);
        found.push(Candidate {
            said,
            is_topic: speaks && sought.is_topic(question, said),
            suits: false,
            hits,
            coverage: 0.0,
            context: 0.0,
            is_keyed: (0..question.words.len()).any(|place| sought.near(place, &said.key) > 0.0),
            score: 0.0,
            facts,
            shingles: Shingles::of_terms(if speaks { &said.list } else { &[] }),
        });
    }
    let known: Vec<bool> = sought.sources.iter().map(|sources| !sources.is_empty()).collect();
    score::weigh(question, reading, &known, &mut found);
    found
}

/// What a word of the question counts for if only the name of a column says it, only the heading, only the title of the source, or only
/// another place of the source.
const IN_COLUMN: f32 = 0.8;
const IN_HEADING: f32 = 0.6;
const IN_TITLE: f32 = 0.5;
const IN_SOURCE: f32 = 0.2;
/// What the kind of thing that is asked for counts for where something of that kind is given.
const OF_KIND: f32 = 0.5;

/// How near the terms of the passages are to each word of the question.
struct Sought<'a> {
    reading: &'a Reading<'a>,
    /// For each word: by the number of the term.
    nearness: Vec<Vec<f32>>,
    /// For each word: the sources that say it.
    sources: Vec<Vec<u32>>,
}

impl<'a> Sought<'a> {
    fn of(question: &Question, reading: &'a Reading<'a>) -> Self {
        let words = question.words.iter().chain(&question.context);
        let nearness: Vec<Vec<f32>> = words.map(|word| reading.vocabulary.nearness(word)).collect();
        let says = |near: &[f32], said: &HashSet<Term>| said.iter().any(|term| near[*term as usize] > 0.0);
        let sources = nearness
            .iter()
            .map(|near| reading.said.iter().filter(|(_, said)| says(near, said)).map(|(source, _)| *source).collect())
            .collect();
        Self { reading, nearness, sources }
    }

    fn near(&self, place: usize, terms: &[Term]) -> f32 {
        let near = &self.nearness[place];
        terms.iter().map(|term| near[*term as usize]).fold(0.0, f32::max)
    }

    /// How far a statement says the word at `place`, itself or by what stands around it.
    fn hit(&self, place: usize, said: &Statement) -> f32 {
        if self.sources[place].binary_search(&said.source).is_err() {
            return 0.0;
        }
        let near = self.near(place, &said.own);
        let is_in = |terms: &[Term]| self.near(place, terms) > 0.0;
        if near > 0.0 {
            near
        } else if is_in(&said.names) {
            IN_COLUMN
        } else if is_in(&said.above) {
            IN_HEADING
        } else if is_in(&self.reading.titles[said.passage]) {
            IN_TITLE
        } else if said.is_entry {
            0.0
        } else {
            IN_SOURCE
        }
    }

    /// Whether what stands above says all telling words.
    fn is_topic(&self, question: &Question, said: &Statement) -> bool {
        let mut telling = question.words.iter().enumerate().filter(|(_, word)| !word.is_light).peekable();
        telling.peek().is_some() && telling.all(|(place, _)| self.near(place, &said.above) > 0.0)
    }

    /// Whether an entry says a telling word itself, or all telling ones are said by what names it.
    fn speaks_itself(&self, question: &Question, said: &Statement, hits: &[f32]) -> bool {
        let telling = question.words.iter().any(|word| !word.is_light);
        let mut hit = question.words.iter().zip(hits).filter(|(word, _)| !(telling && word.is_light));
        self.says_telling(question, said) || hit.all(|(_, hit)| *hit > 0.0)
    }

    /// Whether a statement says a word itself that tells more than the kind of thing asked for.
    fn says_telling(&self, question: &Question, said: &Statement) -> bool {
        let mut words = question.words.iter().enumerate();
        words.any(|(place, word)| !word.is_light && word.kind.is_none() && self.near(place, &said.own) > 0.0)
    }

    /// Counts the kind of thing that is asked for where a statement gives something of that kind, if no source says the word.
    fn take_kinds(&self, question: &Question, said: &Statement, facts: &[Fact], hits: &mut [f32]) {
        if !self.says_telling(question, said) {
            return;
        }
        for (place, word) in question.words.iter().enumerate() {
            if self.sources[place].is_empty() && word.kind.is_some_and(|kind| kind.is_in(facts)) {
                hits[place] = OF_KIND;
            }
        }
    }
}
