//! How much of a question each candidate covers, and what else speaks for it.

use super::candidates::{Candidate, Sources};
use super::question::Question;
use super::words::Word;
use crate::bm25::{self, Bm25};

/// What else than its words speaks for a sentence, on the scale of the coverage.
const SUITS: f32 = 0.2;
const OF_CONTEXT: f32 = 0.4;
const OF_RANK: f32 = 0.15;
const OF_NEARNESS: f32 = 0.1;
const OF_PLACE: f32 = 0.05;
const FRESH: f32 = 0.2;
const TOO_SHORT_OR_LONG: f32 = 0.1;
/// Of what a sentence lacks, the share that its place at the head of a section on what is asked makes up for.
const TOPIC: f32 = 0.8;
/// Share of its weight that a light word has.
const LIGHT: f32 = 0.35;
/// An ordinary word that nobody says weighs this much of the mean: it may be another word for what is said.
const UNSAID: f32 = 1.2;
/// A name that nobody says.
const UNSAID_NAME: f32 = 2.0;

/// Sets coverage and score of each candidate.
pub(super) fn weigh(question: &Question, sources: &Sources<'_>, candidates: &mut [Candidate]) {
    let documents: Vec<Vec<String>> = candidates.iter_mut().map(|found| std::mem::take(&mut found.list)).collect();
    let index = Bm25::new(&documents);
    let own = question.words.len();
    let weights = weights(&question.words, sources, &index);
    let around = weights_of_context(question, &index);
    let wanted: Vec<String> = question.words.iter().flat_map(|word| word.terms.clone()).collect();
    let passages = sources.passages;
    let top = passages.iter().map(|passage| passage.score).fold(0.0, f32::max);
    let mut dates: Vec<_> = passages.iter().filter_map(|passage| passage.published_at).collect();
    dates.sort_unstable();
    dates.dedup();
    for (candidate, terms) in candidates.iter_mut().zip(&documents) {
        let passage = &passages[candidate.passage];
        candidate.coverage = share(&candidate.hits[..own], &weights);
        if candidate.is_topic && !candidate.is_entry {
            candidate.coverage += (1.0 - candidate.coverage) * TOPIC / (1.0 + candidate.depth as f32);
        }
        let mut score = candidate.coverage + OF_CONTEXT * share(&candidate.hits[own..], &around);
        candidate.suits = question.suits(&candidate.text, &candidate.facts);
        if candidate.suits {
            score += SUITS;
        }
        if top > 0.0 {
            score += OF_RANK * (passage.score / top).max(0.0);
        }
        score += OF_NEARNESS * bm25::proximity(terms, &wanted).min(1.0);
        score += OF_PLACE / (1.0 + candidate.unit as f32);
        if question.fresh && dates.len() > 1 {
            let age = passage.published_at.and_then(|date| dates.binary_search(&date).ok());
            score += FRESH * age.map_or(0.0, |rank| rank as f32 / (dates.len() - 1) as f32);
        }
        if !candidate.is_entry && (terms.len() < 5 || terms.len() > 60) {
            score -= TOO_SHORT_OR_LONG;
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

/// The weight of each word: how rare it is among the candidates. Words that no source says follow from those that are said.
fn weights(words: &[Word], sources: &Sources<'_>, index: &Bm25<'_>) -> Vec<f32> {
    let rarity = |word: &Word| word.terms.iter().map(|term| index.idf(term)).fold(0.1, f32::max);
    let said: Vec<bool> = words.iter().map(|word| sources.said.values().any(|said| word.is_said(said))).collect();
    let full = |word: &Word| rarity(word) * if word.is_light { LIGHT } else { 1.0 };
    let known: Vec<f32> = words.iter().zip(&said).filter(|(_, said)| **said).map(|(word, _)| full(word)).collect();
    let mean = if known.is_empty() { 1.0 } else { known.iter().sum::<f32>() / known.len() as f32 };
    let weight = |(word, said): (&Word, &bool)| match *said {
        true => full(word),
        false if word.is_name => UNSAID_NAME * mean,
        false if word.is_light => LIGHT * LIGHT * mean,
        false => UNSAID * mean,
    };
    words.iter().zip(&said).map(weight).collect()
}

fn weights_of_context(question: &Question, index: &Bm25<'_>) -> Vec<f32> {
    let rarity = |word: &Word| word.terms.iter().map(|term| index.idf(term)).fold(0.1, f32::max);
    question.context.iter().map(|word| rarity(word) * if word.is_light { LIGHT } else { 1.0 }).collect()
}
