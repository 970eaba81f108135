//! Compares how two aligned sentences mean what they say: negation, quantity, certainty and what words belong to.

use super::align::Alignment;
use super::exchange::exchange;
use super::lexicon::Quantity;
use super::sentence::{Clause, Item};
use crate::facts::Fact;

/// What a comparison finds, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Finding {
    Agrees,
    /// The sentence may say more than the passage.
    Doubtful,
    Contradicts,
}

/// The worst of all comparisons.
pub(super) fn compare(alignment: &Alignment<'_>) -> Finding {
    let used = alignment.used_clauses();
    let own: Vec<&Clause> = alignment.claim.clauses.iter().collect();
    [
        polarity(alignment, &own, &used),
        quantities(&own, &used),
        bounds(alignment),
        modality(&own, &used),
        times(alignment),
        attachments(alignment),
        restrictions(alignment),
        exchange(alignment),
    ]
    .into_iter()
    .max()
    .unwrap_or(Finding::Agrees)
}

pub(super) fn any(clauses: &[&Clause], has: fn(&Clause) -> bool) -> bool {
    clauses.iter().any(|clause| has(clause))
}

/// Whether one says what the other denies.
fn polarity(alignment: &Alignment<'_>, own: &[&Clause], used: &[&Clause]) -> Finding {
    let is_negated = |clause: &Clause| clause.is_negated;
    let negation_differs = if any(own, is_negated) && !own.iter().all(|clause| is_negated(clause)) {
        differs_in_a_clause(alignment)
    } else {
        any(own, is_negated) != any(used, is_negated)
    };
    let exclusion_differs = exclusion_differs(alignment);
    let is_opposed = opposed(alignment).next().is_some();
    let flips = usize::from(negation_differs) + usize::from(exclusion_differs) + usize::from(is_opposed);
    match flips {
        0 => Finding::Agrees,
        1 | 3 => Finding::Contradicts,
        // "not open" and "closed", "all but one" and "not that one".
        _ if is_opposed => Finding::Doubtful,
        _ => Finding::Agrees,
    }
}

/// Whether one excludes what the other states: "without a fan" and "with a fan".
fn exclusion_differs(alignment: &Alignment<'_>) -> bool {
    // What is excluded may begin with an adjective: "without written consent".
    let is_near = |items: &[Item], at: usize| {
        let before = at.checked_sub(1).map(|before| &items[before]);
        items[at].is_excluded || before.is_some_and(|before| before.is_excluded && before.at + 1 == items[at].at)
    };
    let places = alignment.places.iter().enumerate().filter_map(|(at, place)| place.map(|place| (at, place)));
    let (own, other) = (&alignment.claim.items, &alignment.source().items);
    places.into_iter().any(|(at, place)| {
        own[at].is_excluded != other[place].is_excluded && !(is_near(own, at) && is_near(other, place))
    })
}

/// Whether a clause of the claim is negated and its place is not, or the other way round.
fn differs_in_a_clause(alignment: &Alignment<'_>) -> bool {
    let is_parallel = alignment.claim.clauses.iter().any(|clause| clause.is_contrasted);
    let own = &alignment.claim.clauses;
    if !is_parallel {
        return any(&own.iter().collect::<Vec<_>>(), |clause| clause.is_negated)
            != any(&alignment.used_clauses(), |clause| clause.is_negated);
    }
    let clauses = own.iter().enumerate().filter_map(|(at, clause)| {
        let mut places = alignment.pairs().filter(|(item, ..)| item.clause == at).peekable();
        places.peek()?;
        let is_negated = places.any(|(_, place, _)| alignment.source().clauses[place.clause].is_negated);
        Some(clause.is_negated != is_negated)
    });
    clauses.into_iter().any(|differs| differs)
}

/// Items of the claim of which the sentence says the opposite in their place.
pub(super) fn opposed<'a>(alignment: &'a Alignment<'_>) -> impl Iterator<Item = usize> + 'a {
    related(alignment, |relation| relation.opposed).filter(|at| !has_converse(alignment, *at))
}

fn has_converse(alignment: &Alignment<'_>, at: usize) -> bool {
    related(alignment, |relation| relation.converse).any(|converse| converse == at)
}

/// Items of the claim without a place to which an item of the run that the claim does not have is so related.
pub(super) fn related<'a>(
    alignment: &'a Alignment<'_>,
    relation: fn(&super::matching::Relation) -> u64,
) -> impl Iterator<Item = usize> + 'a {
    let rest = alignment.rest();
    let set = rest.iter().fold(0, |set, at| set | relation(&alignment.candidate.relations[*at]));
    alignment.missing().map(|(at, _)| at).filter(move |at| set & (1 << at) != 0)
}

fn quantities(own: &[&Clause], used: &[&Clause]) -> Finding {
    let has =
        |clauses: &[&Clause], quantity: Quantity| clauses.iter().any(|clause| clause.quantities.contains(&quantity));
    let claims = |quantity| has(own, quantity);
    let says = |quantity| has(used, quantity);
    use Quantity::{All, Both, Most, Only, Some};
    let all_of_some = claims(All) && !says(All) && (says(Most) || says(Some) || says(Only));
    let only_of_all = claims(Only) && !says(Only) && says(All);
    let most_of_some = (claims(Most) && !says(Most) && says(Some)) || (claims(Some) && !says(Some) && says(Most));
    if all_of_some || only_of_all || most_of_some {
        return Finding::Contradicts;
    }
    let adds = [All, Both, Only, Most, Some].into_iter().any(|quantity| claims(quantity) && !says(quantity));
    let drops = (says(Most) && !claims(Most)) || (says(Some) && !claims(Some));
    if adds || drops { Finding::Doubtful } else { Finding::Agrees }
}

