//! A sentence as it is compared: its items and clauses.

use std::ops::Range;

use super::lexicon::{Bound, Meaning, Quantity};
use crate::facts::Fact;

/// A content word, name, number or date of a sentence.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The stem of a word; `None` for numbers and dates.
    pub(super) stem: Option<String>,
    /// The folded word as written.
    pub(super) form: String,
    pub(super) fact: Option<Fact>,
    pub(super) meaning: Meaning,
    pub(super) is_name: bool,
    /// A single capitalised word at the beginning of a sentence, which may be a name.
    pub(super) is_initial: bool,
    pub(super) clause: usize,
    /// Index of its first token.
    pub(super) at: usize,
    /// Index of the token after its last.
    pub(super) end: usize,
    /// The preposition or subordinator that relates it to its clause.
    pub(super) role: Option<&'static str>,
    /// Whether the preposition surely governs it: the first word after it, and the name after that.
    pub(super) is_governed: bool,
    /// Excluded from the statement: "except", "without".
    pub(super) is_excluded: bool,
    pub(super) bound: Option<Bound>,
    /// The name of a column.
    pub(super) is_label: bool,
}

impl Item {
    /// Whether it says something by itself.
    pub(super) fn is_telling(&self) -> bool {
        !self.meaning.is_light && !self.is_label
    }

    pub(super) fn weight(&self) -> f32 {
        match () {
            () if self.meaning.is_light => 0.0,
            () if self.fact.is_some() || self.is_name => 1.5,
            () => 1.0,
        }
    }
}

/// A part of a sentence between punctuation and conjunctions.
#[derive(Clone, Debug, Default)]
pub(super) struct Clause {
    pub(super) is_negated: bool,
    pub(super) is_hedged: bool,
    /// Somebody thinks so.
    pub(super) is_opinion: bool,
    pub(super) is_permission: bool,
    pub(super) is_obligation: bool,
    pub(super) quantities: Vec<Quantity>,
    pub(super) comparative: Option<(u8, bool)>,
    /// Its subject is a pronoun.
    pub(super) has_pronoun: bool,
    pub(super) has_possessive: bool,
    /// Its verb is passive.
    pub(super) is_passive: bool,
    /// Follows "but", "while" or the like.
    pub(super) is_contrasted: bool,
    /// A condition or reason.
    pub(super) is_subordinate: bool,
    /// It says what caused something.
    pub(super) has_cause: bool,
}

/// A sentence or row.
#[derive(Clone, Debug, Default)]
pub(super) struct Sentence {
    pub(super) range: Range<usize>,
    pub(super) items: Vec<Item>,
    pub(super) clauses: Vec<Clause>,
    pub(super) is_row: bool,
    pub(super) is_heading: bool,
}

impl Sentence {
    pub(super) fn weight(&self) -> f32 {
        self.items.iter().map(Item::weight).sum()
    }

    pub(super) fn clause(&mut self) -> &mut Clause {
        self.clauses.last_mut().expect("a sentence begins with a clause")
    }

    pub(super) fn open_clause(&mut self) {
        let is_empty = !self.items.iter().rev().take(1).any(|item| item.clause + 1 == self.clauses.len());
        // Operators before a comma belong to what follows: "No longer, ...".
        if !is_empty {
            self.clauses.push(Clause::default());
        }
    }
}
