//! Acronyms that the passages explain themselves: `World Health Organization (WHO)`, `WHO (World Health Organization)`.

use super::SourcePassage;
use super::vocabulary::{TermId, Vocabulary};
use crate::stopwords;
use crate::terms::{self, Token, Tokens, fold};

/// Longest acronym in letters; the full form has at most twice as many words.
const MAX_LETTERS: usize = 8;
/// Most acronyms of one run.
const MAX_ALIASES: usize = 64;

/// Each explained acronym with the terms of its full form, sorted.
pub(super) fn aliases(passages: &[SourcePassage], vocabulary: &mut Vocabulary) -> Vec<(TermId, Vec<TermId>)> {
    let mut aliases = Vec::new();
    for passage in passages {
        let text = passage.text.as_str();
        let tokens: Vec<Token<'_>> = Tokens::new(text).collect();
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| is_acronym(token.text)) {
            let start = text.len() - token.rest.len() - token.text.len();
            let full = if text[..start].ends_with('(') {
                full_form_before(&tokens[..at], token.text)
            } else if token.rest.starts_with(" (") {
                full_form_after(&tokens[at + 1..], token.text)
            } else {
                None
            };
            let Some(full) = full.filter(|_| aliases.len() < MAX_ALIASES) else { continue };
            let content = full.iter().filter(|word| stopwords::languages_of(&fold(word)) == 0);
            let content: Vec<&str> = content.copied().collect();
            if let Some(acronym) = vocabulary.intern(token.text).pop() {
                aliases.push((acronym, vocabulary.intern_set(&content.join(" "))));
            }
        }
    }
    aliases
}

fn is_acronym(word: &str) -> bool {
    (2..=MAX_LETTERS).contains(&word.chars().count()) && word.chars().all(char::is_uppercase)
}

/// The words before an acronym whose first letters it consists of; function words may stand between.
fn full_form_before<'t>(before: &[Token<'t>], acronym: &str) -> Option<Vec<&'t str>> {
    let mut letters: Vec<char> = acronym.to_lowercase().chars().collect();
    let mut words = Vec::new();
    for token in before.iter().rev().take(MAX_LETTERS * 2) {
        let first = token.text.chars().flat_map(char::to_lowercase).next()?;
        words.push(token.text);
        if letters.last() == Some(&first) {
            letters.pop();
        } else if stopwords::languages_of(&fold(token.text)) == 0 {
            return None;
        }
        if letters.is_empty() {
            return Some(words);
        }
    }
    None
}

/// The words after an acronym whose first letters it consists of.
fn full_form_after<'t>(after: &[Token<'t>], acronym: &str) -> Option<Vec<&'t str>> {
    let lower = acronym.to_lowercase();
    let mut letters = lower.chars().peekable();
    let mut words = Vec::new();
    for token in after.iter().take(MAX_LETTERS * 2) {
        let first = token.text.chars().flat_map(char::to_lowercase).next()?;
        words.push(token.text);
        if letters.peek() == Some(&first) {
            letters.next();
        } else if stopwords::languages_of(&terms::fold(token.text)) == 0 {
            return None;
        }
        if letters.peek().is_none() {
            return Some(words);
        }
    }
    None
}
