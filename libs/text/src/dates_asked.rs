//! The days a question is about: `on 7 June`, `yesterday`, `last week`, `в 2024 году`.

mod words;

use std::ops::Range;

use chrono::{Datelike, Days, Months, NaiveDate};

use self::words::{Names, Words};
use crate::calendar::{self, WrittenDate};
use crate::terms::{Token, Tokens, fold};

/// The days that `question` asks about, the last one excluded, given the day it is asked; `None` if it names no time. The
/// first time it names counts. A day or month without a year is the latest one, or the next one if the question looks
/// ahead (`will`, `next`, `будет`).
#[must_use]
pub fn dates_asked(question: &str, today: NaiveDate) -> Option<Range<NaiveDate>> {
    let tokens: Vec<Token<'_>> = Tokens::new(question).take(MAX_TOKENS).collect();
    let words = Words::of(question, &tokens);
    let looks_ahead = (0..words.len()).any(|at| words.is(Some(at), &FUTURE));
    (0..tokens.len()).find_map(|at| {
        named_day(&words, at, today)
            .or_else(|| named_period(&words, at, today))
            .or_else(|| written(&tokens, &words, at, today, looks_ahead))
    })
}

const MAX_TOKENS: usize = 64;
const FUTURE: [(&str, &str); 3] = [
    ("en", "will shall next upcoming going"),
    ("ru", "будет будут состоится состоятся предстоит следующий следующая следующем"),
    ("de", "wird werden nachste"),
];

#[derive(Clone, Copy)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn named_by(words: &Words, at: usize) -> Option<Self> {
        const NAMES: [(&Names, Unit); 5] = [
            (&[("en", "day days"), ("ru", "день дня дней дни"), ("de", "tag tage tagen")], Unit::Day),
            (&[("en", "week weeks"), ("ru", "неделе неделю недели недель неделя"), ("de", "woche wochen")], Unit::Week),
            (
                &[("en", "month months"), ("ru", "месяц месяца месяце месяцев"), ("de", "monat monate monaten")],
                Unit::Month,
            ),
            (&[("en", "quarter quarters"), ("ru", "квартал квартале квартала"), ("de", "quartal")], Unit::Quarter),
            (&[("en", "year years"), ("ru", "год году года лет"), ("de", "jahr jahre jahren")], Unit::Year),
        ];
        NAMES.iter().find(|(names, _)| words.is(Some(at), names)).map(|(_, unit)| *unit)
    }

    /// The whole unit that has `day`, moved by `offset` units.
    fn around(self, day: NaiveDate, offset: i32) -> Option<Range<NaiveDate>> {
        let months = match self {
            Self::Day => return span(moved(day, offset)?, 1),
            Self::Week => {
                let monday = day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))?;
                return span(moved(monday, offset.checked_mul(7)?)?, 7);
            }
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        };
        let first = day.with_day(1)?.with_month(day.month0() / months * months + 1)?;
        let start = moved_months(first, offset.checked_mul(i32::try_from(months).ok()?)?)?;
        Some(start..start.checked_add_months(Months::new(months))?)
    }

    /// The last `count` units up to and with today.
    fn last(self, count: u32, today: NaiveDate) -> Option<Range<NaiveDate>> {
        let end = moved(today, 1)?;
        let start = match self {
            Self::Day => today.checked_sub_days(Days::new(count.into()))?,
            Self::Week => today.checked_sub_days(Days::new(u64::from(count) * 7))?,
            Self::Month => today.checked_sub_months(Months::new(count))?,
            Self::Quarter => today.checked_sub_months(Months::new(count.checked_mul(3)?))?,
            Self::Year => today.checked_sub_months(Months::new(count.checked_mul(12)?))?,
        };
        Some(start..end)
    }
}

fn span(start: NaiveDate, days: u64) -> Option<Range<NaiveDate>> {
    Some(start..start.checked_add_days(Days::new(days))?)
}

fn moved(day: NaiveDate, days: i32) -> Option<NaiveDate> {
    let count = Days::new(days.unsigned_abs().into());
    if days < 0 { day.checked_sub_days(count) } else { day.checked_add_days(count) }
}

fn moved_months(day: NaiveDate, months: i32) -> Option<NaiveDate> {
    let count = Months::new(months.unsigned_abs());
    if months < 0 { day.checked_sub_months(count) } else { day.checked_add_months(count) }
}

