//! The terms of all passages as numbers: each word of a run is stemmed once and compared as a number from then on.

use std::collections::HashMap;

use super::words::Word;
use crate::terms::{self, Tokens};

/// Number of a term.
pub(super) type Term = u32;

#[derive(Default)]
pub(super) struct Vocabulary {
    terms: Vec<String>,
    numbers: HashMap<String, Term>,
    /// The terms of each word as it is written.
    written: HashMap<String, Vec<Term>>,
}

impl Vocabulary {
    /// The terms of `text` in reading order.
    pub(super) fn read(&mut self, text: &str) -> Vec<Term> {
        let mut list = Vec::with_capacity(text.len() / 6);
        for token in Tokens::new(text) {
            if let Some(known) = self.written.get(token.text) {
                list.extend(known);
                continue;
            }
            // The signs of `C++` and `C#` belong to the word.
            let signs: String = token.rest.chars().take_while(|c| matches!(c, '+' | '#')).take(2).collect();
            let word = format!("{}{signs}", token.text);
            let numbers: Vec<Term> = terms::index_terms(&word).into_iter().map(|term| self.number(term)).collect();
            list.extend(&numbers);
            if signs.is_empty() {
                self.written.insert(word, numbers);
            }
        }
        list
    }

    /// The terms of `text`, sorted, each once.
    pub(super) fn set(&mut self, text: &str) -> Vec<Term> {
        sorted(self.read(text))
    }

    fn number(&mut self, term: String) -> Term {
        let next = Term::try_from(self.terms.len()).unwrap_or(Term::MAX);
        *self.numbers.entry(term).or_insert_with_key(|term| {
            self.terms.push(term.clone());
            next
        })
    }

    /// Whether a term is a number or begins with one.
    pub(super) fn is_number(&self, term: Term) -> bool {
        self.terms.get(term as usize).is_some_and(|term| term.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// The numbers of the terms of a word that are in use.
    pub(super) fn terms_of(&self, word: &Word) -> Vec<Term> {
        word.terms.iter().filter_map(|term| self.numbers.get(term).copied()).collect()
    }

    /// How near each term is to a word, 0 to 1, by the number of the term.
    pub(super) fn nearness(&self, word: &Word) -> Vec<f32> {
        self.terms.iter().map(|term| word.nearness(term)).collect()
    }
}

pub(super) fn sorted(mut terms: Vec<Term>) -> Vec<Term> {
    terms.sort_unstable();
    terms.dedup();
    terms
}
