//! Words that decide whether two sentences say the same: function words with a meaning of their own, synonyms,
//! opposites and words of one kind, in English and Russian.

mod phrases;
mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use self::phrases::OPERATORS;
use self::words::{CONVERSES, KINDS, LIGHT, OPPOSITES, SYNONYMS};
use crate::terms::{self, fold};

/// What a function word or phrase does to its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Negation,
    /// Takes what follows out of the statement: "except", "without", "unlike".
    Contrast,
    /// Makes the statement less certain.
    Hedge,
    /// Somebody thinks so.
    Opinion,
    Permit,
    Oblige,
    Forbid,
    Quantity(Quantity),
    Bound(Bound),
    /// More (`true`) or less of a dimension.
    Comparative(u8, bool),
    /// Relates what follows to the clause: a preposition or subordinator.
    Role(&'static str),
    /// What stands before it is the cause.
    Causes,
    Pronoun,
    Possessive,
    Auxiliary,
    /// Begins a clause.
    Break,
    /// Begins a clause that is a condition or, if `true`, a reason.
    Subordinate(bool),
    Conjunction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Quantity {
    All,
    Both,
    Most,
    Some,
    Only,
}

/// How a number limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Min,
    Max,
}

/// Groups, opposites and kinds of a stem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) group: Option<u16>,
    pub(super) opposite: Option<u16>,
    pub(super) converse: Option<u16>,
    pub(super) kind: Option<u16>,
    pub(super) is_light: bool,
}

struct Lexicon {
    phrases: HashMap<String, Vec<(Vec<String>, Operator)>>,
    meanings: HashMap<String, Meaning>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon { phrases: phrases(), meanings: meanings() });

fn phrases() -> HashMap<String, Vec<(Vec<String>, Operator)>> {
    let mut phrases: HashMap<String, Vec<(Vec<String>, Operator)>> = HashMap::new();
    for (operator, list) in OPERATORS {
        for phrase in list.split(',') {
            let words: Vec<String> = phrase.split_whitespace().map(fold).collect();
            let Some(first) = words.first().cloned() else { continue };
            phrases.entry(first).or_default().push((words, *operator));
        }
    }
    // The longest phrase wins, the earlier one of two; comparatives come after the bounds of numbers.
    phrases.values_mut().for_each(|list| list.sort_by_key(|(words, _)| std::cmp::Reverse(words.len())));
    phrases
}

fn meanings() -> HashMap<String, Meaning> {
    let mut meanings: HashMap<String, Meaning> = HashMap::new();
    let mut groups: HashMap<String, u16> = HashMap::new();
    let mut next = 0;
    for list in SYNONYMS {
        for stem in list.split_whitespace().filter_map(stem_of) {
            groups.entry(stem).or_insert(next);
        }
        next += 1;
    }
    let mut group_of = |stem: String| {
        *groups.entry(stem).or_insert_with(|| {
            next += 1;
            next
        })
    };
    let mut opposites = Vec::new();
    for (pairs, is_converse) in [(OPPOSITES, false), (CONVERSES, true)] {
        for (left, right) in pairs {
            let ids = |words: &str, group_of: &mut dyn FnMut(String) -> u16| -> Vec<u16> {
                words.split_whitespace().filter_map(stem_of).map(group_of).collect()
            };
            let (left, right) = (ids(left, &mut group_of), ids(right, &mut group_of));
            opposites.push((left, right, is_converse));
        }
    }
    for (stem, group) in &groups {
        meanings.entry(stem.clone()).or_default().group = Some(*group);
    }
    for (left, right, is_converse) in &opposites {
        for meaning in meanings.values_mut() {
            let Some(group) = meaning.group else { continue };
            let other = match (left.contains(&group), right.contains(&group)) {
                (true, _) => right[0],
                (_, true) => left[0],
                _ => continue,
            };
            let slot = if *is_converse { &mut meaning.converse } else { &mut meaning.opposite };
            slot.get_or_insert(other);
        }
    }
    for (kind, list) in (0..).zip(KINDS) {
        for stem in list.split_whitespace().filter_map(stem_of) {
            meanings.entry(stem).or_default().kind = Some(kind);
        }
    }
    for stem in LIGHT.split_whitespace().filter_map(stem_of) {
        meanings.entry(stem).or_default().is_light = true;
    }
    meanings
}

fn stem_of(word: &str) -> Option<String> {
    terms::index_terms(word).pop()
}

/// The operators that the words from the first on form: all readings of the longest phrase, and its words.
pub(super) fn operators(words: &[String]) -> Option<(Vec<Operator>, usize)> {
    let list = LEXICON.phrases.get(words.first()?)?;
    let fits = |phrase: &[String]| words.starts_with(phrase);
    let length = list.iter().find(|(phrase, _)| fits(phrase))?.0.len();
    let readings = list.iter().filter(|(phrase, _)| phrase.len() == length && fits(phrase));
    Some((readings.map(|(_, operator)| *operator).collect(), length))
}

/// What is known about a stem.
pub(super) fn meaning(stem: &str) -> Meaning {
    LEXICON.meanings.get(stem).copied().unwrap_or_default()
}
