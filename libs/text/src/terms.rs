//! Text analysis for search: turns text into normalized index terms.
//!
//! The same analysis is used for documents and questions, in both databases and for ranking in memory. A term has only
//! letters, marks and digits, so SQLite's `unicode61`, Postgres's `simple` configuration and a quoted FTS5 `MATCH`
//! string all treat it as one word.
//!
//! - Case, compatibility forms, Latin and Greek diacritics and `ё` are folded.
//! - Cyrillic words are stemmed with the Russian Snowball stemmer, Latin words with the English one (or that of a given
//!   language).
//! - British spellings meet American ones: `organisation` and `organization`.
//! - Scripts written without spaces yield overlapping pairs of characters.
//! - `1,000` and `1 000` (with a no-break space) are `1000`; the dot of `2.4.1` and the comma of `2,5` become a `v`:
//!   `2v4v1`, `2v5`.
//! - `2.500`, `2 500` and `2.5 thousand` also yield `2500`; a date also yields `d20191105` and `d1105` in whatever form it
//!   is written; `TX 40` also yields `tx40`.
//! - `ERR_CONN_42`, `e-mail` and `anna@firm.com` yield their parts and the whole without separators: `errconn42`,
//!   `email`.

mod analysis;
mod british;
mod fold;
mod scan;
mod spellings;

use rust_stemmers::Algorithm;

pub(crate) use self::analysis::join_digits;
pub(crate) use self::fold::fold;
pub(crate) use self::scan::{Token, Tokens, is_unsegmented, words};
use crate::language::{self, Language};
use crate::{pasted, stopwords};

/// Terms that a question is asked with, however long it is: what a database does for it is bounded by them.
pub const MAX_QUERY_TERMS: usize = 128;
/// Longest term in characters; longer words are cut.
pub(crate) const MAX_TERM_CHARS: usize = 64;

/// The terms of a document in reading order, with repetitions.
#[must_use]
pub fn index_terms(text: &str) -> Vec<String> {
    terms_in(text, Algorithm::English)
}

/// Like [`index_terms`], with the stemmer of `language` for Latin words, to compare two texts in that language. Terms
/// made for different languages cannot be compared.
#[must_use]
pub fn index_terms_in(text: &str, language: Language) -> Vec<String> {
    terms_in(text, algorithm(language))
}

/// The distinct terms of a question without function words, in order of appearance; at most [`MAX_QUERY_TERMS`]. If there are
/// only function words, all are kept: the result is empty only if the text has no word.
#[must_use]
pub fn query_terms(text: &str) -> Vec<String> {
    distinct(keywords(pasted::question(text)).into_iter().map(|keyword| keyword.terms))
}

/// The first [`MAX_QUERY_TERMS`] of the terms of words, each once.
pub(crate) fn distinct(words: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    for term in words.flatten() {
        if terms.len() == MAX_QUERY_TERMS {
            break;
        }
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    terms
}

/// The terms of a document joined by spaces, for the full-text columns of both databases.
#[must_use]
pub fn index_text(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for token in scan::Tokens::new(text) {
        let mut push = |term: String| {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(&term);
        };
        analysis::analyse(&token, Algorithm::English, &mut push);
        spellings::emit(&token, &mut push);
    }
    joined
}

/// A content word of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keyword {
    /// As written.
    pub(crate) surface: String,
    /// Its index terms: the parts of a compound, then the whole.
    pub(crate) terms: Vec<String>,
}

/// Most words of a question; the rest of a longer text is ignored.
const MAX_KEYWORDS: usize = 64;

/// The words of a question without function words, or all words if there are no others.
pub(crate) fn keywords(question: &str) -> Vec<Keyword> {
    let language = language::detect(question);
    let code = language.map(Language::code).filter(|code| stopwords::LISTED.contains(code));
    let mut content = Vec::new();
    let mut all = Vec::new();
    let mut tokens = scan::Tokens::new(question);
    while let Some(token) = tokens.next() {
        let mut terms = Vec::new();
        if let Some((shared, taken)) = spellings::shared(&token) {
            terms.push(shared);
            skip(&mut tokens, taken - 1);
        } else {
            analysis::analyse(&token, Algorithm::English, &mut |term| terms.push(term));
            drop_parts_of_model(token.text, &mut terms);
        }
        if terms.is_empty() {
            continue;
        }
        terms.truncate(MAX_QUERY_TERMS);
        let keyword = Keyword { surface: token.text.to_owned(), terms };
        if !stopwords::is_stop_word(&fold(token.text), code) && content.len() < MAX_KEYWORDS {
            content.push(keyword.clone());
        }
        if all.len() < MAX_KEYWORDS {
            all.push(keyword);
        }
        if content.len() == MAX_KEYWORDS {
            break;
        }
    }
    if content.is_empty() { all } else { content }
}

fn skip(tokens: &mut Tokens<'_>, count: usize) {
    for _ in 0..count {
        tokens.next();
    }
}

/// A name like `TX-40` is one word of a question: its parts stand in too many texts.
fn drop_parts_of_model(word: &str, terms: &mut Vec<String>) {
    let is_model = word.contains(['-', '_', '/'])
        && word.contains(|c: char| c.is_ascii_digit())
        && word.contains(char::is_alphabetic);
    let Some(whole) = terms.last().cloned().filter(|_| is_model) else { return };
    terms.retain(|part| {
        *part == whole || (part.chars().nth(2).is_some() && !part.starts_with(|c: char| c.is_ascii_digit()))
    });
}

fn terms_in(text: &str, latin: Algorithm) -> Vec<String> {
    let mut terms = Vec::with_capacity(text.len() / 6);
    for token in scan::Tokens::new(text) {
        analysis::analyse(&token, latin, &mut |term| terms.push(term));
        spellings::emit(&token, &mut |term| terms.push(term));
    }
    terms
}

/// The terms of other spellings of what begins with `token`.
pub(crate) fn spellings_of(token: &Token<'_>) -> Vec<String> {
    let mut terms = Vec::new();
    spellings::emit(token, &mut |term| terms.push(term));
    terms
}

fn algorithm(language: Language) -> Algorithm {
    match language.code() {
        "de" => Algorithm::German,
        "fr" => Algorithm::French,
        "es" => Algorithm::Spanish,
        "it" => Algorithm::Italian,
        "pt" => Algorithm::Portuguese,
        "nl" => Algorithm::Dutch,
        _ => Algorithm::English,
    }
}
