//! Scores candidates: the weighted share of the question they cover, plus bonuses for rank, position, dates and form.

use super::answer_type::AnswerType;
use super::candidates::Candidate;
use super::corpus::Corpus;
use super::fit::{Fit, fit};
use super::query_words::{self, QueryWord};
use super::question::Question;
use super::vocabulary::TermId;
use crate::bm25;

/// Bonuses and penalties, on the scale of the coverage (0 to 1).
const ANSWER_TYPE_BONUS: f32 = 0.2;
/// For a statement with the measure that is asked for: `19 metres long`.
const MEASURE_BONUS: f32 = 0.25;
/// For code, if the question asks how something is done.
const CODE_BONUS: f32 = 0.2;
const CONTEXT_BONUS: f32 = 0.4;
const PASSAGE_RANK_BONUS: f32 = 0.15;
const PROXIMITY_BONUS: f32 = 0.1;
const POSITION_BONUS: f32 = 0.05;
const NEWEST_BONUS: f32 = 0.2;
const LENGTH_PENALTY: f32 = 0.1;
/// For an entry if the question asks for a complete list.
const LIST_ENTRY_BONUS: f32 = 0.5;
/// For a row that matches in another cell than its first.
const NOT_KEYED_PENALTY: f32 = 0.1;
/// Share of the missing coverage that the first sentence of a section on the topic is credited with.
const TOPIC_CREDIT: f32 = 0.8;
/// Factor for the weight of a generic word.
const GENERIC_FACTOR: f32 = 0.35;
/// Weight of an ordinary word that no source uses, relative to the rarest: the sources may use a synonym.
const UNKNOWN_FACTOR: f32 = 0.65;
/// Lowest weight of a word.
const MIN_WEIGHT: f32 = 0.1;

/// Sets coverage and score of each candidate. `is_known` tells for each word of question and context whether a source
/// uses it.
pub(super) fn set_scores(
    question: &Question,
    corpus: &Corpus<'_>,
    is_known: &[bool],
    candidates: &mut [Candidate<'_>],
) {
    let own = question.words.len();
    let own_weights = weights(&question.words, &is_known[..own], corpus);
    let context_weights = weights(&question.context, &is_known[own..], corpus);
    let query_terms: Vec<TermId> = question.words.iter().flat_map(|word| corpus.vocabulary.terms_of(word)).collect();
    let measure = question.measure().map(|word| {
        let word = query_words::query_words(word).into_iter().next();
        word.map_or_else(Vec::new, |word| corpus.vocabulary.similarities(&word))
    });
    let measure = measure.filter(|similarities| !similarities.is_empty());
    let passages = corpus.passages;
    let top = passages.iter().map(|passage| passage.score).fold(0.0, f32::max);
    let mut dates: Vec<_> = passages.iter().filter_map(|passage| passage.published_at).collect();
    dates.sort_unstable();
    dates.dedup();
    for candidate in candidates.iter_mut() {
        let statement = candidate.statement;
        let passage = &passages[statement.passage];
        candidate.coverage = weighted_share(&candidate.hits[..own], &own_weights);
        if candidate.is_on_topic && !statement.is_entry {
            candidate.coverage += (1.0 - candidate.coverage) * TOPIC_CREDIT / (1.0 + statement.section_index as f32);
        }
        candidate.context_coverage = weighted_share(&candidate.hits[own..], &context_weights);
        let mut score = candidate.coverage + CONTEXT_BONUS * candidate.context_coverage;
        if candidate.coverage > 0.0 {
            candidate.fit = fit(question, statement, &candidate.facts);
        }
        if candidate.fit == Fit::Yes && question.answer_type != AnswerType::Anything {
            score += ANSWER_TYPE_BONUS;
        }
        if measure.as_ref().is_some_and(|measure| statement.own_terms.iter().any(|term| measure[*term as usize] > 0.0))
        {
            score += MEASURE_BONUS;
        }
        if statement.is_code && question.answer_type == AnswerType::Method {
            score += CODE_BONUS;
        }
        if top > 0.0 {
            score += PASSAGE_RANK_BONUS * (passage.score / top).max(0.0);
        }
        score += PROXIMITY_BONUS * bm25::proximity(&statement.terms, &query_terms).min(1.0);
        score += POSITION_BONUS / (1.0 + statement.unit_index as f32);
        if question.wants_newest && dates.len() > 1 {
            let age = passage.published_at.and_then(|date| dates.binary_search(&date).ok());
            score += NEWEST_BONUS * age.map_or(0.0, |rank| rank as f32 / (dates.len() - 1) as f32);
        }
        if !statement.is_entry && (statement.terms.len() < 5 || statement.terms.len() > 60) {
            score -= LENGTH_PENALTY;
        }
        if statement.is_entry && question.wants_all {
            score += LIST_ENTRY_BONUS;
        } else if statement.is_entry && !statement.key_terms.is_empty() && !candidate.key_matches {
            score -= NOT_KEYED_PENALTY;
        }
        candidate.score = score;
    }
}

fn weighted_share(hits: &[f32], weights: &[f32]) -> f32 {
    let total: f32 = weights.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    hits.iter().zip(weights).map(|(hit, weight)| hit * weight).sum::<f32>() / total
}

/// Inverse document frequency of a word among the statements, by its rarest term.
fn rarity(word: &QueryWord, corpus: &Corpus<'_>) -> f32 {
    let frequency = |term: TermId| corpus.statements.iter().filter(|statement| statement.terms.contains(&term)).count();
    let idf = |term: TermId| bm25::idf(frequency(term), corpus.statements.len());
    let terms = corpus.vocabulary.terms_of(word);
    let rarest = bm25::idf(0, corpus.statements.len());
    let has_unknown_term = terms.len() < word.terms.len();
    terms.into_iter().map(idf).fold(if has_unknown_term { rarest } else { MIN_WEIGHT }, f32::max)
}

/// The weight of each word: its rarity, or a fixed share of the highest possible rarity if no source uses it.
fn weights(words: &[QueryWord], is_known: &[bool], corpus: &Corpus<'_>) -> Vec<f32> {
    let rarest = bm25::idf(0, corpus.statements.len());
    let weight = |(word, is_known): (&QueryWord, &bool)| {
        let weight = match *is_known {
            true => rarity(word, corpus),
            false if word.is_name => rarest,
            false if word.is_generic => GENERIC_FACTOR * rarest,
            false => UNKNOWN_FACTOR * rarest,
        };
        if word.is_generic { GENERIC_FACTOR * weight } else { weight }
    };
    words.iter().zip(is_known).map(weight).collect()
}
