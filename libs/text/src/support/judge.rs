//! Judges a claim by the sentence of a passage that is closest to it.

use super::align::Alignment;
use super::cells::{has_other_cell, key_is_named};
use super::matching::Candidate;
use super::operators::{self, Finding};
use super::rivals::{has_rival, is_own_subject, is_scattered, moves_modifier, opens_sentence};
use super::sentence::Item;

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
const MIN_COMPARED: f32 = 0.6;
/// … and from which one that goes on about something may have all of it.
const MIN_CONTINUED: f32 = 0.4;
/// Sentences before one in which the subject of a pronoun may stand.
const MAX_BACK: usize = 2;

/// Judges by one candidate of `all`, the sentences of the passage.
pub(super) fn judge(alignment: &Alignment<'_>, all: &[Candidate<'_>]) -> Ruling {
    let coverage = alignment.coverage();
    let rivalled = if alignment.source().is_row { has_other_cell(alignment, all) } else { has_rival(alignment, all) };
    if rivalled && coverage >= MIN_RIVALLED {
        return Ruling::Contradicted;
    }
    let explained: Vec<usize> =
        operators::opposed(alignment).chain(operators::related(alignment, |relation| relation.converse)).collect();
    let finding = operators::compare(alignment);
    let speaks = alignment.pairs().any(|(item, ..)| item.is_telling() && !item.is_name);
    let is_close = speaks && (coverage >= MIN_COMPARED || (!explained.is_empty() && coverage >= MIN_RIVALLED));
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
        (missing.is_empty() && !is_scattered(alignment) && !moves_modifier(alignment, false))
            || is_continued(alignment, &missing, all)
    };
    if finding == Finding::Agrees && is_complete { Ruling::Supported } else { Ruling::Open }
}

/// Whether what the sentence lacks stands in a heading or just before it, and the sentence goes on about it.
fn is_continued(alignment: &Alignment<'_>, missing: &[(usize, &Item)], all: &[Candidate<'_>]) -> bool {
    let context = context_of(alignment.candidate.index, all);
    let is_known = |(at, item): &(usize, &Item)| context & (1 << at) != 0 && item.fact.is_none();
    if missing.is_empty() || !missing.iter().all(is_known) || alignment.coverage() < MIN_CONTINUED {
        return false;
    }
    let rest = alignment.rest();
    let items = &alignment.source().items;
    // The nearest name is what the sentence goes on about.
    let names = items.iter().enumerate().filter(|(at, item)| item.is_name && !alignment.has(*at));
    let has_own_name = names.into_iter().any(|(_, item)| item.clause < alignment.run.end && !item.is_excluded);
    let has_own_subject =
        has_own_name || opens_sentence(alignment) || rest.iter().any(|at| is_own_subject(alignment, *at));
    let refers = alignment.used_clauses().iter().any(|clause| clause.has_pronoun);
    !has_own_subject && (refers || rest.is_empty()) && !is_scattered(alignment)
}

/// The items of the claim that the headings and the sentences before one have; of names only those that a sentence
/// begins with, as its pronouns take them up.
fn context_of(index: usize, all: &[Candidate<'_>]) -> u64 {
    let mut context = 0;
    for (at, other) in all[..index].iter().enumerate() {
        if !other.sentence.is_heading && index - at > MAX_BACK {
            continue;
        }
        let first_name = other.sentence.items.iter().position(|item| item.is_name).unwrap_or(usize::MAX);
        let mut is_subject = true;
        for (place, item) in other.sentence.items.iter().enumerate() {
            is_subject &= place <= first_name || item.is_name;
            if !item.is_name || is_subject || other.sentence.is_heading {
                context |= other.relations[place].same;
            }
        }
    }
    context
}