/// `today`, `yesterday`, `позавчера`, `last Friday`, `on Monday`.
fn named_day(words: &Words, at: usize, today: NaiveDate) -> Option<Range<NaiveDate>> {
    const DAYS: [(&Names, i32); 5] = [
        (
            &[
                ("en", "today tonight"),
                ("ru", "сегодня сегодняшний"),
                ("de", "heute"),
                ("fr", "aujourd'hui"),
                ("es", "hoy"),
            ],
            0,
        ),
        (&[("en", "yesterday"), ("ru", "вчера"), ("de", "gestern"), ("fr", "hier d'hier"), ("es", "ayer")], -1),
        (&[("en", "tomorrow"), ("ru", "завтра"), ("de", "morgen"), ("fr", "demain")], 1),
        (&[("ru", "позавчера"), ("de", "vorgestern"), ("fr", "avant-hier")], -2),
        (&[("ru", "послезавтра"), ("de", "ubermorgen"), ("fr", "apres-demain")], 2),
    ];
    const WEEKDAYS: [&Names; 7] = [
        &[("en", "monday"), ("ru", "понедельник"), ("de", "montag"), ("fr", "lundi")],
        &[("en", "tuesday"), ("ru", "вторник"), ("de", "dienstag"), ("fr", "mardi")],
        &[("en", "wednesday"), ("ru", "среду среда"), ("de", "mittwoch"), ("fr", "mercredi")],
        &[("en", "thursday"), ("ru", "четверг"), ("de", "donnerstag"), ("fr", "jeudi")],
        &[("en", "friday"), ("ru", "пятницу пятница"), ("de", "freitag"), ("fr", "vendredi")],
        &[("en", "saturday"), ("ru", "субботу суббота"), ("de", "samstag"), ("fr", "samedi")],
        &[("en", "sunday"), ("ru", "воскресенье"), ("de", "sonntag"), ("fr", "dimanche")],
    ];
    if let Some((_, offset)) = DAYS.iter().find(|(names, _)| words.is(Some(at), names)) {
        return Unit::Day.around(today, *offset);
    }
    let weekday = i32::try_from(WEEKDAYS.iter().position(|names| words.is(Some(at), names))?).ok()?;
    let now = i32::try_from(today.weekday().num_days_from_monday()).ok()?;
    // `mondays` and `every Monday` are no date; a weekday alone is one only after a word that points at it.
    let direction = direction(words, at)?;
    let offset = (weekday - now).rem_euclid(7);
    let days = match direction {
        Direction::Next => {
            if offset == 0 {
                7
            } else {
                offset
            }
        }
        Direction::Last => {
            if offset == 0 {
                -7
            } else {
                offset - 7
            }
        }
        Direction::This => {
            if offset == 0 {
                0
            } else {
                offset - 7
            }
        }
    };
    Unit::Day.around(today, days)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Last,
    This,
    Next,
}

/// What the words before the one at `at` say about it: `last`, `this`, `next`.
fn direction(words: &Words, at: usize) -> Option<Direction> {
    const NAMES: [(&Names, Direction); 3] = [
        (
            &[
                ("en", "last past previous"),
                ("ru", "прошлый прошлая прошлой прошлую прошлом прошлого прошедший прошедшей прошедшую"),
                ("de", "letzte letzten letzter letztes vergangene"),
                ("fr", "dernier derniere"),
            ],
            Direction::Last,
        ),
        (
            &[
                ("en", "this current on"),
                ("ru", "этот эта этой эту этом этого текущий текущем текущей"),
                ("de", "diese diesen dieser dieses am"),
                ("fr", "cette ce"),
            ],
            Direction::This,
        ),
        (
            &[
                ("en", "next coming upcoming"),
                ("ru", "следующий следующая следующей следующую следующем следующего будущей будущем"),
                ("de", "nachste nachsten nachster nachstes"),
                ("fr", "prochain prochaine"),
            ],
            Direction::Next,
        ),
    ];
    let before = at.checked_sub(1)?;
    NAMES.iter().find(|(names, _)| words.is(Some(before), names)).map(|(_, direction)| *direction)
}

/// `last week`, `в прошлом году`, `for the past three days`, `two weeks ago`, `за последние 3 месяца`.
fn named_period(words: &Words, at: usize, today: NaiveDate) -> Option<Range<NaiveDate>> {
    const RECENT: [(&str, &str); 4] = [
        ("en", "last past previous"),
        ("ru", "последние последних последний последнюю"),
        ("de", "letzten vergangenen"),
        ("fr", "derniers"),
    ];
    let unit = Unit::named_by(words, at)?;
    let count = at.checked_sub(1).and_then(|before| count_of(words.get(before)?));
    let is = |place: Option<usize>, names: &Names| words.is(place, names);
    if is(Some(at + 1), &[("en", "ago"), ("ru", "назад")]) || is(at.checked_sub(2), &[("de", "vor")]) {
        let offset = i32::try_from(count.unwrap_or(1)).ok()?;
        return unit.around(today, -offset);
    }
    if let Some(count) = count {
        return if is(at.checked_sub(2), &RECENT) { unit.last(count, today) } else { None };
    }
    if is(at.checked_sub(1), &[("ru", "последний последнюю последние")]) {
        return unit.last(1, today);
    }
    let offset = match direction(words, at)? {
        Direction::Last => -1,
        Direction::This => 0,
        Direction::Next => 1,
    };
    // `on day` is no period.
    (!is(at.checked_sub(1), &[("en", "on"), ("de", "am")])).then(|| unit.around(today, offset)).flatten()
}

