//! Compares how two aligned sentences mean what they say: negation, quantity, certainty, comparison, and who does what.

use std::collections::HashSet;

use super::align::Alignment;
use super::lexicon::Quantity;
use super::parse::{Clause, Item};
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
    let exchange = exchange(alignment);
    [
        polarity(alignment, &own, &used),
        quantities(&own, &used),
        bounds(alignment),
        modality(&own, &used),
        times(alignment),
        attachments(alignment),
        exchange,
    ]
    .into_iter()
    .max()
    .unwrap_or(Finding::Agrees)
}

fn any(clauses: &[&Clause], has: fn(&Clause) -> bool) -> bool {
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

/// Whether a condition and what follows from it are exchanged.
fn conditions_are_exchanged(alignment: &Alignment<'_>) -> bool {
    let is_side = |clauses: &[Clause], item: &Item| item.role == Some("cause") || clauses[item.clause].is_subordinate;
    let moved = |into: bool| {
        alignment.pairs().any(|(item, place, _)| {
            item.is_telling()
                && is_side(&alignment.claim.clauses, item) == into
                && is_side(&alignment.source().clauses, place) != into
        })
    };
    moved(true) && moved(false)
}

/// Whether subject and object, cause and effect or the two sides of a comparison are exchanged.
fn exchange(alignment: &Alignment<'_>) -> Finding {
    let pairs: Vec<(&Item, &Item, usize)> =
        alignment.pairs().filter(|(item, place, _)| item.is_telling() && place.is_telling()).collect();
    if let Some(finding) = comparison(alignment, &pairs) {
        return finding;
    }
    // The order of columns tells nothing.
    if alignment.source().is_row {
        return Finding::Agrees;
    }
    let is_converse = related(alignment, |relation| relation.converse).next().is_some();
    if is_converse {
        return converse(&pairs);
    }
    if conditions_are_exchanged(alignment) {
        return Finding::Contradicts;
    }
    let exchanged = roles_are_exchanged(&pairs);
    if exchanged == Finding::Contradicts {
        return exchanged;
    }
    let is_cyrillic =
        pairs.iter().any(|(item, ..)| item.form.starts_with(|c: char| ('\u{400}'..'\u{530}').contains(&c)));
    exchanged.max(if is_cyrillic { order_by_case(&pairs) } else { order_of_words(alignment, &pairs) })
}

/// Two items whose prepositions are exchanged: "from A to B" and "from B to A". With "of" it may be another wording:
/// "exports of salmon".
fn roles_are_exchanged(pairs: &[(&Item, &Item, usize)]) -> Finding {
    let is_governed = |(item, place, _): &&Pair<'_>| {
        let surely = |item: &Item| item.role.is_none() || item.is_governed;
        item.role != place.role && surely(item) && surely(place)
    };
    let changed: HashSet<_> =
        pairs.iter().filter(is_governed).map(|(item, place, _)| (item.role, place.role)).collect();
    let exchanged = changed.iter().filter(|(own, other)| changed.contains(&(*other, *own)));
    let finding = exchanged.map(|(own, other)| {
        if *own == Some("of") || *other == Some("of") { Finding::Doubtful } else { Finding::Contradicts }
    });
    finding.max().unwrap_or(Finding::Agrees)
}

/// Compares "more than" and "less than"; `None` if neither compares.
fn comparison(alignment: &Alignment<'_>, pairs: &[(&Item, &Item, usize)]) -> Option<Finding> {
    let own = alignment.claim.clauses.iter().find_map(|clause| clause.comparative);
    let than = pairs.iter().find(|(_, place, _)| place.role == Some("than")).map(|(_, place, _)| place.clause);
    let clauses = alignment.source().clauses.iter().enumerate();
    let used: Vec<usize> = pairs.iter().map(|(_, place, _)| place.clause).collect();
    let other = clauses
        .filter(|(at, _)| than.map_or(used.contains(at), |than| than == *at))
        .find_map(|(_, clause)| clause.comparative);
    let ((dimension, more), (other_dimension, other_more)) = match (own, other) {
        (Some(own), Some(other)) => (own, other),
        (None, None) => return None,
        _ => return Some(Finding::Doubtful),
    };
    if dimension != other_dimension {
        return Some(Finding::Doubtful);
    }
    let moved = |from: Option<&str>, to: Option<&str>| {
        pairs.iter().any(|(item, place, _)| {
            (item.role == Some("than")) == from.is_some() && (place.role == Some("than")) == to.is_some()
        })
    };
    let is_exchanged = moved(Some("than"), None) || moved(None, Some("than"));
    Some(if is_exchanged == (more == other_more) { Finding::Contradicts } else { Finding::Agrees })
}

/// "Sold" and "bought" agree if their subjects are different.
fn converse(pairs: &[(&Item, &Item, usize)]) -> Finding {
    let subject = pairs.iter().find(|(item, ..)| item.role.is_none() && item.fact.is_none());
    let first =
        pairs.iter().filter(|(_, place, _)| place.role.is_none() && place.fact.is_none()).min_by_key(|pair| pair.2);
    match (subject, first) {
        (Some(own), Some(other)) if own.2 == other.2 => Finding::Contradicts,
        (Some(_), Some(_)) => Finding::Agrees,
        _ => Finding::Doubtful,
    }
}

