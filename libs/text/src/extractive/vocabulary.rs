//! Interns the terms of all passages: each word is stemmed once and compared as a number from then on.

use std::collections::{HashMap, HashSet};

use super::query_words::QueryWord;
use crate::stopwords;
use crate::terms::{self, Tokens};

/// Number of an interned term.
pub(super) type TermId = u32;

#[derive(Default)]
pub(super) struct Vocabulary {
    terms: Vec<String>,
    numbers: HashMap<String, TermId>,
    /// Terms of function words.
    function_words: HashSet<TermId>,
    /// Cache: the terms of each word by its written form.
    by_word: HashMap<String, Vec<TermId>>,
}

impl Vocabulary {
    /// Interns the terms of `text`, in reading order.
    pub(super) fn intern(&mut self, text: &str) -> Vec<TermId> {
        let mut list = Vec::with_capacity(text.len() / 6);
        for token in Tokens::new(text) {
            let spellings = terms::spellings_of(&token);
            list.extend(spellings.into_iter().map(|term| self.number(term)));
            if let Some(known) = self.by_word.get(token.text) {
                list.extend(known);
                continue;
            }
            // The signs of `C++` and `C#` are part of the word.
            let signs: String = token.rest.chars().take_while(|c| matches!(c, '+' | '#')).take(2).collect();
            let word = format!("{}{signs}", token.text);
            let numbers: Vec<TermId> = terms::index_terms(&word).into_iter().map(|term| self.number(term)).collect();
            list.extend(&numbers);
            if stopwords::languages_of(&terms::fold(token.text)) != 0 {
                self.function_words.extend(&numbers);
            }
            if signs.is_empty() {
                self.by_word.insert(word, numbers);
            }
        }
        list
    }

    /// [`Self::intern`], sorted and without duplicates.
    pub(super) fn intern_set(&mut self, text: &str) -> Vec<TermId> {
        sorted(self.intern(text))
    }

    fn number(&mut self, term: String) -> TermId {
        let next = TermId::try_from(self.terms.len()).unwrap_or(TermId::MAX);
        *self.numbers.entry(term).or_insert_with_key(|term| {
            self.terms.push(term.clone());
            next
        })
    }

    /// Whether a term was a function word where it first occurred.
    pub(super) fn is_function_word(&self, term: TermId) -> bool {
        self.function_words.contains(&term)
    }

    /// Whether a term is a number or begins with one.
    pub(super) fn is_number(&self, term: TermId) -> bool {
        self.terms.get(term as usize).is_some_and(|term| term.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// The terms of a word that occur in the passages.
    pub(super) fn terms_of(&self, word: &QueryWord) -> Vec<TermId> {
        word.terms.iter().filter_map(|term| self.numbers.get(term).copied()).collect()
    }

    /// Similarity of each term to a word, 0 to 1, indexed by [`TermId`].
    pub(super) fn similarities(&self, word: &QueryWord) -> Vec<f32> {
        self.terms.iter().map(|term| word.similarity(term)).collect()
    }
}

pub(super) fn sorted(mut terms: Vec<TermId>) -> Vec<TermId> {
    terms.sort_unstable();
    terms.dedup();
    terms
}
