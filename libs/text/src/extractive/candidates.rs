//! Matches every statement against the question and scores it.

use super::corpus::{Corpus, Statement};
use super::fit::Fit;
use super::matching::QueryTermStats;
use super::question::Question;
use super::score;
use crate::facts::{Fact, facts};
use crate::near_duplicates::Shingles;

/// A statement with its match against the question.
pub(super) struct Candidate<'a> {
    pub(super) statement: &'a Statement,
    /// Its headings name every content word of the question.
    pub(super) is_on_topic: bool,
    /// How it fits the type of answer the question expects.
    pub(super) fit: Fit,
    /// How well it matches each word of the question and then of its context, 0 to 1.
    pub(super) hits: Vec<f32>,
    /// Weighted share of the question's words that it matches, 0 to 1.
    pub(super) coverage: f32,
    /// Weighted share of the context's words that it matches, 0 to 1.
    pub(super) context_coverage: f32,
    /// The words of the question that it has itself stand close together.
    pub(super) is_compact: bool,
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
        stats.credit_complements(question, statement, &mut hits);
        candidates.push(Candidate {
            statement,
            is_on_topic: matches && stats.is_on_topic(question, statement),
            fit: Fit::No,
            hits,
            coverage: 0.0,
            context_coverage: 0.0,
            is_compact: matches && stats.is_compact(question, statement),
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