/// In English the order of words tells subject and object, and "by" exchanges them.
fn order_of_words(alignment: &Alignment<'_>, pairs: &[(&Item, &Item, usize)]) -> Finding {
    let core: Vec<_> = pairs
        .iter()
        .filter(|(item, place, _)| {
            let is_core = |role: Option<&str>| matches!(role, None | Some("by"));
            item.fact.is_none() && is_core(item.role) && is_core(place.role)
        })
        .collect();
    let is_passive = any(&alignment.claim.clauses.iter().collect::<Vec<_>>(), |clause| clause.is_passive);
    let source_is_passive = any(&alignment.used_clauses(), |clause| clause.is_passive);
    let mut finding = Finding::Agrees;
    for (at, two) in core.windows(2).enumerate() {
        let (before, after) = (two[0], two[1]);
        let has_object = core.len() > at + 2;
        if before.0.clause != after.0.clause || before.1.clause != after.1.clause || before.2 == after.2 {
            continue;
        }
        let is_inverted = before.2 > after.2;
        let agent_changes = after.0.role != after.1.role && before.0.role.is_none() && before.1.role.is_none();
        if is_passive == source_is_passive && is_inverted {
            let are_names = before.0.is_name && after.0.is_name;
            finding = finding.max(if are_names { Finding::Contradicts } else { Finding::Doubtful });
        } else if is_passive != source_is_passive && !is_inverted && agent_changes {
            finding = finding.max(Finding::Contradicts);
        } else if is_passive != source_is_passive && !is_inverted && has_object && becomes_passive(before, after) {
            // "The bank robbed" and "the bank was robbed".
            finding = finding.max(Finding::Doubtful);
        }
    }
    if finding == Finding::Agrees && is_passive == source_is_passive && names_are_inverted(&core) {
        return Finding::Contradicts;
    }
    if is_passive != source_is_passive && agent_stays_behind(&core) {
        return Finding::Contradicts;
    }
    finding
}

/// Whether a noun stands before the same participle in both: one is passive and the other is not.
fn becomes_passive(before: &Pair<'_>, after: &Pair<'_>) -> bool {
    let is_participle = |item: &Item| item.form.ends_with("ed") || item.form.ends_with("en");
    is_participle(after.0) && is_participle(after.1) && !is_participle(before.0)
}

type Pair<'a> = (&'a Item, &'a Item, usize);

/// Whether the order of two names in one clause differs.
fn names_are_inverted(core: &[&Pair<'_>]) -> bool {
    let names: Vec<_> = core.iter().filter(|(item, place, _)| item.is_name || place.is_name).collect();
    names.windows(2).any(|two| two[0].2 > two[1].2 && two[0].1.clause == two[1].1.clause)
}

/// Whether the agent of a passive follows the same words in the active sentence.
fn agent_stays_behind(core: &[&Pair<'_>]) -> bool {
    let agent = core.iter().position(|(item, place, _)| item.role != place.role);
    let Some(agent) = agent else { return false };
    let place = core[agent].2;
    core[..agent].iter().any(|(item, other, at)| item.role.is_none() && other.role.is_none() && *at < place)
}

/// In Russian the endings tell subject and object: if two words change places and both their endings, they exchange
/// their roles; if neither changes and the endings do not tell, it is open.
fn order_by_case(pairs: &[(&Item, &Item, usize)]) -> Finding {
    let nouns: Vec<_> = pairs
        .iter()
        .filter(|(item, place, _)| {
            item.fact.is_none()
                && !is_verb(&item.form)
                && !is_verb(&place.form)
                && item.role.is_none()
                && place.role.is_none()
        })
        .collect();
    let mut finding = Finding::Agrees;
    if !pairs.iter().any(|(item, ..)| is_verb(&item.form)) {
        return finding;
    }
    let twos =
        nouns.iter().enumerate().flat_map(|(at, before)| nouns[at + 1..].iter().map(move |after| (before, after)));
    for (before, after) in twos {
        if before.1.clause != after.1.clause || before.2 <= after.2 {
            continue;
        }
        let changes = |(item, place, _): &Pair<'_>| item.form != place.form;
        let is_telling =
            |(item, _, _): &Pair<'_>| item.is_name || TELLING_ENDINGS.iter().any(|ending| item.form.ends_with(ending));
        finding = finding.max(match (changes(before), changes(after)) {
            (true, true) => Finding::Contradicts,
            (false, false) if !is_telling(before) && !is_telling(after) => Finding::Doubtful,
            _ => Finding::Agrees,
        });
    }
    finding
}

/// Endings of Russian nouns and adjectives that cannot be both subject and object.
const TELLING_ENDINGS: [&str; 16] =
    ["а", "я", "у", "ю", "ам", "ям", "ами", "ями", "ом", "ем", "ой", "ей", "ах", "ях", "ого", "ему"];

fn is_verb(form: &str) -> bool {
    const ENDINGS: [&str; 16] =
        ["ла", "ли", "ло", "ет", "ют", "ит", "ат", "ят", "ут", "ть", "лся", "лась", "лись", "ется", "ются", "ен"];
    ENDINGS.iter().any(|ending| form.ends_with(ending))
}
