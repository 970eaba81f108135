//! Chooses the sentences of the answer.

use std::collections::HashMap;

use super::candidates::Candidate;
use super::question::Question;
use super::words::Word;
use crate::facts::Fact;
use crate::terms::{self, fold};

/// Share of the question (weighted) that the best sentence must cover: less is no answer, only near one.
const ANSWERS: f32 = 0.42;
const NEAR: f32 = 0.28;
/// With two words or more that nobody says, the rest must make up for it.
const ANSWERS_DESPITE: f32 = 0.6;
/// A further sentence covers at least this much, and scores at least this share of the best.
const BELONGS: f32 = 0.3;
const OF_BEST: f32 = 0.75;
/// Rows answer together only if they cover the same.
const OF_BEST_ENTRY: f32 = 0.95;
/// A further sentence belongs as much to what the question leans on.
const OF_BEST_CONTEXT: f32 = 0.6;
/// Passages shown when nothing answers.
const MAX_NEAR: usize = 3;
/// A word that counts this much is said by the sentence, or by the heading or column it stands under.
const SAID: f32 = 0.55;
/// … or by the title of its source.
const SAID_AROUND: f32 = 0.5;
/// Resemblance or containment from which a sentence repeats another.
const REPEATS: f32 = 0.55;
/// Share of common words (numbers aside) from which two sentences speak of one thing.
const SAME_MATTER: f32 = 0.5;

/// Chosen candidates in reading order.
pub(super) struct Choice {
    pub(super) places: Vec<usize>,
    /// They answer; otherwise they only come near.
    pub(super) direct: bool,
}

