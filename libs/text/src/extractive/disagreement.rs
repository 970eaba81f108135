//! Finds statements of different sources that say different things about the same.

use chrono::{DateTime, Utc};

use super::candidates::Candidate;
use super::corpus::Corpus;
use super::vocabulary::TermId;
use crate::facts::Fact;

/// Topic overlap from which two sentences can disagree about a value, and about whether something is so.
const SAME_TOPIC: f32 = 0.5;
const SAME_STATEMENT: f32 = 0.7;

/// Pairs (positions in `selected`) from different sources that disagree about the same subject.
pub(super) fn disagreements(
    corpus: &Corpus<'_>,
    candidates: &[Candidate<'_>],
    selected: &[usize],
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (second, later) in selected.iter().enumerate() {
        for (first, earlier) in selected[..second].iter().enumerate() {
            let (a, b) = (&candidates[*earlier], &candidates[*later]);
            if a.statement.source != b.statement.source && have_same_subject(corpus, a, b) && disagree(a, b) {
                pairs.push((first, second));
            }
        }
    }
    pairs
}

/// Positions of `selected` with the newer of two disagreeing statements first.
pub(super) fn newest_first(
    pairs: &[(usize, usize)],
    selected: &[usize],
    date: impl Fn(usize) -> Option<DateTime<Utc>>,
) -> Vec<usize> {
    let mut order = selected.to_vec();
    for (first, second) in pairs {
        let place = |index: usize| order.iter().position(|other| *other == selected[index]);
        let (Some(one), Some(other)) = (place(*first), place(*second)) else { continue };
        let is_older = date(order[one.min(other)]) < date(order[one.max(other)]);
        if is_older {
            let newer = order.remove(one.max(other));
            order.insert(one.min(other), newer);
        }
    }
    order
}

/// Whether two statements give different values or names, or one denies what the other says.
pub(super) fn disagree(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let overlap = topic_overlap(a, b);
    let values = overlap >= SAME_TOPIC && (contradict(a, b) || name_others(a, b));
    values || (overlap >= SAME_STATEMENT && is_negated(a) != is_negated(b))
}

/// Whether both speak of the same: neither has a name that the other one lacks, beside those that may be the answer,
/// and what a pronoun stands for is the same.
fn have_same_subject(corpus: &Corpus<'_>, a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let same = |a: &[TermId], b: &[TermId]| {
        a.is_empty()
            || b.is_empty()
            || a.iter().any(|term| b.contains(term) && !corpus.vocabulary.is_function_word(*term))
    };
    let (left, right) = (a.statement, b.statement);
    let names_agree = same(&left.subject_names, &right.subject_names);
    if !left.is_context_dependent && !right.is_context_dependent {
        return names_agree;
    }
    let subject = |candidate: &Candidate<'_>| -> Vec<TermId> {
        let statement = candidate.statement;
        if statement.is_context_dependent && !statement.antecedent_terms.is_empty() {
            return statement.antecedent_terms.clone();
        }
        statement.heading_terms.to_vec()
    };
    let (left, right) = (subject(a), subject(b));
    names_agree && !left.is_empty() && !right.is_empty() && same(&left, &right)
}

/// Whether each has a number, date or code of a type that the other has too, but with another value.
fn contradict(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let lacks = |a: &Candidate<'_>, b: &Candidate<'_>| {
        let mut exact = a.facts.iter().filter(|fact| fact.is_exact());
        exact.any(|fact| is_comparable(fact, &b.facts) && !b.facts.iter().any(|other| fact.is_supported_by(other)))
    };
    lacks(a, b) && lacks(b, a)
}

fn is_comparable(fact: &Fact, facts: &[Fact]) -> bool {
    facts.iter().any(|other| std::mem::discriminant(other) == std::mem::discriminant(fact))
}

/// Whether each names somebody whom the other does not, in a sentence that is the same otherwise.
fn name_others(a: &Candidate<'_>, b: &Candidate<'_>) -> bool {
    let names = |candidate: &Candidate<'_>| -> Vec<Fact> {
        candidate.facts.iter().filter(|fact| matches!(fact, Fact::Name(_))).cloned().collect()
    };
    let (left, right) = (names(a), names(b));
    let lacks = |a: &[Fact], b: &[Fact]| !a.is_empty() && a.iter().all(|name| !b.contains(name));
    let is_person = a.fit == super::fit::Fit::Yes && b.fit == super::fit::Fit::Yes;
    is_person
        && !left.is_empty()
        && left.len() == right.len()
        && lacks(&answer_names(&left, &right), &answer_names(&right, &left))
}

/// The names of `own` that `other` lacks.
fn answer_names(own: &[Fact], other: &[Fact]) -> Vec<Fact> {
    own.iter().filter(|name| !other.contains(name)).cloned().collect()
}

fn is_negated(candidate: &Candidate<'_>) -> bool {
    const NEGATIONS: &str = "not no never nobody none cannot can't isn't aren't не нет никогда нельзя запрещено запрещена nicht kein keine ne pas";
    crate::terms::words(&candidate.statement.text).any(|word| {
        let folded = crate::terms::fold(word);
        NEGATIONS.split(' ').any(|negation| negation == folded)
    })
}

/// Share of common terms, numbers aside (Jaccard).
pub(super) fn topic_overlap(a: &Candidate<'_>, b: &Candidate<'_>) -> f32 {
    let (a, b) = (&a.statement.word_terms, &b.statement.word_terms);
    let shared = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f32 / all as f32 }
}
