//! Finds what a sentence has in the place of a detail of a claim: another name, another number, another subject.

use super::align::Alignment;
use super::matching::Candidate;
use super::sentence::Item;
use crate::facts::{Fact, Number};

/// Numbers of a sentence that are added up.
const MAX_OPERANDS: usize = 8;

/// Whether the sentence has something else in the place of a detail of the claim.
pub(super) fn has_rival(alignment: &Alignment<'_>, all: &[Candidate<'_>]) -> bool {
    let rest = alignment.rest();
    let items = &alignment.source().items;
    let first = alignment.claim.items.iter().position(Item::is_telling);
    for (at, item) in alignment.missing() {
        let bit = 1 << at;
        if rest.iter().any(|other| alignment.candidate.relations[*other].rival & bit != 0) {
            if !is_derived(alignment, item) {
                return true;
            }
        } else if item.is_name {
            let extends = is_part_of_found_name(alignment, at);
            if !extends && rest.iter().any(|other| is_rival_name(alignment, item, &items[*other])) {
                return true;
            }
        } else if item.fact.is_none() && is_elsewhere(alignment, all, bit) && has_rival_in_role(alignment, item, &rest)
        {
            return true;
        } else if Some(at) == first && item.fact.is_none() && is_elsewhere(alignment, all, bit) {
            let is_subject = |other: &usize| is_own_subject(alignment, *other);
            if item.role.is_none() && (rest.iter().any(is_subject) || opens_sentence(alignment)) {
                return true;
            }
        }
    }
    crosses_rival(alignment)
        || moves_modifier(alignment, true)
        || borrows_subject(alignment)
        || exchanges_names(alignment)
}

/// Whether a number is the sum or difference of two in the sentence, or a monthly one in a year: nothing it contradicts.
fn is_derived(alignment: &Alignment<'_>, item: &Item) -> bool {
    let Some(Fact::Number(own)) = &item.fact else { return false };
    let numbers: Vec<&Number> = alignment
        .source()
        .items
        .iter()
        .filter_map(|item| match &item.fact {
            Some(Fact::Number(number)) => Some(number),
            _ => None,
        })
        .take(MAX_OPERANDS)
        .collect();
    // A number that alone differs is another one.
    let is_alone = alignment.missing().count() == 1;
    numbers.iter().enumerate().any(|(at, a)| {
        let of_two = |b: &&Number| own.is_sum_of(a, b) || a.is_sum_of(own, b) || b.is_sum_of(own, a);
        own.is_multiple_of(a, 12.0) || (!is_alone && numbers[..at].iter().any(of_two))
    })
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
    (other.is_name || other.is_initial) && same_role && is_used && !clause.has_pronoun && !clause.has_possessive
}

/// Whether another word stands after the same preposition: "to the buyer" for "to the seller".
fn has_rival_in_role(alignment: &Alignment<'_>, item: &Item, rest: &[usize]) -> bool {
    let items = &alignment.source().items;
    let is_used = |clause: usize| alignment.pairs().any(|(item, place, _)| item.is_telling() && place.clause == clause);
    item.is_governed
        && rest
            .iter()
            .map(|at| &items[*at])
            .any(|other| other.is_governed && other.role == item.role && other.fact.is_none() && is_used(other.clause))
}

/// Whether another sentence of the passage has the item.
fn is_elsewhere(alignment: &Alignment<'_>, all: &[Candidate<'_>], bit: u64) -> bool {
    all.iter().any(|other| other.index != alignment.candidate.index && other.covered & bit != 0)
}

/// Whether an item that the claim lacks stands before all others of its clause: another subject.
pub(super) fn is_own_subject(alignment: &Alignment<'_>, at: usize) -> bool {
    let item = &alignment.source().items[at];
    let first = alignment.pairs().filter(|(_, place, _)| place.clause == item.clause).map(|(.., at)| at).min();
    let clause = &alignment.source().clauses[item.clause];
    let opens = opens_sentence(alignment) && at == 0;
    let is_before = !clause.has_pronoun && first.is_some_and(|first| at < first);
    item.role.is_none() && item.fact.is_none() && (is_before || opens)
}

