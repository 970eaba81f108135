//! Extracts numbers, dates and names in normal form, so that `1,000` equals `1 000` and `12 March 2024` equals
//! `2024-03-12`.

use std::ops::Range;

mod dates;
mod numbers;
mod units;

pub(crate) use self::dates::Date;
pub(crate) use self::numbers::Number;
use crate::stopwords;
use crate::terms::{self, Token, Tokens, fold};

/// A checkable detail of a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fact {
    Number(Number),
    Date(Date),
    /// A version, identifier or other word with digits, as its term.
    Code(String),
    /// A capitalised word inside a sentence, as its term.
    Name(String),
}

impl Fact {
    /// Whether a fact of a source supports this one.
    pub(crate) fn is_supported_by(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(own), Self::Number(other)) => own.agrees(other),
            (Self::Number(own), Self::Date(other)) => other.year.is_some_and(|year| own.is_plain(f64::from(year))),
            (Self::Date(own), Self::Date(other)) => own.agrees(other),
            (Self::Code(own), Self::Code(other)) | (Self::Name(own), Self::Name(other)) => own == other,
            _ => false,
        }
    }

    /// Whether it is a number, date or code, which is right or wrong; a name may have other spellings.
    pub(crate) fn is_exact(&self) -> bool {
        !matches!(self, Self::Name(_))
    }
}

/// The numbers, dates and codes of `text`, and its names unless every noun of its language is capitalised.
pub(crate) fn facts(text: &str) -> Vec<Fact> {
    located(text).into_iter().map(|located| located.fact).collect()
}

/// A fact and the words that state it.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) fact: Fact,
    /// Byte range of its words in the text.
    pub(crate) range: Range<usize>,
}

/// Like [`facts`], with the place of each.
pub(crate) fn located(text: &str) -> Vec<Located> {
    let tokens: Vec<Token<'_>> = Tokens::new(text).collect();
    let end_of = |token: &Token<'_>| text.len() - token.rest.len();
    let start_of = |token: &Token<'_>| end_of(token) - token.text.len();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let start = start_of(token);
        let mut push = |fact: Fact, taken: usize| {
            found.push(Located { fact, range: start..end_of(&tokens[at + taken - 1]) });
        };
        if let Some((date, consumed)) = dates::parse(&tokens[at..]) {
            push(Fact::Date(date), consumed);
            at += consumed;
            continue;
        }
        let before = text[..start].chars().next_back();
        if let Some((numbers, consumed)) =
            numbers::parse(&tokens[at..], before, at.checked_sub(1).map(|last| &tokens[last]))
        {
            numbers.into_iter().for_each(|number| push(Fact::Number(number), consumed));
            at += consumed;
            continue;
        }
        if token.text.contains(|c: char| c.is_ascii_digit()) {
            if let Some(term) = terms::index_terms(token.text).pop() {
                push(Fact::Code(term), 1);
            }
        } else if is_name(text, token)
            && let Some(term) = terms::index_terms(token.text).pop()
        {
            push(Fact::Name(term), 1);
        }
        at += 1;
    }
    found
}

/// Whether a word is capitalised although it does not begin a sentence, and is no function word, month or unit.
fn is_name(text: &str, token: &Token<'_>) -> bool {
    let mut letters = token.text.chars();
    if !letters.next().is_some_and(char::is_uppercase) || letters.next().is_none() {
        return false;
    }
    let before = text[..text.len() - token.rest.len() - token.text.len()].trim_end();
    let inside = before
        .chars()
        .next_back()
        .is_some_and(|c| c.is_alphanumeric() || matches!(c, ',' | '-' | '–' | '&' | '\'' | '/' | '.'));
    let after_stop = before.ends_with('.') && !before.trim_end_matches('.').ends_with(|c: char| c.is_uppercase());
    let folded = fold(token.text);
    inside
        && !after_stop
        && stopwords::languages_of(&folded) == 0
        && !dates::is_calendar_word(&folded)
        && !numbers::is_unit(&folded)
}
