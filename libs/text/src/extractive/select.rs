//! Chooses the sentences of the answer.

use std::collections::HashMap;

use super::candidates::Candidate;
use super::question::Question;
use crate::facts::Fact;

/// Share of the question (weighted) that the best sentence must cover: less is no answer.
const ANSWERS: f32 = 0.4;
/// A further sentence covers at least this much, and scores at least this share of the best.
const BELONGS: f32 = 0.3;
const OF_BEST: f32 = 0.72;
/// Resemblance or containment from which a sentence repeats another.
const REPEATS: f32 = 0.55;
/// Share of common words (numbers aside) from which two sentences speak of one thing.
const SAME_MATTER: f32 = 0.5;

/// Places of the chosen candidates in reading order.
pub(super) fn choose(question: &Question, candidates: &[Candidate], max_sentences: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).filter(|place| candidates[*place].coverage >= BELONGS).collect();
    order.sort_by(|a, b| candidates[*b].score.total_cmp(&candidates[*a].score));
    let Some(best) = order.iter().copied().find(|place| candidates[*place].coverage >= ANSWERS) else {
        return Vec::new();
    };
    let least = candidates[best].score * OF_BEST;
    let mut chosen: Vec<usize> = Vec::new();
    order.retain(|place| *place != best);
    order.insert(0, best);
    for place in order {
        if chosen.len() >= max_sentences {
            break;
        }
        let brings_new = (0..question.keywords.len()).any(|keyword| {
            candidates[place].hits[keyword] > 0.5 && chosen.iter().all(|other| candidates[*other].hits[keyword] <= 0.0)
        });
        let strong = candidates[place].score >= least || brings_new;
        if chosen.contains(&place)
            || !strong
            || chosen.iter().any(|other| repeats(&candidates[place], &candidates[*other]))
        {
            continue;
        }
        add(candidates, place, max_sentences, &mut chosen);
    }
    reading_order(candidates, &mut chosen);
    chosen
}

/// Adds a sentence, with the one before it if it leans on that; a leaning sentence that cannot have it stays out.
fn add(candidates: &[Candidate], place: usize, max_sentences: usize, chosen: &mut Vec<usize>) {
    let candidate = &candidates[place];
    if !candidate.leans {
        chosen.push(place);
        return;
    }
    let before = place.checked_sub(1).filter(|before| {
        let earlier = &candidates[*before];
        earlier.passage == candidate.passage && earlier.unit + 1 == candidate.unit
    });
    let Some(before) = before else { return };
    if chosen.contains(&before) {
        chosen.push(place);
    } else if !candidates[before].leans && chosen.len() + 2 <= max_sentences {
        chosen.extend([before, place]);
    }
}

/// The same in nearly the same words; other numbers make it another statement.
fn repeats(candidate: &Candidate, other: &Candidate) -> bool {
    let alike = candidate.shingles.resemblance(&other.shingles) >= REPEATS
        || candidate.shingles.containment(&other.shingles) >= 0.8;
    (alike || same_matter(candidate, other) >= 0.8) && !contradict(candidate, other)
}

fn same_matter(a: &Candidate, b: &Candidate) -> f32 {
    let worded = |candidate: &Candidate| {
        candidate.terms.iter().filter(|term| !term.starts_with(|c: char| c.is_ascii_digit())).count()
    };
    let shared = a
        .terms
        .iter()
        .filter(|term| !term.starts_with(|c: char| c.is_ascii_digit()) && b.terms.contains(*term))
        .count();
    let all = worded(a) + worded(b) - shared;
    if all == 0 { 0.0 } else { shared as f32 / all as f32 }
}

/// Both have numbers or dates, and neither bears the other's out.
fn contradict(a: &Candidate, b: &Candidate) -> bool {
    let lacks = |a: &Candidate, b: &Candidate| {
        let mut exact = a.facts.iter().filter(|fact| fact.is_exact());
        exact.any(|fact| is_comparable(fact, &b.facts) && !b.facts.iter().any(|said| fact.is_said_by(said)))
    };
    lacks(a, b) && lacks(b, a)
}

fn is_comparable(fact: &Fact, facts: &[Fact]) -> bool {
    facts.iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(fact))
}

/// Pairs (positions in `chosen`) of different sources that speak of one thing with other numbers or dates.
pub(super) fn disagreeing(candidates: &[Candidate], chosen: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (second, later) in chosen.iter().enumerate() {
        for (first, earlier) in chosen[..second].iter().enumerate() {
            let (a, b) = (&candidates[*earlier], &candidates[*later]);
            if a.source != b.source && same_matter(a, b) >= SAME_MATTER && contradict(a, b) {
                pairs.push((first, second));
            }
        }
    }
    pairs
}

fn reading_order(candidates: &[Candidate], chosen: &mut [usize]) {
    let mut best: HashMap<usize, f32> = HashMap::new();
    for place in chosen.iter() {
        let top = best.entry(candidates[*place].passage).or_insert(f32::MIN);
        *top = top.max(candidates[*place].score);
    }
    chosen.sort_by(|a, b| {
        let (a, b) = (&candidates[*a], &candidates[*b]);
        best[&b.passage].total_cmp(&best[&a.passage]).then(a.passage.cmp(&b.passage)).then(a.unit.cmp(&b.unit))
    });
}
