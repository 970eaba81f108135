//! Parses amounts: digits or small number words with multiplier and unit.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::units::{self, is_currency, unit_of};
use crate::terms::{Token, fold, join_digits};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    /// Possible values: `1.000` is one or a thousand.
    values: Vec<f64>,
    /// `%`, a lower-case currency code or an English unit such as `day`.
    pub(crate) unit: Option<&'static str>,
}

impl Number {
    /// Whether a value is the same after conversion and the units do not contradict each other.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let same = |own: f64, other_value: f64| match (self.unit, other.unit) {
            (Some(unit), Some(other_unit)) => units::are_equal(own, unit, other_value, other_unit),
            _ => nearly_equal(own, other_value),
        };
        self.values.iter().any(|own| other.values.iter().any(|value| same(*own, *value)))
    }

    /// Whether it is the sum of two numbers.
    pub(crate) fn is_sum_of(&self, a: &Self, b: &Self) -> bool {
        let value = |number: &Self| number.values.first().copied().unwrap_or_default();
        nearly_equal(value(self), value(a) + value(b))
    }

    /// Whether it is `factor` times the other.
    pub(crate) fn is_multiple_of(&self, other: &Self, factor: f64) -> bool {
        let value = |number: &Self| number.values.first().copied().unwrap_or_default();
        nearly_equal(value(self), value(other) * factor)
    }

    /// Whether both measure the same, so that one of them can contradict the other.
    pub(crate) fn is_comparable(&self, other: &Self) -> bool {
        match (self.unit, other.unit) {
            (Some(own), Some(other)) => units::are_comparable(own, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether it is a bare number that may be a year.
    pub(crate) fn is_year(&self) -> bool {
        self.unit.is_none() && self.values.iter().any(|value| (1000.0..2100.0).contains(value) && value.fract() == 0.0)
    }

    /// Whether it is a duration or a year.
    pub(crate) fn is_time(&self) -> bool {
        self.is_year() || self.unit.is_some_and(units::is_time)
    }

    pub(crate) fn is_money(&self) -> bool {
        self.unit.is_some_and(units::is_currency)
    }

    pub(crate) fn is_plain(&self, value: f64) -> bool {
        self.unit.is_none() && self.values.iter().any(|own| nearly_equal(*own, value))
    }
}

fn nearly_equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()) * 1e-9
}

