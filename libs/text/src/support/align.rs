//! Aligns the items of a claim with those of one sentence.

use std::ops::Range;

use super::matching::{Candidate, weight_of};
use super::sentence::{Clause, Item, Sentence};

/// Most clauses of a sentence that one claim may retell.
const MAX_RUN: usize = 6;
/// What each further clause of a run must add, in weight.
const CLAUSE_COST: f32 = 0.3;
/// Items of a clause that the claim lacks, as far as they are compared.
const MAX_REST: usize = 32;
/// Places of one item that are examined.
const MAX_PLACES: usize = 12;

/// A claim beside a sentence.
pub(super) struct Alignment<'a> {
    pub(super) claim: &'a Sentence,
    pub(super) candidate: &'a Candidate<'a>,
    /// The item of the sentence for each item of the claim.
    pub(super) places: Vec<Option<usize>>,
    /// The clauses that the claim retells.
    pub(super) run: Range<usize>,
    /// Whether each item of the sentence is the place of one of the claim.
    is_taken: Vec<bool>,
}

impl<'a> Alignment<'a> {
    pub(super) fn new(claim: &'a Sentence, candidate: &'a Candidate<'a>) -> Self {
        let run = best_run(claim, candidate);
        let is_taken = vec![false; candidate.sentence.items.len()];
        let mut alignment = Self { claim, candidate, places: Vec::new(), run, is_taken };
        alignment.places = alignment.find_places();
        alignment.part_names();
        for place in alignment.places.iter().flatten() {
            alignment.is_taken[*place] = true;
        }
        alignment
    }

    fn find_places(&self) -> Vec<Option<usize>> {
        let mut occurrences: Vec<Vec<usize>> = vec![Vec::new(); self.claim.items.len()];
        for (at, relation) in self.candidate.relations.iter().enumerate() {
            let mut rest = relation.same;
            while rest != 0 {
                let own = &mut occurrences[rest.trailing_zeros() as usize];
                rest &= rest - 1;
                if own.len() < MAX_PLACES {
                    own.push(at);
                }
            }
        }
        let mut used = vec![false; self.source().items.len()];
        let mut places: Vec<Option<usize>> = vec![None; occurrences.len()];
        // The second time the neighbours on both sides are known.
        for _ in 0..2 {
            for (at, own) in occurrences.iter().enumerate() {
                if let Some(last) = places[at] {
                    used[last] = false;
                }
                let place = own.iter().copied().min_by_key(|place| self.cost(at, *place, &places, &used));
                if let Some(place) = place {
                    used[place] = true;
                }
                places[at] = place;
            }
        }
        places
    }

    /// How unlikely it is that an item of the claim stands at a place, given where its neighbours stand.
    fn cost(&self, at: usize, place: usize, places: &[Option<usize>], used: &[bool]) -> usize {
        let (own, other) = (&self.claim.items[at], &self.source().items[place]);
        let before = at.checked_sub(1).and_then(|before| places[before]).map(|before| (before + 1).abs_diff(place));
        let after = places.get(at + 1).copied().flatten().map(|after| after.abs_diff(place + 1));
        // A neighbour on either side is enough; of two such places that after its modifier.
        let distance = 4 * before.into_iter().chain(after).min().unwrap_or(0).min(20) + before.unwrap_or(0).min(3);
        let form = usize::from(other.form != own.form) + usize::from(other.role != own.role);
        let outside = !self.run.contains(&other.clause);
        usize::from(outside) * 100 + usize::from(used[place]) * 50 + distance + form
    }

    /// Two names that share a word are different if each has a word that the other lacks.
    fn part_names(&mut self) {
        for own in name_runs(self.claim) {
            let Some(place) = self.places[own.clone()].iter().flatten().next().copied() else { continue };
            let lacks = self.places[own.clone()].iter().any(Option::is_none);
            let other = name_run_at(self.source(), place);
            let has_more = other.clone().any(|at| !self.places.contains(&Some(at)));
            if lacks && has_more && other.len() > 1 {
                self.places[own].fill(None);
            }
        }
    }