/// Whether the sentence begins with a subject of its own, which no pronoun takes up.
pub(super) fn opens_sentence(alignment: &Alignment<'_>) -> bool {
    let first = alignment.source().items.first();
    let has_pronoun = alignment.source().clauses.first().is_some_and(|clause| clause.has_pronoun);
    first.is_some_and(|first| first.role.is_none() && first.is_telling() && first.fact.is_none())
        && !alignment.has(0)
        && !has_pronoun
}

/// Whether a detail of the claim stands in one clause, and most of the claim in another that has something else in its
/// place.
fn crosses_rival(alignment: &Alignment<'_>) -> bool {
    let items = &alignment.source().items;
    let used = used_clauses(alignment);
    let is_rival = |at: usize, own: &Item, other: usize| {
        let relation = &alignment.candidate.relations[other];
        let is_name = own.is_name || alignment.places[at].is_some_and(|place| items[place].is_name);
        let clause = alignment.places[at].map_or(0, |place| items[place].clause);
        let exchanges = own.is_governed && items[other].is_governed && own.role == items[other].role;
        let are_words = own.fact.is_none() && items[other].fact.is_none();
        (relation.rival | relation.opposed) & (1 << at) != 0
            || (exchanges && are_words && alignment.rest_of(clause).next().is_some())
            || (is_name && is_rival_name(alignment, own, &items[other]))
    };
    let placed =
        alignment.places.iter().enumerate().filter_map(|(at, place)| place.map(|place| (at, items[place].clause)));
    placed.into_iter().any(|(at, clause)| {
        let own = &alignment.claim.items[at];
        // "Repairs are done by the owner, small ones by the tenant": the second clause is complete.
        let is_contrasted = alignment.source().clauses[clause].is_contrasted;
        let is_at_home = has_neighbour(alignment, at, clause);
        let is_parallel =
            alignment.rest_of(clause).next().is_none() && (is_contrasted || has_company(alignment, at, clause));
        used.iter().filter(|(other, _)| !(is_parallel && clause > *other)).any(|(other, count)| {
            let mut rest = alignment.rest_of(*other).peekable();
            let only_rivals = rest.peek().is_some()
                && alignment.rest_of(*other).all(|rest| is_rival(at, own, rest) || omits_unit(own, &items[rest]));
            let is_far = *other != clause && ((*count >= 2 && !is_at_home) || only_rivals);
            is_far
                && (only_rivals
                    || rest.any(|rest| is_rival(at, own, rest))
                    || has_other_apposition(alignment, own, *other))
        })
    })
}

/// Whether names of two clauses changed places: "A sells, B refuses" and "B sells, A refuses".
fn exchanges_names(alignment: &Alignment<'_>) -> bool {
    let pairs: Vec<_> = alignment.pairs().filter(|(item, ..)| item.is_telling()).collect();
    let is_name = |item: &Item, place: &Item| item.is_name || place.is_name;
    let is_moved = |clause: usize| {
        let own = || pairs.iter().filter(move |(item, ..)| item.clause == clause);
        let name = own().find(|(item, place, _)| is_name(item, place)).map(|(_, place, _)| place.clause);
        let mut others =
            own().filter(|(item, place, _)| !is_name(item, place)).map(|(_, place, _)| place.clause).peekable();
        others.peek().is_some() && name.is_some_and(|name| others.all(|other| other != name))
    };
    (0..alignment.claim.clauses.len()).filter(|clause| is_moved(*clause)).nth(1).is_some()
}

/// Whether the claim has its subject from one clause and all else from another, which has a subject of its own.
fn borrows_subject(alignment: &Alignment<'_>) -> bool {
    let mut pairs = alignment.pairs().filter(|(item, ..)| item.is_telling());
    let Some((first, place, _)) = pairs.next() else { return false };
    let subject = place.clause;
    let others: Vec<usize> = pairs.map(|(_, place, _)| place.clause).skip_while(|clause| *clause == subject).collect();
    let Some(predicate) = others.first().copied() else { return false };
    let is_whole = others.len() >= 2 && others.iter().all(|clause| *clause == predicate);
    first.role.is_none()
        && first.fact.is_none()
        && is_whole
        && alignment.rest_of(subject).next().is_some()
        && alignment.rest_of(predicate).any(|at| is_own_subject(alignment, at))
}