/// Chooses what answers `question`, or else what comes nearest.
pub(super) fn choose(question: &Question, candidates: &[Candidate<'_>], max_sentences: usize) -> Choice {
    let mut order: Vec<usize> = (0..candidates.len()).filter(|place| candidates[*place].coverage >= NEAR).collect();
    order.sort_by(|a, b| candidates[*b].score.total_cmp(&candidates[*a].score));
    if let Some(best) = order.iter().copied().find(|place| answers(question, candidates, &candidates[*place])) {
        let places = further(question, candidates, &order, best, max_sentences);
        return Choice { places, direct: true };
    }
    order.retain(|place| speaks_of(question, &candidates[*place], SAID));
    let mut places: Vec<usize> = Vec::new();
    for place in order {
        if places.len() < max_sentences.min(MAX_NEAR) && is_new(candidates, place, &places) {
            add(candidates, place, max_sentences.min(MAX_NEAR), &mut places);
        }
    }
    reading_order(candidates, &mut places);
    Choice { places, direct: false }
}

/// Whether a candidate covers enough of the question, and every name in it.
fn answers(question: &Question, candidates: &[Candidate<'_>], candidate: &Candidate<'_>) -> bool {
    let mut unsaid = 0;
    for (index, word) in question.words.iter().enumerate() {
        if candidate.hits[index] > 0.0 {
            continue;
        }
        if word.is_name {
            return false;
        }
        let nowhere = candidates.iter().all(|other| other.hits[index] <= 0.0);
        unsaid += usize::from(nowhere && !word.is_light);
    }
    let telling = question.words.iter().zip(&candidate.hits).filter(|(word, _)| !word.is_light);
    let (said, all) = telling.fold((0, 0), |(said, all), (_, hit)| (said + usize::from(*hit >= SAID_AROUND), all + 1));
    let needed = if unsaid > 1 { ANSWERS_DESPITE } else { ANSWERS };
    candidate.coverage >= needed && said * 2 >= all && speaks_of(question, candidate, 0.0)
}

/// Whether a candidate says a telling word for more than `least`. A bare number is in many places.
fn speaks_of(question: &Question, candidate: &Candidate<'_>, least: f32) -> bool {
    let is_telling = |word: &&Word| !word.is_light && word.surface.contains(char::is_alphabetic);
    if !question.words.iter().any(|word| is_telling(&word)) {
        return candidate.hits.iter().any(|hit| *hit > least);
    }
    let mut hits = question.words.iter().zip(&candidate.hits).filter(|(word, _)| is_telling(word));
    hits.any(|(_, hit)| *hit > least)
}

/// The best sentence, and those that add to it.
fn further(
    question: &Question,
    candidates: &[Candidate<'_>],
    order: &[usize],
    best: usize,
    max_sentences: usize,
) -> Vec<usize> {
    let top = &candidates[best];
    let mut chosen: Vec<usize> = Vec::new();
    for place in std::iter::once(best).chain(order.iter().copied().filter(|place| *place != best)) {
        let candidate = &candidates[place];
        if chosen.len() >= max_sentences {
            break;
        }
        let brings_new = (0..question.words.len())
            .any(|word| candidate.hits[word] > SAID && chosen.iter().all(|other| candidates[*other].hits[word] <= 0.0));
        let strong = candidate.score >= top.score * OF_BEST && (candidate.suits || !top.suits);
        let level = match (top.said.is_entry, candidate.said.is_entry) {
            (_, false) => (strong || brings_new) && candidate.context >= top.context * OF_BEST_CONTEXT,
            (true, true) => {
                candidate.coverage >= top.coverage * OF_BEST_ENTRY && candidate.context >= top.context * OF_BEST_ENTRY
            }
            (false, true) => candidate.score >= top.score || (strong && candidate.suits && !top.suits),
        };
        let pads = !brings_new && place != best && says_other_forms(question, top, candidate);
        if candidate.coverage >= BELONGS && level && !pads && is_new(candidates, place, &chosen) {
            add(candidates, place, max_sentences, &mut chosen);
        }
    }
    reading_order(candidates, &mut chosen);
    chosen
}

/// Whether the best sentence gives what is asked for in the words of the question, and another says one of these in another form only:
/// `rents` may be of another thing than `rent`, or a verb. Words of other scripts change their form in every sentence.
fn says_other_forms(question: &Question, best: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let forms = |candidate: &Candidate<'_>, word: &Word| -> (bool, bool) {
        let asked = fold(&word.surface);
        let said = terms::words(&candidate.said.text).map(fold);
        let forms: Vec<String> = said.filter(|said| terms::index_terms(said) == word.terms).collect();
        (forms.contains(&asked), forms.is_empty())
    };
    let telling = question.words.iter().filter(|word| !word.is_light && word.surface.is_ascii());
    best.suits
        && telling.into_iter().any(|word| {
            let (exact, none) = forms(other, word);
            !exact && !none && forms(best, word).0
        })
}

/// Whether it says something that those chosen do not.
pub(super) fn is_new(candidates: &[Candidate<'_>], place: usize, chosen: &[usize]) -> bool {
    let candidate = &candidates[place];
    let overlaps = |other: &Candidate<'_>| {
        other.said.passage == candidate.said.passage
            && other.said.range.start < candidate.said.range.end
            && candidate.said.range.start < other.said.range.end
    };
    chosen.iter().all(|other| {
        let other = &candidates[*other];
        !overlaps(other) && !repeats(candidate, other)
    })
}

/// Adds a sentence, with the one before it if it leans on that; a leaning sentence that cannot have it stays out.
fn add(candidates: &[Candidate<'_>], place: usize, max_sentences: usize, chosen: &mut Vec<usize>) {
    let candidate = &candidates[place];
    if !candidate.said.leans {
        chosen.push(place);
        return;
    }
    let before = place.checked_sub(1).filter(|before| {
        let earlier = &candidates[*before];
        earlier.said.passage == candidate.said.passage && earlier.said.unit + 1 == candidate.said.unit
    });
    let Some(before) = before else { return };
    if chosen.contains(&before) {
        chosen.push(place);
    } else if !candidates[before].said.leans && chosen.len() + 2 <= max_sentences {
        chosen.extend([before, place]);
    }
}

/// The same in nearly the same words; other numbers make it another statement.
fn repeats(candidate: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let alike = candidate.shingles.resemblance(&other.shingles) >= REPEATS
        || candidate.shingles.containment(&other.shingles) >= 0.8;
    (alike || same_matter(candidate, other) >= 0.8) && !contradict(candidate, other)
}

fn same_matter(a: &Candidate<'_>, b: &Candidate<'_>) -> f32 {
    let (a, b) = (&a.said.worded, &b.said.worded);
    let shared = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f32 / all as f32 }
}

/// Both have numbers or dates, and neither bears the other's out.
fn contradict(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let lacks = |a: &Candidate<'_>, b: &Candidate<'_>| {
        let mut exact = a.facts.iter().filter(|fact| fact.is_exact());
        exact.any(|fact| is_comparable(fact, &b.facts) && !b.facts.iter().any(|said| fact.is_said_by(said)))
    };
    lacks(a, b) && lacks(b, a)
}

fn is_comparable(fact: &Fact, facts: &[Fact]) -> bool {
    facts.iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(fact))
}

/// Pairs (positions in `chosen`) of different sources that speak of one thing with other numbers or dates.
pub(super) fn disagreeing(candidates: &[Candidate<'_>], chosen: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (second, later) in chosen.iter().enumerate() {
        for (first, earlier) in chosen[..second].iter().enumerate() {
            let (a, b) = (&candidates[*earlier], &candidates[*later]);
            if a.said.source != b.said.source && same_matter(a, b) >= SAME_MATTER && contradict(a, b) {
                pairs.push((first, second));
            }
        }
    }
    pairs
}

fn reading_order(candidates: &[Candidate<'_>], chosen: &mut [usize]) {
    let mut best: HashMap<usize, f32> = HashMap::new();
    for place in chosen.iter() {
        let top = best.entry(candidates[*place].said.passage).or_insert(f32::MIN);
        *top = top.max(candidates[*place].score);
    }
    chosen.sort_by(|a, b| {
        let (a, b) = (&candidates[*a], &candidates[*b]);
        best[&b.said.passage]
            .total_cmp(&best[&a.said.passage])
            .then(a.said.passage.cmp(&b.said.passage))
            .then(a.said.unit.cmp(&b.said.unit))
    });
}
