//! Terms in which other spellings of one value meet: `2,500`, `2.500`, `2 500` and `2.5 thousand`; `05.11.2019` and
//! `November 5, 2019`; `TX 40` and `TX-40`.
//!
//! In a document they are added to the terms of the words as they are written; in a question they stand for these words, so
//! that one who looks for texts with all the terms finds every spelling.

use super::scan::Token;
use crate::calendar;

/// Longest number of plain digits.
const MAX_DIGITS: usize = 15;
/// Longest series of capitals before the number of a model.
const MAX_SERIES_CHARS: usize = 4;

/// Passes the terms that stand for other spellings of what begins with `token`.
pub(super) fn emit(token: &Token<'_>, emit: &mut dyn FnMut(String)) {
    let text = token.text;
    let digits_first = text.starts_with(|c: char| c.is_ascii_digit());
    if digits_first && let Some((number, _)) = number(token) {
        emit(number);
    }
    // Most words are followed by another word, and need no closer look.
    let before_number =
        || token.rest.trim_start_matches([' ', '.', '\u{a0}']).starts_with(|c: char| c.is_ascii_digit());
    if !digits_first && !before_number() {
        return;
    }
    if (digits_first || text.len() >= 3)
        && let Some((date, _)) = calendar::date_at(token)
        && let Some(day) = date.day
    {
        emit(format!("d{:02}{day:02}", date.month));
        if let Some(date) = date.day_of() {
            emit(date.format("d%Y%m%d").to_string());
        }
    }
    if let Some(model) = model(token) {
        emit(model);
    }
}

/// The term that every spelling of what begins with `token` has, and how many tokens it stands for.
pub(super) fn shared(token: &Token<'_>) -> Option<(String, usize)> {
    if let Some((date, taken)) = calendar::date_at(token)
        && let Some(day) = date.day
    {
        let full = date.day_of().map(|date| date.format("d%Y%m%d").to_string());
        return Some((full.unwrap_or_else(|| format!("d{:02}{day:02}", date.month)), taken));
    }
    let digits_first = token.text.starts_with(|c: char| c.is_ascii_digit());
    let number = digits_first.then(|| number(token)).flatten();
    number.or_else(|| model(token).map(|model| (model, 2)))
}

/// The plain digits of a number that is written in another way, and the tokens it takes.
fn number(token: &Token<'_>) -> Option<(String, usize)> {
    let text = token.text;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let dotted = dotted_groups(text).map(|number| (number, 1));
    let groups = dotted.or_else(|| plain.then(|| spaced_groups(token)).flatten());
    let factor = multiplier(token.rest);
    if factor == 0 {
        return groups;
    }
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() > factor || whole.len() > 6 || !is_number(whole) || !is_number(fraction) {
        return groups;
    }
    let value = format!("{whole}{fraction}{}", "0".repeat(factor - fraction.len()));
    let value = value.trim_start_matches('0');
    (!value.is_empty()).then(|| (value.to_owned(), 2))
}

/// `2.500` may be two thousand five hundred.
fn dotted_groups(text: &str) -> Option<String> {
    let (whole, thousands) = text.split_once('.')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_grouped = (1..=3).contains(&whole.len()) && !whole.starts_with('0') && thousands.len() == 3;
    (is_grouped && digits(whole) && digits(thousands)).then(|| format!("{whole}{thousands}"))
}

/// `2 500` with ordinary spaces.
fn spaced_groups(token: &Token<'_>) -> Option<(String, usize)> {
    if token.text.len() > 3 || token.text.starts_with('0') {
        return None;
    }
    let mut joined = token.text.to_owned();
    let mut rest = token.rest;
    while joined.len() < MAX_DIGITS {
        let Some(group) = rest.strip_prefix(' ').and_then(|next| next.get(..3)) else { break };
        let after = &rest[4..];
        if !group.bytes().all(|byte| byte.is_ascii_digit()) || after.starts_with(|c: char| c.is_alphanumeric()) {
            break;
        }
        joined.push_str(group);
        rest = after;
    }
    let groups = (joined.len() - token.text.len()) / 3;
    (groups > 0).then_some((joined, 1 + groups))
}

/// How many zeros the word after a number stands for.
fn multiplier(rest: &str) -> usize {
    const WORDS: [(&str, usize); 14] = [
        ("thousand", 3),
        ("тысяч", 3),
        ("тыс", 3),
        ("tausend", 3),
        ("mille", 3),
        ("million", 6),
        ("миллион", 6),
        ("млн", 6),
        ("mio", 6),
        ("billion", 9),
        ("milliard", 9),
        ("миллиард", 9),
        ("млрд", 9),
        ("mrd", 9),
    ];
    let next = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}', '-']);
    if rest.len() - next.len() > 4 || rest.len() == next.len() {
        return 0;
    }
    let end = next.char_indices().take(12).take_while(|(_, c)| c.is_alphabetic()).last();
    let Some((at, last)) = end else { return 0 };
    let word = super::fold(&next[..at + last.len_utf8()]);
    WORDS.iter().find(|(name, _)| word.starts_with(name)).map_or(0, |(_, zeros)| *zeros)
}

/// `TX 40` as one word.
fn model(token: &Token<'_>) -> Option<String> {
    let text = token.text;
    let is_series = (2..=MAX_SERIES_CHARS).contains(&text.chars().count()) && text.chars().all(char::is_uppercase);
    let next = token.rest.strip_prefix(' ').filter(|_| is_series)?;
    let digits = next.bytes().take(5).take_while(u8::is_ascii_digit).count();
    let ends = !next[digits..].starts_with(|c: char| c.is_alphanumeric());
    let is_amount =
        next[digits..].starts_with([',', '.']) && next[digits + 1..].starts_with(|c: char| c.is_ascii_digit());
    ((1..=4).contains(&digits) && ends && !is_amount).then(|| format!("{}{}", super::fold(text), &next[..digits]))
}
