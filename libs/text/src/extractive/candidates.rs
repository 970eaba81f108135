//! Matches every statement against the question and scores it.

use std::collections::HashSet;

use super::corpus::{Corpus, Statement};
use super::question::Question;
use super::score;
use super::vocabulary::TermId;
use crate::facts::{Fact, facts};
use crate::near_duplicates::Shingles;

/// A statement with its match against the question.
pub(super) struct Candidate<'a> {
    pub(super) statement: &'a Statement,
    /// Its headings name every content word of the question.
    pub(super) is_on_topic: bool,
    /// It has the type of answer the question expects.
    pub(super) matches_type: bool,
    /// How well it matches each word of the question and then of its context, 0 to 1.
    pub(super) hits: Vec<f32>,
    /// Weighted share of the question's words that it matches, 0 to 1.
    pub(super) coverage: f32,
    /// Weighted share of the context's words that it matches, 0 to 1.
    pub(super) context_coverage: f32,
    /// The first cell of the row matches a word of the question.
    pub(super) key_matches: bool,
    pub(super) score: f32,
    pub(super) facts: Vec<Fact>,
    pub(super) shingles: Shingles,
}

/// All statements of the corpus, scored.
pub(super) fn score_all<'a>(question: &Question, corpus: &'a Corpus<'_>) -> Vec<Candidate<'a>> {
    let stats = QueryTermStats::new(question, corpus);
    let words = question.words.len() + question.context.len();
    let mut candidates: Vec<Candidate<'a>> = Vec::with_capacity(corpus.statements.len());
    for statement in &corpus.statements {
        let mut hits: Vec<f32> = (0..words).map(|word| stats.hit(word, statement)).collect();
        if statement.is_entry && !stats.is_relevant_entry(question, statement, &hits) {
            hits.fill(0.0);
        }
        // The others are kept only because a context-dependent sentence may need the one before it.
        let matches = question.words.is_empty() || hits.iter().any(|hit| *hit > 0.0);
        let facts = if matches { facts(&statement.text) } else { Vec::new() };
        stats.credit_values(question, statement, &facts, &mut hits);
        candidates.push(Candidate {
            statement,
            is_on_topic: matches && stats.is_on_topic(question, statement),
            matches_type: false,
            hits,
            coverage: 0.0,
            context_coverage: 0.0,
            key_matches: (0..question.words.len()).any(|word| stats.similarity(word, &statement.key_terms) > 0.0),
            score: 0.0,
            facts,
            shingles: Shingles::of_terms(if matches { &statement.terms } else { &[] }),
        });
    }
    let is_known: Vec<bool> = stats.sources.iter().map(|sources| !sources.is_empty()).collect();
    score::set_scores(question, corpus, &is_known, &mut candidates);
    candidates
}

/// Weight of a match that is not in the statement itself but only in a column name, a heading, the title of the source,
/// or elsewhere in the source.
const IN_COLUMN: f32 = 0.8;
const IN_HEADING: f32 = 0.6;
const IN_TITLE: f32 = 0.5;
const IN_SOURCE: f32 = 0.2;
/// Credit for a word such as `price` that no source uses, if the statement gives a value of that kind.
const VALUE_CREDIT: f32 = 0.5;

/// Where and how closely the passages match each word of the question and its context.
struct QueryTermStats<'a> {
    corpus: &'a Corpus<'a>,
    /// For each word: similarity of each term, indexed by [`TermId`].
    similarities: Vec<Vec<f32>>,
    /// For each word: the sources that use it, sorted.
    sources: Vec<Vec<u32>>,
}

impl<'a> QueryTermStats<'a> {
    fn new(question: &Question, corpus: &'a Corpus<'a>) -> Self {
        let words = question.words.iter().chain(&question.context);
        let similarities: Vec<Vec<f32>> = words.map(|word| corpus.vocabulary.similarities(word)).collect();
        let uses =
            |similarity: &[f32], terms: &HashSet<TermId>| terms.iter().any(|term| similarity[*term as usize] > 0.0);
        let sources = similarities
            .iter()
            .map(|similarity| {
                let using = corpus.source_terms.iter().filter(|(_, terms)| uses(similarity, terms));
                using.map(|(source, _)| *source).collect()
            })
            .collect();
        Self { corpus, similarities, sources }
    }

    /// Similarity of word number `word` to the most similar of `terms`.
    fn similarity(&self, word: usize, terms: &[TermId]) -> f32 {
        let similarity = &self.similarities[word];
        terms.iter().map(|term| similarity[*term as usize]).fold(0.0, f32::max)
    }

    /// How well a statement matches word number `word`, by itself or by its surroundings.
    fn hit(&self, word: usize, statement: &Statement) -> f32 {
        if self.sources[word].binary_search(&statement.source).is_err() {
            return 0.0;
        }
        let own = self.similarity(word, &statement.own_terms);
        let is_in = |terms: &[TermId]| self.similarity(word, terms) > 0.0;
        if own > 0.0 {
            own
        } else if is_in(&statement.column_terms) {
            IN_COLUMN
        } else if is_in(&statement.heading_terms) {
            IN_HEADING
        } else if is_in(&self.corpus.title_terms[statement.passage]) {
            IN_TITLE
        } else if statement.is_entry {
            0.0
        } else {
            IN_SOURCE
        }
    }

    /// Whether the headings above a statement name all content words.
    fn is_on_topic(&self, question: &Question, statement: &Statement) -> bool {
        let mut content = question.words.iter().enumerate().filter(|(_, word)| !word.is_generic).peekable();
        content.peek().is_some() && content.all(|(word, _)| self.similarity(word, &statement.heading_terms) > 0.0)
    }

    /// Whether an entry matches a specific word itself, or all content words by itself or its surroundings.
    fn is_relevant_entry(&self, question: &Question, statement: &Statement, hits: &[f32]) -> bool {
        let has_content = question.words.iter().any(|word| !word.is_generic);
        let mut relevant = question.words.iter().zip(hits).filter(|(word, _)| !(has_content && word.is_generic));
        self.matches_specific_word(question, statement) || relevant.all(|(_, hit)| *hit > 0.0)
    }

    /// Whether a statement itself matches a content word that does more than name a kind of value.
    fn matches_specific_word(&self, question: &Question, statement: &Statement) -> bool {
        let mut words = question.words.iter().enumerate();
        words.any(|(number, word)| {
            !word.is_generic && word.value_kind.is_none() && self.similarity(number, &statement.own_terms) > 0.0
        })
    }

    /// Gives [`VALUE_CREDIT`] for words that no source uses and whose kind of value the statement gives.
    fn credit_values(&self, question: &Question, statement: &Statement, facts: &[Fact], hits: &mut [f32]) {
        if !self.matches_specific_word(question, statement) {
            return;
        }
        for (number, word) in question.words.iter().enumerate() {
            if self.sources[number].is_empty() && word.value_kind.is_some_and(|kind| kind.is_among(facts)) {
                hits[number] = VALUE_CREDIT;
            }
        }
    }
}
