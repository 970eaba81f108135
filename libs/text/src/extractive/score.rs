//! How much of a question each candidate covers, and what else speaks for it.

use super::candidates::Candidate;
use super::question::Question;
use super::reading::Reading;
use super::vocabulary::Term;
use super::words::Word;
use crate::bm25;

/// What else than its words speaks for a sentence, on the scale of the coverage.
const SUITS: f32 = 0.2;
const OF_CONTEXT: f32 = 0.4;
const OF_RANK: f32 = 0.15;
const OF_NEARNESS: f32 = 0.1;
const OF_PLACE: f32 = 0.05;
const FRESH: f32 = 0.2;
const TOO_SHORT_OR_LONG: f32 = 0.1;
/// A row where everything of a kind is asked for.
const ONE_OF_ALL: f32 = 0.5;
/// A row found by another cell than the one that names it.
const BESIDE_KEY: f32 = 0.1;
/// Of what a sentence lacks, the share that its place at the head of a section on what is asked makes up for.
const TOPIC: f32 = 0.8;
/// Share of its weight that a light word has.
const LIGHT: f32 = 0.35;
/// An ordinary word that nobody says weighs this share of the rarest: it may be another word for what is said.
const UNSAID: f32 = 0.65;
/// No word weighs less.
const LEAST: f32 = 0.1;

/// Sets coverage and score of each candidate.
pub(super) fn weigh(question: &Question, reading: &Reading<'_>, known: &[bool], candidates: &mut [Candidate<'_>]) {
    let own = question.words.len();
    let own_weights = weights(&question.words, &known[..own], reading);
    let around = weights(&question.context, &known[own..], reading);
    let wanted: Vec<Term> = question.words.iter().flat_map(|word| reading.vocabulary.terms_of(word)).collect();
    let passages = reading.passages;
    let top = passages.iter().map(|passage| passage.score).fold(0.0, f32::max);
    let mut dates: Vec<_> = passages.iter().filter_map(|passage| passage.published_at).collect();
    dates.sort_unstable();
    dates.dedup();
    for candidate in candidates.iter_mut() {
        let said = candidate.said;
        let passage = &passages[said.passage];
        candidate.coverage = share(&candidate.hits[..own], &own_weights);
        if candidate.is_topic && !said.is_entry {
            candidate.coverage += (1.0 - candidate.coverage) * TOPIC / (1.0 + said.depth as f32);
        }
        candidate.context = share(&candidate.hits[own..], &around);
        let mut score = candidate.coverage + OF_CONTEXT * candidate.context;
        candidate.suits = question.suits(&said.text, &candidate.facts);
        if candidate.suits {
            score += SUITS;
        }
        if top > 0.0 {
            score += OF_RANK * (passage.score / top).max(0.0);
        }
        score += OF_NEARNESS * bm25::proximity(&said.list, &wanted).min(1.0);
        score += OF_PLACE / (1.0 + said.unit as f32);
        if question.fresh && dates.len() > 1 {
            let age = passage.published_at.and_then(|date| dates.binary_search(&date).ok());
            score += FRESH * age.map_or(0.0, |rank| rank as f32 / (dates.len() - 1) as f32);
        }
        if !said.is_entry && (said.list.len() < 5 || said.list.len() > 60) {
            score -= TOO_SHORT_OR_LONG;
        }
        if said.is_entry && question.wants_all {
            score += ONE_OF_ALL;
        } else if said.is_entry && !said.key.is_empty() && !candidate.is_keyed {
            score -= BESIDE_KEY;
        }
        candidate.score = score;
    }
}

fn share(hits: &[f32], weights: &[f32]) -> f32 {
    let total: f32 = weights.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    hits.iter().zip(weights).map(|(hit, weight)| hit * weight).sum::<f32>() / total
}

/// How rare a word is among the statements, by the term of it that is rarest.
fn rarity(word: &Word, reading: &Reading<'_>) -> f32 {
    let holding = |term: Term| reading.statements.iter().filter(|said| said.list.contains(&term)).count();
    let idf = |term: Term| bm25::idf(holding(term), reading.statements.len());
    let terms = reading.vocabulary.terms_of(word);
    let rarest = bm25::idf(0, reading.statements.len());
    let lacks = terms.len() < word.terms.len();
    terms.into_iter().map(idf).fold(if lacks { rarest } else { LEAST }, f32::max)
}

/// The weight of each word. Those that no source says follow from how rare they could be at most.
fn weights(words: &[Word], known: &[bool], reading: &Reading<'_>) -> Vec<f32> {
    let rarest = bm25::idf(0, reading.statements.len());
    let weight = |(word, known): (&Word, &bool)| {
        let weight = match *known {
            true => rarity(word, reading),
            false if word.is_name => rarest,
            false if word.is_light => LIGHT * rarest,
            false => UNSAID * rarest,
        };
        if word.is_light { LIGHT * weight } else { weight }
    };
    words.iter().zip(known).map(weight).collect()
}