/// Whether the word before or after an item in the claim, apart from its own name, stands in the same clause as it.
fn has_neighbour(alignment: &Alignment<'_>, at: usize, clause: usize) -> bool {
    let own = &alignment.claim.items[at];
    let items = &alignment.source().items;
    let is_near = |other: usize| {
        let item = &alignment.claim.items[other];
        let is_other = item.is_telling() && !(own.is_name && item.is_name);
        is_other.then(|| alignment.places[other].is_some_and(|place| items[place].clause == clause))
    };
    let before = (0..at).rev().find_map(is_near);
    let after = (at + 1..alignment.places.len()).find_map(is_near);
    before == Some(true) || after == Some(true)
}

/// Whether a number has no unit, as that of the one before it is meant: "adults pay 400 euros, students 200".
fn omits_unit(own: &Item, other: &Item) -> bool {
    let unit = |item: &Item| match &item.fact {
        Some(Fact::Number(number)) => Some(number.unit),
        _ => None,
    };
    matches!((unit(own), unit(other)), (Some(Some(_)), Some(None)))
}

/// Whether a clause has another item of the claim, apart from the words of one name.
fn has_company(alignment: &Alignment<'_>, at: usize, clause: usize) -> bool {
    let own = &alignment.claim.items[at];
    alignment.pairs().any(|(item, place, _)| {
        place.clause == clause && item.is_telling() && item.at != own.at && !(own.is_name && item.is_name)
    })
}

/// Whether a clause without a name goes on about that of the clause before it: "Ms Winter, the head of finance, left".
fn has_other_apposition(alignment: &Alignment<'_>, own: &Item, clause: usize) -> bool {
    let items = &alignment.source().items;
    let names_in =
        |clause: usize| items.iter().enumerate().filter(move |(_, item)| item.clause == clause && item.is_name);
    let has_subject = names_in(clause).next().is_some() || alignment.source().clauses[clause].has_pronoun;
    if !own.is_name || clause == 0 || has_subject {
        return false;
    }
    let mut before = names_in(clause - 1).peekable();
    before.peek().is_some() && before.all(|(at, _)| !alignment.has(at))
}

/// The clauses with items of the claim, each with how many it has, up to two.
fn used_clauses(alignment: &Alignment<'_>) -> Vec<(usize, usize)> {
    let mut used: Vec<(usize, usize)> = Vec::new();
    for (item, place, _) in alignment.pairs() {
        match used.iter_mut().find(|(clause, _)| *clause == place.clause) {
            _ if !item.is_telling() => {}
            Some((_, count)) => *count = 2,
            None => used.push((place.clause, 1)),
        }
    }
    used
}

/// Whether the claim takes parts of clauses that each say something else.
pub(super) fn is_scattered(alignment: &Alignment<'_>) -> bool {
    let clauses = used_clauses(alignment);
    clauses.iter().filter(|(clause, _)| alignment.rest_of(*clause).next().is_some()).count() >= 2
}

/// Whether a modifier is that of another word: "the power button" of "the WPS button … the power light".
pub(super) fn moves_modifier(alignment: &Alignment<'_>, both: bool) -> bool {
    let items = &alignment.source().items;
    let is_rest = |at: usize, clause: usize| {
        items.get(at).is_some_and(|item| item.clause == clause && item.is_telling() && !alignment.has(at))
    };
    let pairs: Vec<_> = alignment.pairs().collect();
    pairs.windows(2).any(|two| {
        let ((modifier, left, left_at), (word, right, right_at)) = (two[0], two[1]);
        let are_joined = word.at == modifier.at + 1 && word.clause == modifier.clause;
        let is_apart = left.clause == right.clause && left_at + 1 != right_at && left_at + 2 != right_at;
        let has_other = right_at > 0 && is_rest(right_at - 1, right.clause) && items[right_at - 1].at + 1 == right.at;
        let had_other = is_rest(left_at + 1, left.clause) && items[left_at + 1].at == left.at + 1;
        are_joined && is_apart && has_other && (had_other || !both) && left.fact.is_none() && right.fact.is_none()
    })
}