/// "At least" and "at most" before the same number.
fn bounds(alignment: &Alignment<'_>) -> Finding {
    let compared = alignment.pairs().filter(|(item, ..)| item.fact.is_some());
    let finding = compared.map(|(item, place, _)| match (item.bound, place.bound) {
        (Some(own), Some(other)) if own != other => Finding::Contradicts,
        (Some(_), None) | (None, Some(_)) => Finding::Doubtful,
        _ => Finding::Agrees,
    });
    finding.max().unwrap_or(Finding::Agrees)
}

/// Whether the claim is more certain or stricter than the passage.
fn modality(own: &[&Clause], used: &[&Clause]) -> Finding {
    let hedged = |clauses: &[&Clause]| any(clauses, |clause| clause.is_hedged);
    let permits = |clauses: &[&Clause]| any(clauses, |clause| clause.is_permission && !clause.is_negated);
    let obliges = |clauses: &[&Clause]| any(clauses, |clause| clause.is_obligation);
    let adds_cause = any(own, |clause| clause.has_cause) && !any(used, |clause| clause.has_cause);
    let is_opinion = |clauses: &[&Clause]| any(clauses, |clause| clause.is_opinion);
    let is_careful = hedged(own) || any(own, |clause| clause.is_permission);
    let drops_hedge =
        ((hedged(used) || permits(used)) && !is_careful) || (is_opinion(used) && !is_careful && !is_opinion(own));
    let changes_duty = (obliges(own) && permits(used)) || (permits(own) && obliges(used) && !permits(used));
    if adds_cause || drops_hedge || changes_duty { Finding::Doubtful } else { Finding::Agrees }
}

/// "Before" and "after" the same.
fn times(alignment: &Alignment<'_>) -> Finding {
    let is_time = |item: &Item| item.is_governed && matches!(item.role, Some("before" | "after"));
    let finding = alignment.pairs().map(|(item, place, _)| match (is_time(item), is_time(place)) {
        (true, true) if item.role != place.role => Finding::Contradicts,
        (true, false) | (false, true) => Finding::Doubtful,
        _ => Finding::Agrees,
    });
    finding.max().unwrap_or(Finding::Agrees)
}

/// Whether the claim drops what the passage restricts itself to: a condition, a limit or the kind of its subject.
fn restrictions(alignment: &Alignment<'_>) -> Finding {
    let source = alignment.source();
    if source.is_row {
        return Finding::Agrees;
    }
    let mut used: Vec<usize> = alignment.pairs().map(|(_, place, _)| place.clause).collect();
    used.sort_unstable();
    let (Some(first), Some(last)) = (used.first().copied(), used.last().copied()) else { return Finding::Agrees };
    let drops_limit = used.iter().any(|clause| alignment.rest_of(*clause).any(|at| source.items[at].bound.is_some()));
    let near = first.saturating_sub(1)..(last + 2).min(source.clauses.len());
    let drops_condition = near.into_iter().any(|clause| {
        let own = &source.clauses[clause];
        own.is_subordinate && !own.has_cause && !used.contains(&clause)
    });
    let subject = alignment.pairs().find(|(item, ..)| item.is_telling());
    let drops_kind = subject.is_some_and(|(item, place, at)| {
        let before = at.checked_sub(1).map(|before| (before, &source.items[before]));
        before.is_some_and(|(before, kind)| {
            let is_kind =
                kind.end == place.at && kind.clause == place.clause && kind.fact.is_none() && kind.is_telling();
            is_kind && !kind.is_name && !alignment.has(before) && !item.is_name
        })
    });
    if drops_limit || drops_condition || drops_kind { Finding::Doubtful } else { Finding::Agrees }
}

/// What numbers count and what words govern others must be the same.
fn attachments(alignment: &Alignment<'_>) -> Finding {
    if alignment.source().is_row {
        return Finding::Agrees;
    }
    let (own, other) = (&alignment.claim.items, &alignment.source().items);
    let follows = |items: &[Item], at: usize| {
        let next = items.get(at + 1).filter(|next| next.at == items[at].end && next.clause == items[at].clause);
        next.is_some_and(Item::is_telling)
    };
    let is_converse = related(alignment, |relation| relation.converse).next().is_some();
    for (at, place) in alignment.places.iter().enumerate() {
        let Some(place) = *place else { continue };
        let counts_other = follows(other, place) && !alignment.has(place + 1);
        let counts = follows(own, at) || has_unit(&own[at]) != has_unit(&other[place]);
        if own[at].fact.is_some() && counts_other && counts {
            return Finding::Doubtful;
        }
        let governs = |item: &Item| item.role.filter(|role| item.is_governed && !LOOSE_ROLES.contains(role));
        if let (Some(role), Some(other_role)) = (governs(&own[at]), governs(&other[place]))
            && role != other_role
        {
            return Finding::Doubtful;
        }
        let (role, other_role) = (own[at].role, other[place].role);
        let is_against = |role: Option<&str>| role == Some("against");
        let is_free = |role: Option<&str>| matches!(role, None | Some("by" | "of" | "along" | "about"));
        let is_moved = is_free(role) != is_free(other_role) && (role.is_none() || other_role.is_none());
        if is_against(role) != is_against(other_role) || (own[at].is_name && is_moved && !is_converse) {
            return Finding::Doubtful;
        }
    }
    Finding::Agrees
}

/// Prepositions that paraphrases exchange.
const LOOSE_ROLES: [&str; 8] = ["in", "on", "at", "of", "about", "per", "along", "as"];

fn has_unit(item: &Item) -> bool {
    matches!(&item.fact, Some(Fact::Number(number)) if number.unit.is_some())
}
