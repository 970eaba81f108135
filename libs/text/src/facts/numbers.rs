//! Parses amounts: digits or small number words with multiplier and unit.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::terms::{Token, fold, join_digits};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Number {
    /// Possible values: `1.000` is one or a thousand.
    values: Vec<f64>,
    /// `%`, a lower-case currency code or an English unit such as `day`.
    pub(crate) unit: Option<&'static str>,
}

impl Number {
    /// Whether a value is the same and the units do not contradict each other.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let same = self.values.iter().any(|own| other.values.iter().any(|other| nearly_equal(*own, *other)));
        let units = match (self.unit, other.unit) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        same && units
    }

    /// Whether it is a bare number that may be a year.
    pub(crate) fn is_year(&self) -> bool {
        self.unit.is_none() && self.values.iter().any(|value| (1000.0..2100.0).contains(value) && value.fract() == 0.0)
    }

    /// Whether it is a duration or a year.
    pub(crate) fn is_time(&self) -> bool {
        const UNITS: [&str; 7] = ["day", "week", "month", "year", "hour", "minute", "second"];
        self.is_year() || self.unit.is_some_and(|unit| UNITS.contains(&unit))
    }

    pub(crate) fn is_money(&self) -> bool {
        self.unit.is_some_and(is_currency)
    }

    pub(super) fn is_plain(&self, value: f64) -> bool {
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
    let (mut values, suffix, mut taken) = match word_value(&fold(first.text)) {
        Some(value) => (vec![vec![value]], "", 1),
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
    let mut unit = currency.or_else(|| unit_of(&fold(suffix)));
    let mut rest = tokens[taken - 1].rest;
    // "3 million euros", "10 working days": the multiplier, then the unit.
    for _ in 0..2 {
        unit = unit.or_else(|| sign_after(rest));
        let Some(next) = tokens.get(taken).filter(|next| is_adjacent(rest, next)) else { break };
        let word = fold(next.text);
        if let Some(multiplier) = multiplier_of(&word).filter(|_| nearly_equal(factor, 1.0)) {
            factor = multiplier;
        } else if QUALIFIER_PREFIXES.iter().any(|start| word.starts_with(start)) {
            // The unit follows.
        } else if let Some(found) = unit_of(&word).filter(|_| unit.is_none()) {
            unit = Some(found);
        } else {
            break;
        }
        taken += 1;
        rest = next.rest;
    }
    values.iter_mut().flatten().for_each(|value| *value *= factor);
    Some((values.into_iter().map(|values| Number { values, unit }).collect(), taken))
}

/// Whether `next` follows after at most two spaces, dots or hyphens.
fn is_adjacent(rest: &str, next: &Token<'_>) -> bool {
    let gap = &rest[..rest.len() - next.rest.len() - next.text.len()];
    gap.chars().count() <= 2 && gap.chars().all(|c| c.is_whitespace() || matches!(c, '.' | '-'))
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

fn is_currency(unit: &str) -> bool {
    matches!(unit, "usd" | "eur" | "gbp" | "rub" | "jpy")
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
const NUMBER_WORDS: [(&str, f64); 25] = [
    ("two два две двух двумя", 2.0),
    ("three три трех тремя", 3.0),
    ("four четыре четырех", 4.0),
    ("five пять пяти", 5.0),
    ("six шесть шести", 6.0),
    ("seven семь семи", 7.0),
    ("eight восемь восьми", 8.0),
    ("nine девять девяти", 9.0),
    ("ten десять десяти", 10.0),
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

fn unit_of(word: &str) -> Option<&'static str> {
    const EXACT: [(&str, &str); 13] = [
        ("km км", "km"),
        ("kg кг", "kg"),
        ("eur евро", "eur"),
        ("usd", "usd"),
        ("gbp", "gbp"),
        ("rub руб", "rub"),
        ("лет", "year"),
        ("tag tage tagen", "day"),
        ("ч h hr hrs", "hour"),
        ("мин min mins", "minute"),
        ("сек sec secs", "second"),
        ("an ans", "year"),
        ("pct", "%"),
    ];
    const PREFIXES: [(&str, &str); 40] = [
        ("percent", "%"),
        ("процент", "%"),
        ("prozent", "%"),
        ("euro", "eur"),
        ("dollar", "usd"),
        ("доллар", "usd"),
        ("рубл", "rub"),
        ("second", "second"),
        ("секунд", "second"),
        ("minute", "minute"),
        ("минут", "minute"),
        ("hour", "hour"),
        ("час", "hour"),
        ("stunde", "hour"),
        ("day", "day"),
        ("дня", "day"),
        ("дней", "day"),
        ("день", "day"),
        ("дни", "day"),
        ("jour", "day"),
        ("week", "week"),
        ("недел", "week"),
        ("woche", "week"),
        ("semaine", "week"),
        ("month", "month"),
        ("месяц", "month"),
        ("monat", "month"),
        ("mois", "month"),
        ("meses", "month"),
        ("year", "year"),
        ("год", "year"),
        ("jahr", "year"),
        ("annee", "year"),
        ("ano", "year"),
        ("kilomet", "km"),
        ("километр", "km"),
        ("kilogram", "kg"),
        ("килограмм", "kg"),
        ("mile", "mile"),
        ("мил", "mile"),
    ];
    if word.is_empty() {
        return None;
    }
    let exact = EXACT.iter().find(|(forms, _)| forms.split(' ').any(|form| form == word));
    if let Some((_, unit)) = exact {
        return Some(unit);
    }
    PREFIXES
        .iter()
        .find(|(prefix, _)| word.starts_with(prefix) && word.len() <= prefix.len() + 8)
        .map(|(_, unit)| *unit)
}
