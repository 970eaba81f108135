//! Judges a claim by the sentence of a passage that is closest to it.

use super::align::Alignment;
use super::matching::Candidate;
use super::operators::{self, Finding};
use super::parse::Item;

/// What one sentence of a passage says about a claim, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ruling {
    Contradicted,
    /// They have next to nothing in common.
    Unrelated,
    /// It says a part of it, or this cannot be told.
    Open,
    Supported,
}

/// Share of the claim below which a sentence does not speak of it …
const MIN_RELATED: f32 = 0.3;
/// … and from which a difference in a detail or in what it means contradicts it.
const MIN_RIVALLED: f32 = 0.35;
const MIN_COMPARED: f32 = 0.5;
/// Sentences before one in which the subject of a pronoun may stand.
const MAX_BACK: usize = 3;

/// Judges by one candidate of `all`, the sentences of the passage.
pub(super) fn judge(alignment: &Alignment<'_>, all: &[Candidate<'_>]) -> Ruling {
    let coverage = alignment.coverage();
    let rivalled = if alignment.source().is_row { has_other_cell(alignment, all) } else { has_rival(alignment, all) };
    if rivalled && coverage >= MIN_RIVALLED {
        return Ruling::Contradicted;
    }
    let explained: Vec<usize> = operators::opposed(alignment)
        .chain(operators::related(alignment, |relation| relation.converse))
        .collect();
    let finding = operators::compare(alignment);
    let is_close = coverage >= MIN_COMPARED || (!explained.is_empty() && coverage >= MIN_RIVALLED);
    if finding == Finding::Contradicts && is_close {
        return Ruling::Contradicted;
    }
    if coverage < MIN_RELATED && explained.is_empty() {
        return Ruling::Unrelated;
    }
    let missing: Vec<(usize, &Item)> = alignment.missing().filter(|(at, _)| !explained.contains(at)).collect();
    let is_complete = if alignment.source().is_row {
        missing.is_empty() && key_is_named(alignment)
    } else {
        (missing.is_empty() && !is_scattered(alignment)) || is_continued(alignment, &missing, all)
    };
    if finding == Finding::Agrees && is_complete { Ruling::Supported } else { Ruling::Open }
}

/// Whether the sentence has something else in the place of a detail of the claim.
fn has_rival(alignment: &Alignment<'_>, all: &[Candidate<'_>]) -> bool {
    let rest = alignment.rest();
    let items = &alignment.source().items;
    let first = alignment.claim.items.iter().position(Item::is_telling);
    for (at, item) in alignment.missing() {
        let bit = 1 << at;
        if rest.iter().any(|other| alignment.candidate.relations[*other].rival & bit != 0) {
            return true;
        }
        if item.is_name {
            let extends = is_part_of_found_name(alignment, at);
            if !extends && rest.iter().any(|other| is_rival_name(alignment, item, &items[*other])) {
                return true;
            }
        } else if Some(at) == first && item.fact.is_none() && is_elsewhere(alignment, all, bit) {
            let is_subject = |other: &usize| is_own_subject(alignment, *other);
            if item.role.is_none() && rest.iter().any(is_subject) {
                return true;
            }
        }
    }
    crosses_rival(alignment)
}

fn is_part_of_found_name(alignment: &Alignment<'_>, at: usize) -> bool {
    let items = &alignment.claim.items;
    let is_found = |other: usize| {
        items[other].is_name && items[other].at.abs_diff(items[at].at) == 1 && alignment.places[other].is_some()
    };
    (at > 0 && is_found(at - 1)) || (at + 1 < alignment.places.len() && is_found(at + 1))
}

fn is_rival_name(alignment: &Alignment<'_>, own: &Item, other: &Item) -> bool {
    let clause = &alignment.source().clauses[other.clause];
    let is_core = |role: Option<&str>| matches!(role, None | Some("by"));
    let same_role = own.role == other.role || (is_core(own.role) && is_core(other.role));
    let is_used = alignment.pairs().any(|(item, place, _)| item.is_telling() && place.clause == other.clause);
    other.is_name && same_role && is_used && !clause.has_pronoun && !clause.has_possessive
}

/// Whether another sentence of the passage has the item.
fn is_elsewhere(alignment: &Alignment<'_>, all: &[Candidate<'_>], bit: u64) -> bool {
    all.iter().any(|other| other.index != alignment.candidate.index && other.covered & bit != 0)
}

/// Whether an item that the claim lacks stands before all others of its clause: another subject.
fn is_own_subject(alignment: &Alignment<'_>, at: usize) -> bool {
    let item = &alignment.source().items[at];
    let first = alignment.pairs().filter(|(_, place, _)| place.clause == item.clause).map(|(.., at)| at).min();
    let clause = &alignment.source().clauses[item.clause];
    item.role.is_none() && item.fact.is_none() && !clause.has_pronoun && first.is_some_and(|first| at < first)
}