/// The number at the start of `tokens` (two for a range like `10-20`) and how many tokens it takes. `before` is the
/// character before it, `last` the token before it.
pub(super) fn parse(
    tokens: &[Token<'_>],
    before: Option<char>,
    last: Option<&Token<'_>>,
) -> Option<(Vec<Number>, usize)> {
    let first = tokens.first()?;
    if let Some(times) = repetition(&fold(first.text)) {
        return Some((vec![Number { values: vec![times], unit: Some("time") }], 1));
    }
    let (mut values, suffix, mut taken) = match word_number(tokens) {
        Some((value, taken)) => (vec![vec![value]], "", taken),
        None => digits(tokens)?,
    };
    let leading_code = || {
        last.filter(|last| is_adjacent(last.rest, first))
            .and_then(|last| unit_of(&fold(last.text)))
            .filter(|unit| is_currency(unit))
    };
    let currency = before.and_then(currency_sign).or_else(leading_code);
    let mut factor = match (suffix, currency.is_some()) {
        ("k" | "K" | "к", _) => 1e3,
        ("m" | "M" | "mn", true) => 1e6,
        ("b" | "B" | "bn", true) => 1e9,
        _ => 1.0,
    };
    let is_year = values.len() == 1 && values[0].iter().any(|value| (1000.0..2100.0).contains(value));
    let mut unit = currency.or_else(|| unit_of(&fold(suffix)));
    let mut power = None;
    let mut rest = tokens[taken - 1].rest;
    // "3 million euros", "10 working days", "40 square metres": multiplier and qualifier, then the unit.
    for _ in 0..2 {
        unit = unit.or_else(|| sign_after(rest));
        let Some(next) = tokens.get(taken).filter(|next| is_adjacent(rest, next)) else { break };
        let word = degree(rest, &fold(next.text));
        if let Some(multiplier) = multiplier_of(&word).filter(|_| nearly_equal(factor, 1.0)) {
            factor = multiplier;
        } else if QUALIFIER_PREFIXES.iter().any(|start| word.starts_with(start)) {
            // The unit follows.
        } else if let Some(found) = power_of(&word) {
            power = Some(found);
        } else if let Some(found) = unit_of(&word).filter(|_| unit.is_none()) {
            // "2019 г." is a year, not a weight.
            unit = Some(if next.text == "г" && is_year { "year" } else { found });
        } else {
            break;
        }
        taken += 1;
        rest = next.rest;
    }
    if is_year && unit == Some("year") {
        unit = None;
    }
    unit = unit.map(|unit| power.and_then(|power| units::powered(unit, power)).unwrap_or(unit));
    values.iter_mut().flatten().for_each(|value| *value *= factor);
    Some((values.into_iter().map(|values| Number { values, unit }).collect(), taken))
}

/// Whether `next` follows after at most two spaces, dots or hyphens.
fn is_adjacent(rest: &str, next: &Token<'_>) -> bool {
    let gap = &rest[..rest.len() - next.rest.len() - next.text.len()];
    gap.chars().count() <= 2 && gap.chars().all(|c| c.is_whitespace() || matches!(c, '.' | '-' | '°'))
}

/// `word` with the sign of degrees before it: `°c`.
fn degree(rest: &str, word: &str) -> String {
    if rest.trim_start().starts_with('°') { format!("°{word}") } else { word.to_owned() }
}

/// The power of a unit of length that follows: `square metres`, `кв. м`.
fn power_of(word: &str) -> Option<u8> {
    match word {
        "square" | "sq" | "кв" => Some(2),
        "cubic" | "cu" | "куб" => Some(3),
        _ if word.starts_with("квадратн") || word.starts_with("quadrat") => Some(2),
        _ if word.starts_with("кубическ") || word.starts_with("kubik") => Some(3),
        _ => None,
    }
}

/// How many times `twice` says.
fn repetition(word: &str) -> Option<f64> {
    match word {
        "twice" | "дважды" | "вдвое" | "zweimal" => Some(2.0),
        "thrice" | "трижды" | "втрое" | "dreimal" => Some(3.0),
        _ => None,
    }
}

/// A number in words and the tokens it takes: `twenty-one`, `one and a half hours`, `полтора`. `one` counts only
/// before a unit: it is a pronoun or article more often.
fn word_number(tokens: &[Token<'_>]) -> Option<(f64, usize)> {
    const ONE: [&str; 12] =
        ["one", "один", "одна", "одно", "одного", "одной", "одну", "одному", "ein", "eine", "einem", "einen"];
    let word = |at: usize| tokens.get(at).map(|token| fold(token.text)).unwrap_or_default();
    let first = word(0);
    let is_one = ONE.contains(&first.as_str());
    let value = word_value(&first).or(is_one.then_some(1.0))?;
    let has_half = word(1) == "and" && word(2) == "a" && word(3) == "half";
    if has_half || (word(1) == "с" && word(2).starts_with("половин")) {
        return Some((value + 0.5, if has_half { 4 } else { 3 }));
    }
    if is_one && unit_of(&word(1)).is_none() && multiplier_of(&word(1)).is_none() {
        return None;
    }
    Some((value, 1))
}

type ParsedDigits<'a> = (Vec<Vec<f64>>, &'a str, usize);

/// Possible values of each number written in digits, the letters after the last, and the tokens taken.
fn digits<'a>(tokens: &[Token<'a>]) -> Option<ParsedDigits<'a>> {
    let token = tokens.first()?;
    let digits_end = token.text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (written, suffix) = token.text.split_at(digits_end);
    let suffix = suffix.trim_start_matches(['-', '.']);
    if !written.starts_with(|c: char| c.is_ascii_digit()) || suffix.len() > 8 || written.contains(char::is_alphabetic) {
        return None;
    }
    if let Some((from, to)) = written.split_once('-') {
        return Some((vec![values(from)?, values(to)?], suffix, 1));
    }
    let mut joined = written.to_owned();
    let mut taken = 1;
    let groups = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    // `1 000 000` with ordinary spaces.
    while joined.len() < 15
        && tokens[taken - 1].rest.starts_with(' ')
        && (taken > 1 || (groups(written) && written.len() <= 3))
    {
        let Some(next) = tokens.get(taken).filter(|next| next.text.len() == 3 && groups(next.text)) else { break };
        if tokens[taken - 1].rest.len() - next.rest.len() != 4 {
            break;
        }
        joined.push_str(next.text);
        taken += 1;
    }
    Some((vec![values(&joined)?], suffix, taken))
}

