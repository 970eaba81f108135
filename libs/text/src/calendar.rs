//! Calendar dates as people write them, in numbers and with the names of months in five languages.

use chrono::NaiveDate;

use crate::terms::{Token, Tokens, fold};

/// A date of which the year, or the day, may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenDate {
    pub(crate) year: Option<i32>,
    pub(crate) month: u32,
    pub(crate) day: Option<u32>,
}

impl WrittenDate {
    /// The day it means, if it is complete and exists.
    pub(crate) fn day_of(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year?, self.month, self.day?)
    }

    fn checked(self) -> Option<Self> {
        let day = self.day.is_none_or(|day| (1..=31).contains(&day));
        let year = self.year.is_none_or(|year| (1000..=2999).contains(&year));
        ((1..=12).contains(&self.month) && day && year).then_some(self)
    }
}

/// The names of the months and their short forms, by language; those that end with `-` are stems that take the endings of
/// Russian cases.
const MONTHS: [(&str, [&str; 12]); 5] = [
    (
        "en",
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ],
    ),
    (
        "ru",
        [
            "январ- янв",
            "феврал- фев",
            "март март- мар",
            "апрел- апр",
            "май мая мае маю",
            "июн- июн",
            "июл- июл",
            "август август- авг",
            "сентябр- сент сен",
            "октябр- окт",
            "ноябр- нояб ноя",
            "декабр- дек",
        ],
    ),
    (
        "de",
        [
            "januar jan",
            "februar feb",
            "marz maerz mar",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sept sep",
            "oktober okt",
            "november nov",
            "dezember dez",
        ],
    ),
    (
        "fr",
        [
            "janvier janv",
            "fevrier fevr",
            "mars",
            "avril avr",
            "mai",
            "juin",
            "juillet juil",
            "aout",
            "septembre sept",
            "octobre oct",
            "novembre nov",
            "decembre dec",
        ],
    ),
    (
        "es",
        [
            "enero ene",
            "febrero feb",
            "marzo mar",
            "abril abr",
            "mayo",
            "junio jun",
            "julio jul",
            "agosto ago",
            "septiembre sept sep",
            "octubre oct",
            "noviembre nov",
            "diciembre dic",
        ],
    ),
];

/// The number of the month that `word` names.
pub(crate) fn month_of(word: &str) -> Option<u32> {
    month_read_as(word, |_| true)
}

/// The number of the month that `word` names in one of the languages whose code `is_read`.
pub(crate) fn month_read_as(word: &str, is_read: impl Fn(&str) -> bool) -> Option<u32> {
    if !word.starts_with(char::is_alphabetic) {
        return None;
    }
    let folded = fold(word.trim_end_matches('.'));
    let is_name = |name: &str| match name.strip_suffix('-') {
        Some(stem) => {
            folded.strip_prefix(stem).is_some_and(|end| matches!(end, "ь" | "я" | "е" | "ю" | "а" | "у" | "ем" | "ом"))
        }
        None => folded == name,
    };
    let mut languages = MONTHS.iter().filter(|(language, _)| is_read(language));
    let at = languages.find_map(|(_, months)| months.iter().position(|names| names.split(' ').any(is_name)))?;
    u32::try_from(at + 1).ok()
}

/// The date that begins with `token`, and how many tokens it takes.
pub(crate) fn date_at(token: &Token<'_>) -> Option<(WrittenDate, usize)> {
    let first = token.text;
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        let numeric = numeric(first).map(|date| (date, 1));
        return numeric.or_else(|| slashed(token)).or_else(|| day_month(token));
    }
    month_of(first).and_then(|month| month_first(month, token))
}

/// `2024-03-12`, `12.03.2024`, `12-03-2024`.
fn numeric(text: &str) -> Option<WrittenDate> {
    if text.len() > 10 {
        return None;
    }
    let mut parts = text.split(['-', '.']);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || b.len() > 2 {
        return None;
    }
    let (year, day) = if a.len() == 4 { (a, c) } else { (c, a) };
    if year.len() != 4 || day.len() > 2 {
        return None;
    }
    WrittenDate { year: year.parse().ok(), month: b.parse().ok()?, day: Some(day.parse().ok()?) }.checked()
}

/// `12/03/2024`, day first unless the second number is above twelve.
fn slashed(token: &Token<'_>) -> Option<(WrittenDate, usize)> {
    let mut next = Tokens::new(token.rest);
    let (b, c) = (next.next()?, next.next()?);
    let joined = token.rest.strip_prefix('/')?.starts_with(b.text) && b.rest.strip_prefix('/')?.starts_with(c.text);
    if !joined || c.text.len() != 4 || token.text.len() > 2 || b.text.len() > 2 {
        return None;
    }
    let (first, second): (u32, u32) = (token.text.parse().ok()?, b.text.parse().ok()?);
    let (month, day) = if second > 12 { (first, second) } else { (second, first) };
    Some((WrittenDate { year: c.text.parse().ok(), month, day: Some(day) }.checked()?, 3))
}

/// `12 March 2024`, `12th of March`, `12 марта`.
fn day_month(token: &Token<'_>) -> Option<(WrittenDate, usize)> {
    let digits = token.text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 2 || !matches!(&token.text[digits..], "" | "st" | "nd" | "rd" | "th" | "er" | "-го" | "го") {
        return None;
    }
    let mut next = Tokens::new(token.rest);
    let mut name = next.next()?;
    let mut taken = 2;
    if matches!(name.text, "of" | "de") {
        name = next.next()?;
        taken += 1;
    }
    let gap = &token.rest[..token.rest.len() - name.rest.len() - name.text.len()];
    if gap.contains('\n') && gap.trim().is_empty() {
        return None;
    }
    let month = month_of(name.text)?;
    let (year, more) = year_after(&name);
    Some((WrittenDate { year, month, day: Some(token.text[..digits].parse().ok()?) }.checked()?, taken + more))
}

/// `March 12, 2024`, `March 2024`; a month alone is not a date.
fn month_first(month: u32, token: &Token<'_>) -> Option<(WrittenDate, usize)> {
    let next = Tokens::new(token.rest).next()?;
    let digits = next.text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 4 && next.text.len() == 4 {
        let date = WrittenDate { year: next.text.parse().ok(), month, day: None };
        return Some((date.checked()?, 2));
    }
    if digits == 0 || digits > 2 || !matches!(&next.text[digits..], "" | "st" | "nd" | "rd" | "th") {
        return None;
    }
    let (year, more) = year_after(&next);
    Some((WrittenDate { year, month, day: Some(next.text[..digits].parse().ok()?) }.checked()?, 2 + more))
}

/// The year right after a token, and the tokens it takes.
fn year_after(token: &Token<'_>) -> (Option<i32>, usize) {
    let mut next = Tokens::new(token.rest);
    let mut taken = 1;
    let Some(mut year) = next.next() else { return (None, 0) };
    if matches!(year.text, "of" | "de") {
        taken += 1;
        let Some(after) = next.next() else { return (None, 0) };
        year = after;
    }
    let gap = token.rest.len() - year.rest.len() - year.text.len();
    if year.text.len() != 4 || gap > 8 {
        return (None, 0);
    }
    match year.text.parse().ok().filter(|year| (1000..=2999).contains(year)) {
        Some(year) => (Some(year), taken),
        None => (None, 0),
    }
}