/// Whether neighbours in the claim stand in different clauses, one of which has another name in that place.
fn crosses_rival(alignment: &Alignment<'_>) -> bool {
    let pairs: Vec<_> = alignment.pairs().filter(|(item, ..)| item.is_telling()).collect();
    let items = &alignment.source().items;
    pairs.windows(2).any(|two| {
        let ((left, left_place, _), (right, right_place, _)) = (two[0], two[1]);
        if left_place.clause == right_place.clause || left.clause != right.clause {
            return false;
        }
        let rivalled = |own: &Item, clause: usize| {
            own.is_name && alignment.rest_of(clause).any(|at| is_rival_name(alignment, own, &items[at]))
        };
        rivalled(left, right_place.clause) || rivalled(right, left_place.clause)
    })
}

/// Whether the claim takes parts of clauses that each say something else.
fn is_scattered(alignment: &Alignment<'_>) -> bool {
    let mut clauses: Vec<usize> =
        alignment.pairs().filter(|(item, ..)| item.is_telling()).map(|(_, place, _)| place.clause).collect();
    clauses.sort_unstable();
    clauses.dedup();
    let incomplete = clauses.iter().filter(|clause| alignment.rest_of(**clause).count() >= 2).count();
    incomplete >= 2
}

/// Whether what the sentence lacks stands in a heading or just before it, and the sentence goes on about it.
fn is_continued(alignment: &Alignment<'_>, missing: &[(usize, &Item)], all: &[Candidate<'_>]) -> bool {
    let index = alignment.candidate.index;
    let before = all[..index].iter().enumerate();
    let context = before
        .filter(|(at, other)| index - at <= MAX_BACK || other.sentence.is_heading)
        .fold(0, |set, (_, other)| set | other.covered);
    let is_known = |(at, item): &(usize, &Item)| context & (1 << at) != 0 && item.fact.is_none();
    if missing.is_empty() || !missing.iter().all(is_known) || alignment.coverage() < MIN_COMPARED {
        return false;
    }
    let rest = alignment.rest();
    let items = &alignment.source().items;
    let has_own_subject = rest.iter().any(|at| is_own_subject(alignment, *at) || items[*at].is_name);
    let refers = alignment.used_clauses().iter().any(|clause| clause.has_pronoun);
    !has_own_subject && (refers || rest.len() <= 1) && !is_scattered(alignment)
}

/// Whether all words of the first cell are in the claim.
fn key_is_named(alignment: &Alignment<'_>) -> bool {
    let mut key = alignment.source().items.iter().enumerate().filter(|(_, item)| item.clause == 0 && !item.is_label);
    let mut has_key = false;
    let is_named = key.all(|(at, _)| {
        has_key = true;
        alignment.places.contains(&Some(at))
    });
    has_key && is_named
}

/// Whether the row of the claim has another value where the claim has that of another row or column.
fn has_other_cell(alignment: &Alignment<'_>, all: &[Candidate<'_>]) -> bool {
    if !key_is_named(alignment) {
        return false;
    }
    let items = &alignment.source().items;
    let is_value = |at: &usize| !items[*at].is_label && items[*at].clause > 0;
    let other_value = |clause: usize| alignment.rest_of(clause).any(|at| is_value(&at));
    let labelled: Vec<usize> = items
        .iter()
        .enumerate()
        .filter(|(at, item)| item.is_label && alignment.places.contains(&Some(*at)))
        .map(|(_, item)| item.clause)
        .collect();
    for (at, item) in alignment.missing() {
        let bit = 1 << at;
        let clause_of = |other: &Candidate<'_>| {
            let places = other.sentence.items.iter().zip(&other.relations);
            places.filter(|(place, relation)| !place.is_label && relation.same & bit != 0).map(|(place, _)| place.clause).next()
        };
        let rows = all.iter().filter(|other| other.sentence.is_row && other.index != alignment.candidate.index);
        if rows.filter_map(clause_of).any(|clause| clause > 0 && other_value(clause)) {
            return true;
        }
        let rival = |at: &usize| alignment.candidate.relations[*at].rival & bit != 0;
        let in_column = |at: &usize| labelled.is_empty() || labelled.contains(&items[*at].clause);
        if item.fact.is_some() && alignment.rest().iter().any(|at| is_value(at) && rival(at) && in_column(at)) {
            return true;
        }
    }
    // A value of this row under the name of another column.
    let values = alignment.pairs().filter(|(_, place, at)| is_value(at) && place.fact.is_some());
    let is_misplaced = |clause: usize| !labelled.is_empty() && !labelled.contains(&clause);
    values.into_iter().any(|(_, place, _)| is_misplaced(place.clause) && labelled.iter().any(|clause| other_value(*clause)))
}