    pub(super) fn source(&self) -> &'a Sentence {
        self.candidate.sentence
    }

    /// Pairs of items in the order of the claim, without what says nothing.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'a Item, &'a Item, usize)> + '_ {
        let source = self.source();
        let pairs = self.claim.items.iter().zip(&self.places);
        pairs.filter_map(move |(item, place)| place.map(|at| (item, &source.items[at], at)))
    }

    /// Items of the claim without a place in the sentence, with their indices.
    pub(super) fn missing(&self) -> impl Iterator<Item = (usize, &'a Item)> + '_ {
        let missing = self.places.iter().enumerate().filter(|(_, place)| place.is_none());
        missing.map(|(at, _)| (at, &self.claim.items[at])).filter(|(_, item)| item.is_telling())
    }

    /// The clauses of the sentence with items of the claim.
    pub(super) fn used_clauses(&self) -> Vec<&'a Clause> {
        let mut used: Vec<usize> =
            self.pairs().filter(|(own, ..)| own.is_telling()).map(|(_, place, _)| place.clause).collect();
        used.sort_unstable();
        used.dedup();
        let clauses = &self.source().clauses;
        let is_empty = |clause: usize| {
            let items = &self.source().items;
            items.get(items.partition_point(|item| item.clause < clause)).is_none_or(|item| item.clause != clause)
        };
        // A clause without words of its own belongs to the one before it: "recommended but not required".
        let with_next = |clause: usize| {
            let next = Some(clause + 1).filter(|next| *next < clauses.len() && is_empty(*next));
            std::iter::once(clause).chain(next)
        };
        used.into_iter().flat_map(with_next).map(|clause| &clauses[clause]).collect()
    }

    /// Whether an item of the sentence is in the claim.
    pub(super) fn has(&self, at: usize) -> bool {
        self.is_taken[at]
    }

    /// Items of a clause that the claim does not have: the first of them, as no clause has many.
    pub(super) fn rest_of(&self, clause: usize) -> impl Iterator<Item = usize> + '_ {
        let items = &self.source().items;
        let first = items.partition_point(|item| item.clause < clause);
        let own = items[first..].iter().take_while(move |item| item.clause == clause).enumerate();
        let rest = own.map(move |(at, item)| (first + at, item));
        rest.filter(|(at, item)| item.is_telling() && !self.has(*at)).map(|(at, _)| at).take(MAX_REST)
    }

    /// Items of the run that the claim does not have.
    pub(super) fn rest(&self) -> Vec<usize> {
        self.run.clone().flat_map(|clause| self.rest_of(clause)).collect()
    }

    /// The share of the claim that the sentence has.
    pub(super) fn coverage(&self) -> f32 {
        let aligned = self.places.iter().enumerate().filter(|(_, place)| place.is_some());
        let set = aligned.fold(0, |set, (at, _)| set | 1 << at);
        weight_of(self.claim, set) / self.claim.weight().max(f32::EPSILON)
    }
}

/// The neighbouring clauses that have most of the claim.
fn best_run(claim: &Sentence, candidate: &Candidate<'_>) -> Range<usize> {
    let count = candidate.sentence.clauses.len();
    if candidate.sentence.is_row {
        return 0..count;
    }
    let mut sets = vec![0_u64; count];
    for (item, relation) in candidate.sentence.items.iter().zip(&candidate.relations) {
        sets[item.clause] |= relation.same;
    }
    let mut best = (f32::MIN, 0..1);
    for first in 0..count {
        let mut set = 0;
        for (length, own) in sets[first..].iter().take(MAX_RUN).enumerate() {
            set |= own;
            let gain = weight_of(claim, set) - CLAUSE_COST * length as f32;
            if gain > best.0 + 1e-4 {
                best = (gain, first..first + length + 1);
            }
        }
    }
    best.1
}

fn name_runs(sentence: &Sentence) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < sentence.items.len() {
        let run = name_run_at(sentence, at);
        if run.len() > 1 {
            runs.push(run.clone());
        }
        at = run.end;
    }
    runs
}

/// The words of the name around an item; the item alone if it is no name.
fn name_run_at(sentence: &Sentence, at: usize) -> Range<usize> {
    let items = &sentence.items;
    let joined = |left: usize| {
        let (left, right) = (&items[left], &items[left + 1]);
        left.is_name && right.is_name && right.at == left.at + 1 && left.clause == right.clause
    };
    let (mut start, mut end) = (at, at + 1);
    while start > 0 && joined(start - 1) {
        start -= 1;
    }
    while end < items.len() && joined(end - 1) {
        end += 1;
    }
    start..end
}
