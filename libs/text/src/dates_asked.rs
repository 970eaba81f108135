//! The days a question is about: `on 7 June`, `yesterday`, `last week`, `в 2024 году`.

use std::ops::Range;

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::calendar::{self, WrittenDate};
use crate::terms::{Token, Tokens, fold};

/// The days that `question` asks about, the last one excluded, given the day it is asked; `None` if it names no time. The
/// first time it names counts. A day or month without a year is the latest one, or the next one if the question looks
/// ahead (`will`, `next`, `будет`).
#[must_use]
pub fn dates_asked(question: &str, today: NaiveDate) -> Option<Range<NaiveDate>> {
    let tokens: Vec<Token<'_>> = Tokens::new(question).take(MAX_TOKENS).collect();
    let words: Vec<String> = tokens.iter().map(|token| fold(token.text)).collect();
    let looks_ahead = words.iter().any(|word| FUTURE.split(' ').any(|listed| listed == word));
    (0..tokens.len()).find_map(|at| {
        named_day(&words, at, today)
            .or_else(|| named_period(&words, at, today))
            .or_else(|| written(&tokens, at, today, looks_ahead))
    })
}

const MAX_TOKENS: usize = 64;
const FUTURE: &str = "will shall next upcoming going будет будут состоится состоятся предстоит следующий следующая следующем wird werden nachste";

#[derive(Clone, Copy)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn named_by(word: &str) -> Option<Self> {
        const NAMES: [(&str, Unit); 5] = [
            ("day days день дня дней дни tag tage tagen", Unit::Day),
            ("week weeks неделе неделю недели недель неделя woche wochen", Unit::Week),
            ("month months месяц месяца месяце месяцев monat monate monaten", Unit::Month),
            ("quarter quarters квартал квартале квартала quartal", Unit::Quarter),
            ("year years год году года лет jahr jahre jahren", Unit::Year),
        ];
        NAMES.iter().find(|(names, _)| names.split(' ').any(|name| name == word)).map(|(_, unit)| *unit)
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
fn named_day(words: &[String], at: usize, today: NaiveDate) -> Option<Range<NaiveDate>> {
    const DAYS: [(&str, i32); 6] = [
        ("today tonight сегодня heute", 0),
        ("yesterday вчера gestern hier ayer", -1),
        ("tomorrow завтра morgen demain", 1),
        ("позавчера vorgestern", -2),
        ("послезавтра ubermorgen", 2),
        ("сегодняшний", 0),
    ];
    const WEEKDAYS: [&str; 7] = [
        "monday понедельник montag lundi",
        "tuesday вторник dienstag mardi",
        "wednesday среду среда mittwoch mercredi",
        "thursday четверг donnerstag jeudi",
        "friday пятницу пятница freitag vendredi",
        "saturday субботу суббота samstag samedi",
        "sunday воскресенье sonntag dimanche",
    ];
    let is = |names: &str| names.split(' ').any(|name| name == words[at]);
    if let Some((_, offset)) = DAYS.iter().find(|(names, _)| is(names)) {
        return Unit::Day.around(today, *offset);
    }
    let weekday = i32::try_from(WEEKDAYS.iter().position(|names| is(names))?).ok()?;
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
fn direction(words: &[String], at: usize) -> Option<Direction> {
    const NAMES: [(&str, Direction); 3] = [
        (
            "last past previous прошлый прошлая прошлой прошлую прошлом прошлого прошедший прошедшей прошедшую letzte letzten letzter letztes vergangene dernier derniere",
            Direction::Last,
        ),
        (
            "this current on этот эта этой эту этом этого текущий текущем текущей diese diesen dieser dieses am cette ce",
            Direction::This,
        ),
        (
            "next coming upcoming следующий следующая следующей следующую следующем следующего будущей будущем nachste nachsten nachster nachstes prochain prochaine",
            Direction::Next,
        ),
    ];
    let before = words.get(at.checked_sub(1)?)?;
    NAMES.iter().find(|(names, _)| names.split(' ').any(|name| name == before)).map(|(_, direction)| *direction)
}

/// `last week`, `в прошлом году`, `for the past three days`, `two weeks ago`, `за последние 3 месяца`.
fn named_period(words: &[String], at: usize, today: NaiveDate) -> Option<Range<NaiveDate>> {
    let unit = Unit::named_by(&words[at])?;
    let count = at.checked_sub(1).and_then(|before| count_of(&words[before]));
    let is = |place: Option<usize>, names: &str| {
        place.and_then(|place| words.get(place)).is_some_and(|word| names.split(' ').any(|name| name == word))
    };
    let ago = is(Some(at + 1), "ago назад");
    if ago || is(at.checked_sub(2), "vor") {
        let offset = i32::try_from(count.unwrap_or(1)).ok()?;
        return unit.around(today, -offset);
    }
    const RECENT: &str = "last past previous последние последних последний последнюю letzten vergangenen derniers";
    if let Some(count) = count {
        return if is(at.checked_sub(2), RECENT) { unit.last(count, today) } else { None };
    }
    if is(at.checked_sub(1), "последний последнюю последние") {
        return unit.last(1, today);
    }
    let offset = match direction(words, at)? {
        Direction::Last => -1,
        Direction::This => 0,
        Direction::Next => 1,
    };
    // `on day` is no period.
    (words[at - 1] != "on" && words[at - 1] != "am").then(|| unit.around(today, offset)).flatten()
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
fn written(tokens: &[Token<'_>], at: usize, today: NaiveDate, looks_ahead: bool) -> Option<Range<NaiveDate>> {
    let token = &tokens[at];
    if let Some((date, _)) = calendar::date_at(token) {
        return days_of(date, today, looks_ahead);
    }
    const BEFORE: &str = "in since during of for from by until за в с к до для im seit en depuis";
    let introduced =
        at.checked_sub(1).is_some_and(|before| BEFORE.split(' ').any(|word| word == fold(tokens[before].text)));
    if let Some(month) = calendar::month_of(token.text).filter(|_| introduced) {
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
