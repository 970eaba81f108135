//! Finds exchanged roles: subject and object, cause and effect, condition and consequence, the sides of a comparison.

use std::collections::HashSet;

use super::align::Alignment;
use super::operators::{Finding, any, related};
use super::sentence::{Clause, Item};

/// An item of the claim, that of the sentence, and its index.
type Pair<'a> = (&'a Item, &'a Item, usize);

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
pub(super) fn exchange(alignment: &Alignment<'_>) -> Finding {
    let pairs: Vec<Pair<'_>> =
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
fn roles_are_exchanged(pairs: &[Pair<'_>]) -> Finding {
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
fn comparison(alignment: &Alignment<'_>, pairs: &[Pair<'_>]) -> Option<Finding> {
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
fn converse(pairs: &[Pair<'_>]) -> Finding {
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
fn order_of_words(alignment: &Alignment<'_>, pairs: &[Pair<'_>]) -> Finding {
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
fn order_by_case(pairs: &[Pair<'_>]) -> Finding {
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
