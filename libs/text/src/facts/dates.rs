//! Parses calendar dates in their usual written forms.

use crate::terms::{Token, fold};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: Option<u16>,
    month: u8,
    day: Option<u8>,
    /// `03/04/2024`: day and month may be swapped.
    ambiguous: bool,
}

impl Date {
    /// Whether the other date has everything this one states.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let same = |own: &Self, other: &Self| {
            let year = own.year.is_none() || own.year == other.year || other.year.is_none();
            let day = own.day.is_none() || own.day == other.day;
            year && day && own.month == other.month
        };
        same(self, other)
            || (self.ambiguous && self.swapped().is_some_and(|own| same(&own, other)))
            || (other.ambiguous && other.swapped().is_some_and(|other| same(self, &other)))
    }

    fn swapped(self) -> Option<Self> {
        let day = self.day?;
        Some(Self { month: day, day: Some(self.month), ..self })
    }

    fn new(year: Option<u16>, month: u32, day: Option<u32>) -> Option<Self> {
        let valid = (1..=12).contains(&month) && day.is_none_or(|day| (1..=31).contains(&day));
        let year_valid = year.is_none_or(|year| (1000..=2999).contains(&year));
        if !valid || !year_valid {
            return None;
        }
        Some(Self {
            year,
            month: u8::try_from(month).ok()?,
            day: day.and_then(|day| u8::try_from(day).ok()),
            ambiguous: false,
        })
    }
}

/// Prefixes of the month names in English, Russian, German, French and Spanish.
const MONTH_PREFIXES: [&[&str]; 12] = [
    &["jan", "янв", "ene"],
    &["feb", "фев", "fev"],
    &["mar", "март", "maer"],
    &["apr", "апр", "avr", "abr"],
    &["may", "мая", "май", "мае", "mai"],
    &["jun", "июн", "juin"],
    &["jul", "июл", "juil"],
    &["aug", "авг", "aou", "ago"],
    &["sep", "сен"],
    &["oct", "окт", "okt"],
    &["nov", "ноя"],
    &["dec", "дек", "dez", "dic"],
];
const MONTH_SUFFIXES: &[&str] = &[
    "",
    "t",
    "uary",
    "ruary",
    "ch",
    "il",
    "e",
    "y",
    "ust",
    "tember",
    "ober",
    "ember",
    "uar",
    "ruar",
    "z",
    "i",
    "vier",
    "rier",
    "s",
    "let",
    "embre",
    "obre",
    "tembre",
    "ero",
    "rero",
    "zo",
    "o",
    "io",
    "sto",
    "iembre",
    "tiembre",
    "ubre",
    "аря",
    "арь",
    "аре",
    "раля",
    "раль",
    "рале",
    "а",
    "е",
    "еля",
    "ель",
    "еле",
    "я",
    "ь",
    "уста",
    "уст",
    "усте",
    "тября",
    "тябрь",
    "тябре",
    "ября",
    "ябрь",
    "ябре",
    "бря",
    "брь",
    "бре",
    "абря",
    "абрь",
    "абре",
];

fn month_of(word: &str) -> Option<u32> {
    let matches = |prefix: &&str| word.strip_prefix(*prefix).is_some_and(|end| MONTH_SUFFIXES.contains(&end));
    MONTH_PREFIXES.iter().position(|names| names.iter().any(matches)).and_then(|at| u32::try_from(at + 1).ok())
}

/// Whether a word is the name of a month or weekday, capitalised in English without being a proper name.
pub(super) fn is_calendar_word(word: &str) -> bool {
    const DAYS: [&str; 14] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "montag",
        "dienstag",
        "mittwoch",
        "donnerstag",
        "freitag",
        "samstag",
        "sonntag",
    ];
    month_of(word).is_some() || DAYS.contains(&word)
}

/// The date at the start of `tokens` and how many tokens it takes.
pub(super) fn parse(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let first = tokens.first()?;
    if first.text.starts_with(|c: char| c.is_ascii_digit()) {
        return numeric(first).map(|date| (date, 1)).or_else(|| slashed(tokens)).or_else(|| day_month(tokens));
    }
    if !tokens.get(1)?.text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    month_first(tokens)
}

/// `2024-03-12`, `12.03.2024`, `12-03-2024`.
fn numeric(token: &Token<'_>) -> Option<Date> {
    let parts: Vec<&str> = token.text.split(['-', '.']).take(4).collect();
    let [a, b, c] = parts[..] else { return None };
    if a.len() == 4 {
        return Date::new(a.parse().ok(), number(b)?, Some(number(c)?));
    }
    if c.len() != 4 {
        return None;
    }
    Date::new(c.parse().ok(), number(b)?, Some(number(a)?))
}

/// `03/12/2024`, ambiguous unless one of the numbers is above twelve.
fn slashed(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let [a, b, c, ..] = tokens else { return None };
    let joined = a.rest.strip_prefix('/')?.starts_with(b.text) && b.rest.strip_prefix('/')?.starts_with(c.text);
    if !joined || c.text.len() != 4 {
        return None;
    }
    let (first, second, year) = (number(a.text)?, number(b.text)?, c.text.parse().ok());
    let (month, day) = if second > 12 { (first, second) } else { (second, first) };
    let mut date = Date::new(year, month, Some(day))?;
    date.ambiguous = first <= 12 && second <= 12;
    Some((date, 3))
}

/// `12 March 2024`, `12th of March`, `12 марта`.
fn day_month(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let written = tokens.first()?.text;
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 2 || !matches!(&written[digits..], "" | "st" | "nd" | "rd" | "th" | "er" | "-го" | "го") {
        return None;
    }
    let of = tokens.get(1).is_some_and(|next| matches!(next.text, "of" | "de"));
    let at = 1 + usize::from(of);
    let month = month_of(&fold(tokens.get(at)?.text))?;
    let (year, taken) = year_at(tokens, at + 1);
    Some((Date::new(year, month, Some(number(&written[..digits])?))?, taken))
}

/// `March 12, 2024`, `March 2024`; a month alone is not a date.
fn month_first(tokens: &[Token<'_>]) -> Option<(Date, usize)> {
    let month = month_of(&fold(tokens.first()?.text))?;
    let next = tokens.get(1)?.text;
    if next.len() == 4 {
        let (year, taken) = year_at(tokens, 1);
        year?;
        return Some((Date::new(year, month, None)?, taken));
    }
    let day = next.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let day = number(day).filter(|_| day.len() <= 2 && next.len() <= 4)?;
    let (year, taken) = year_at(tokens, 2);
    Some((Date::new(year, month, Some(day))?, taken))
}

/// The year at token `at`, if there is one, and the index of the token after it.
fn year_at(tokens: &[Token<'_>], at: usize) -> (Option<u16>, usize) {
    let of = tokens.get(at).is_some_and(|token| matches!(token.text, "of" | "de"));
    let at = at + usize::from(of);
    let year = tokens.get(at).filter(|token| token.text.len() == 4).and_then(|token| token.text.parse::<u16>().ok());
    match year.filter(|year| (1000..=2999).contains(year)) {
        Some(year) => (Some(year), at + 1),
        None => (None, at - usize::from(of)),
    }
}

fn number(text: &str) -> Option<u32> {
    (text.len() <= 2).then(|| text.parse().ok()).flatten()
}