fn values(written: &str) -> Option<Vec<f64>> {
    let joined = join_digits(written);
    if joined.len() > 30 || joined.matches('v').count() > 1 {
        return None;
    }
    let mut values = vec![joined.replace('v', ".").parse().ok()?];
    if let Some((whole, "000")) = joined.split_once('v') {
        values.push(whole.parse::<f64>().ok()? * 1e3);
    } else if joined.split_once('v').is_some_and(|(whole, part)| part.len() == 3 && whole != "0") {
        values.push(joined.replace('v', "").parse().ok()?);
    }
    Some(values)
}

fn currency_sign(c: char) -> Option<&'static str> {
    match c {
        '$' => Some("usd"),
        '€' => Some("eur"),
        '£' => Some("gbp"),
        '₽' => Some("rub"),
        '¥' => Some("jpy"),
        _ => None,
    }
}

/// Whether a word is a unit or multiplier: `EUR` and `Years` are not names.
pub(super) fn is_unit(word: &str) -> bool {
    unit_of(word).is_some() || multiplier_of(word).is_some()
}

fn sign_after(rest: &str) -> Option<&'static str> {
    match rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']).chars().next()? {
        '%' => Some("%"),
        c => currency_sign(c),
    }
}

/// Prefixes of words between a number and its unit: `10 working days`.
const QUALIFIER_PREFIXES: [&str; 8] =
    ["working", "business", "calendar", "full", "рабоч", "календарн", "полн", "банковск"];

/// Number words. `one` is left out in all languages: it is a pronoun or article more often than a number.
const NUMBER_WORDS: [(&str, f64); 36] = [
    ("полтора полторы полутора anderthalb", 1.5),
    ("two два две двух двумя zwei", 2.0),
    ("three три трех тремя drei", 3.0),
    ("four четыре четырех vier", 4.0),
    ("five пять пяти funf", 5.0),
    ("six шесть шести sechs", 6.0),
    ("seven семь семи sieben", 7.0),
    ("eight восемь восьми acht", 8.0),
    ("nine девять девяти neun", 9.0),
    ("ten десять десяти zehn", 10.0),
    ("eleven одиннадцать одиннадцати", 11.0),
    ("twelve двенадцать двенадцати", 12.0),
    ("thirteen тринадцать тринадцати", 13.0),
    ("fourteen четырнадцать четырнадцати", 14.0),
    ("fifteen пятнадцать пятнадцати", 15.0),
    ("sixteen шестнадцать шестнадцати", 16.0),
    ("seventeen семнадцать семнадцати", 17.0),
    ("eighteen восемнадцать", 18.0),
    ("twenty двадцать двадцати", 20.0),
    ("thirty тридцать тридцати", 30.0),
    ("forty сорок сорока", 40.0),
    ("fifty пятьдесят пятидесяти", 50.0),
    ("sixty шестьдесят шестидесяти", 60.0),
    ("seventy семьдесят семидесяти", 70.0),
    ("eighty восемьдесят", 80.0),
    ("ninety девяносто", 90.0),
    ("dozen дюжина", 12.0),
    ("сто ста hundert", 100.0),
    ("двести двухсот", 200.0),
    ("триста трехсот", 300.0),
    ("четыреста", 400.0),
    ("пятьсот пятисот", 500.0),
    ("шестьсот", 600.0),
    ("семьсот", 700.0),
    ("восемьсот", 800.0),
    ("девятьсот", 900.0),
];

static WORD_VALUES: LazyLock<HashMap<&'static str, f64>> = LazyLock::new(|| {
    NUMBER_WORDS.iter().flat_map(|(forms, value)| forms.split(' ').map(|form| (form, *value))).collect()
});

fn word_value(word: &str) -> Option<f64> {
    let Some((tens, units)) = word.split_once('-') else { return WORD_VALUES.get(word).copied() };
    let tens = WORD_VALUES.get(tens).filter(|tens| **tens >= 20.0)?;
    let units = if units == "one" { 1.0 } else { *WORD_VALUES.get(units).filter(|units| **units < 10.0)? };
    Some(tens + units)
}

fn multiplier_of(word: &str) -> Option<f64> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.starts_with(prefix));
    match word {
        "hundred" => Some(1e2),
        "k" | "тыс" => Some(1e3),
        "mio" | "mln" | "млн" => Some(1e6),
        "bn" | "mrd" | "млрд" => Some(1e9),
        "трлн" => Some(1e12),
        _ if starts(&["thousand", "тысяч", "tausend"]) => Some(1e3),
        _ if starts(&["million", "миллион"]) => Some(1e6),
        _ if starts(&["billion", "milliard", "миллиард"]) => Some(1e9),
        _ if starts(&["trillion", "триллион"]) => Some(1e12),
        _ => None,
    }
}
