//! Compares a claim with a row of a table or a record.

use super::align::Alignment;
use super::matching::Candidate;

/// Whether all words of the first cell are in the claim.
pub(super) fn key_is_named(alignment: &Alignment<'_>) -> bool {
    let mut key = alignment.source().items.iter().enumerate().filter(|(_, item)| item.clause == 0 && !item.is_label);
    let mut has_key = false;
    let is_named = key.all(|(at, _)| {
        has_key = true;
        alignment.has(at)
    });
    has_key && is_named
}

/// Whether the row of the claim has another value where the claim has that of another row or column.
pub(super) fn has_other_cell(alignment: &Alignment<'_>, all: &[Candidate<'_>]) -> bool {
    if !key_is_named(alignment) {
        return false;
    }
    let items = &alignment.source().items;
    let is_value = |at: &usize| !items[*at].is_label && items[*at].clause > 0;
    let other_value = |clause: usize| alignment.rest_of(clause).any(|at| is_value(&at));
    let labelled: Vec<usize> = items
        .iter()
        .enumerate()
        .filter(|(at, item)| item.is_label && alignment.has(*at))
        .map(|(_, item)| item.clause)
        .collect();
    for (at, item) in alignment.missing() {
        let bit = 1 << at;
        let clause_of = |other: &Candidate<'_>| {
            let places = other.sentence.items.iter().zip(&other.relations);
            places
                .filter(|(place, relation)| !place.is_label && relation.same & bit != 0)
                .map(|(place, _)| place.clause)
                .next()
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
    values
        .into_iter()
        .any(|(_, place, _)| is_misplaced(place.clause) && labelled.iter().any(|clause| other_value(*clause)))
}