fn count_of(word: &str) -> Option<u32> {
    const COUNTS: [&str; 12] = [
        "one один одну ein eine einem einer a",
        "two два две zwei couple",
        "three три drei",
        "four четыре vier few",
        "five пять funf",
        "six шесть sechs",
        "seven семь sieben",
        "eight восемь acht",
        "nine девять neun",
        "ten десять zehn",
        "eleven одиннадцать elf",
        "twelve двенадцать zwolf",
    ];
    if let Ok(count) = word.parse::<u32>() {
        return (1..=1_000).contains(&count).then_some(count);
    }
    let at = COUNTS.iter().position(|names| names.split(' ').any(|name| name == word))?;
    u32::try_from(at + 1).ok()
}

/// A date in numbers or with a month, a month, or a year after a word such as `in`.
fn written(
    tokens: &[Token<'_>],
    words: &Words,
    at: usize,
    today: NaiveDate,
    looks_ahead: bool,
) -> Option<Range<NaiveDate>> {
    let token = &tokens[at];
    if let Some((date, taken)) = calendar::date_at(token) {
        let name = tokens[at..].iter().take(taken).find(|token| calendar::month_of(token.text).is_some());
        let is_meant = name.is_none_or(|name| names_month(words, name.text, date));
        return is_meant.then(|| days_of(date, today, looks_ahead)).flatten();
    }
    const BEFORE: &str = "in since during of for from by until за в с к до для im seit en depuis";
    let introduced =
        at.checked_sub(1).is_some_and(|before| BEFORE.split(' ').any(|word| Some(word) == words.get(before)));
    if introduced && let Some(month) = month_alone(words, token.text) {
        return days_of(WrittenDate { year: None, month, day: None }, today, looks_ahead);
    }
    let year: i32 = Some(token.text).filter(|text| text.len() == 4).and_then(|text| text.parse().ok())?;
    let named =
        tokens.get(at + 1).is_some_and(|next| matches!(fold(next.text).as_str(), "год" | "году" | "года" | "г"));
    if !(1900..=2100).contains(&year) || !(introduced || named) {
        return None;
    }
    Unit::Year.around(NaiveDate::from_ymd_opt(year, 1, 1)?, 0)
}

/// Whether `name` beside a number is that of a month. One that is also another word in other languages needs the whole date:
/// `Mars 3` is a spacecraft.
fn names_month(words: &Words, name: &str, date: WrittenDate) -> bool {
    let is_own = calendar::month_read_as(name, |code| words.reads(&fold(name), code)).is_some();
    is_own || !words::is_ambiguous(&fold(name)) || date.day_of().is_some()
}

/// The month that a word without a number names in the question's language.
fn month_alone(words: &Words, name: &str) -> Option<u32> {
    let folded = fold(name);
    // Short forms that are the names of people and places.
    let is_name = matches!(folded.as_str(), "jan" | "mar");
    if is_name { None } else { calendar::month_read_as(name, |code| words.reads(&folded, code)) }
}

/// The days of a written date; without a year, the latest or the next that has them.
fn days_of(date: WrittenDate, today: NaiveDate, looks_ahead: bool) -> Option<Range<NaiveDate>> {
    let in_year = |year: i32| {
        let first = NaiveDate::from_ymd_opt(year, date.month, date.day.unwrap_or(1))?;
        if date.day.is_some() { span(first, 1) } else { Unit::Month.around(first, 0) }
    };
    if let Some(year) = date.year {
        return in_year(year);
    }
    let this_year = in_year(today.year());
    match this_year {
        Some(range) if !looks_ahead && range.start > today => in_year(today.year() - 1),
        Some(range) if looks_ahead && range.end <= today => in_year(today.year() + 1),
        // 29 February of a year that has none.
        None => in_year(today.year() - 1).or_else(|| (2..=8).find_map(|back| in_year(today.year() - back))),
        range => range,
    }
}
