//! Finds the items of a claim in the sentences of a passage. Each item of the claim has a bit in a `u64` set.

use std::collections::HashMap;

use super::sentence::{Item, Sentence};
use crate::facts::{Date, Fact, Number};

/// Most items of a claim.
pub(super) const MAX_ITEMS: usize = 64;
/// Letters that a stem must share with a longer one to be the same word, and how much longer that may be.
const MIN_SHARED: usize = 5;
const MAX_LONGER: usize = 3;

/// How an item of a passage relates to those of the claim.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relation {
    pub(super) same: u64,
    /// The opposite is said.
    pub(super) opposed: u64,
    /// The same is said with subject and object exchanged.
    pub(super) converse: u64,
    /// Another of the same kind: a number of the same unit, another colour.
    pub(super) rival: u64,
}

pub(super) struct ClaimIndex<'a> {
    claim: &'a Sentence,
    stems: HashMap<&'a str, u64>,
    /// Beginnings of longer stems.
    beginnings: HashMap<&'a str, u64>,
    /// By whether they are names: a name has no synonym.
    groups: [HashMap<u16, u64>; 2],
    opposites: HashMap<u16, u64>,
    converses: HashMap<u16, u64>,
    kinds: HashMap<u16, u64>,
    facts: u64,
    /// Russian names without a vowel that comes and goes: Павел, Павла.
    fleeting: HashMap<String, u64>,
}

impl<'a> ClaimIndex<'a> {
    pub(super) fn new(claim: &'a Sentence) -> Self {
        let mut index = Self {
            claim,
            stems: HashMap::new(),
            beginnings: HashMap::new(),
            groups: [HashMap::new(), HashMap::new()],
            opposites: HashMap::new(),
            converses: HashMap::new(),
            kinds: HashMap::new(),
            facts: 0,
            fleeting: HashMap::new(),
        };
        for (at, item) in claim.items.iter().enumerate() {
            index.add(item, 1 << at);
        }
        index
    }

    fn add(&mut self, item: &'a Item, bit: u64) {
        if item.fact.is_some() {
            self.facts |= bit;
        }
        let Some(stem) = item.stem.as_deref() else { return };
        *self.stems.entry(stem).or_default() |= bit;
        if !item.is_exact() {
            for beginning in beginnings(stem) {
                *self.beginnings.entry(beginning).or_default() |= bit;
            }
        }
        if item.is_name {
            *self.fleeting.entry(without_fleeting_vowel(stem)).or_default() |= bit;
        }
        let meaning = &item.meaning;
        let maps = [
            (meaning.group, &mut self.groups[usize::from(item.is_name)]),
            (meaning.opposite, &mut self.opposites),
            (meaning.converse, &mut self.converses),
            (meaning.kind, &mut self.kinds),
        ];
        for (key, map) in maps {
            if let Some(key) = key {
                *map.entry(key).or_default() |= bit;
            }
        }
    }

    pub(super) fn relate(&self, item: &Item) -> Relation {
        let mut relation = Relation::default();
        if let Some(fact) = &item.fact {
            self.relate_fact(fact, &mut relation);
        }
        let Some(stem) = item.stem.as_deref() else { return relation };
        let get = |map: &HashMap<u16, u64>, key: Option<u16>| key.and_then(|key| map.get(&key)).copied().unwrap_or(0);
        relation.same |= self.stems.get(stem).copied().unwrap_or(0)
            | get(&self.groups[usize::from(item.is_name)], item.meaning.group);
        relation.opposed = get(&self.opposites, item.meaning.group) & !relation.same;
        relation.converse = get(&self.converses, item.meaning.group) & !relation.same;
        if item.is_name {
            relation.same |= self.fleeting.get(&without_fleeting_vowel(stem)).copied().unwrap_or(0);
        }
        if !item.is_exact() {
            let longer = self.beginnings.get(stem).copied().unwrap_or(0);
            let shorter =
                beginnings(stem).filter_map(|beginning| self.stems.get(beginning)).fold(0, |set, bits| set | bits);
            relation.same |= (longer | shorter) & !relation.opposed & !self.facts;
        }
        relation.rival |= get(&self.kinds, item.meaning.kind) & !relation.same;
        relation
    }

    fn relate_fact(&self, fact: &Fact, relation: &mut Relation) {
        let mut rest = self.facts;
        while rest != 0 {
            let at = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let Some(own) = &self.claim.items[at].fact else { continue };
            if own.is_supported_by(fact) {
                relation.same |= 1 << at;
            } else if are_rivals(own, fact) {
                relation.rival |= 1 << at;
            }
        }
    }
}

fn are_rivals(own: &Fact, other: &Fact) -> bool {
    match (own, other) {
        (Fact::Number(own), Fact::Number(other)) => own.is_comparable(other) && own.is_year() == other.is_year(),
        (Fact::Date(_), Fact::Date(_)) => true,
        (Fact::Date(date), Fact::Number(year)) | (Fact::Number(year), Fact::Date(date)) => has_other_year(date, year),
        _ => false,
    }
}

fn has_other_year(date: &Date, number: &Number) -> bool {
    number.is_year() && date.year.is_some_and(|year| !number.is_plain(f64::from(year)))
}

/// Shorter forms of a stem that count as the same word.
fn beginnings(stem: &str) -> impl Iterator<Item = &str> {
    let ends = stem.char_indices().map(|(at, _)| at).rev().take(MAX_LONGER);
    ends.filter(|end| stem[..*end].chars().count() >= MIN_SHARED).map(|end| &stem[..end])
}

/// `павел` as `павл`, the stem of its other cases; other stems as they are.
fn without_fleeting_vowel(stem: &str) -> String {
    let mut letters: Vec<char> = stem.chars().collect();
    let length = letters.len();
    let is_vowel = |c: char| "аеиоуыэюя".contains(c);
    if length >= 4
        && matches!(letters[length - 2], 'е' | 'о')
        && !is_vowel(letters[length - 1])
        && !is_vowel(letters[length - 3])
    {
        letters.remove(length - 2);
    }
    letters.into_iter().collect()
}

impl Item {
    /// Whether only the very same word is the same: names of things with digits.
    fn is_exact(&self) -> bool {
        self.fact.is_some() || self.stem.as_deref().is_some_and(|stem| stem.contains(|c: char| c.is_ascii_digit()))
    }
}

/// A sentence of the passage with its relations to the claim.
pub(super) struct Candidate<'a> {
    pub(super) index: usize,
    pub(super) sentence: &'a Sentence,
    pub(super) relations: Vec<Relation>,
    /// Items of the claim that it has.
    pub(super) covered: u64,
    /// How much of the claim it has, opposites and rivals included; for the choice of candidates.
    pub(super) closeness: f32,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(index: usize, sentence: &'a Sentence, claim: &ClaimIndex<'_>) -> Self {
        let relations: Vec<Relation> = sentence.items.iter().map(|item| claim.relate(item)).collect();
        let covered = relations.iter().fold(0, |set, relation| set | relation.same);
        let near =
            relations.iter().fold(0, |set, relation| set | relation.opposed | relation.converse | relation.rival);
        let weight = |set: u64| weight_of(claim.claim, set);
        let closeness = weight(covered) + 0.6 * weight(near & !covered);
        Self { index, sentence, relations, covered, closeness }
    }
}

/// The weight of a set of items of the claim.
pub(super) fn weight_of(claim: &Sentence, set: u64) -> f32 {
    let items = claim.items.iter().enumerate();
    items.filter(|(at, _)| set & (1 << at) != 0).map(|(_, item)| item.weight()).sum()
}
