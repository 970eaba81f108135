//! The date that a text begins with: a letter, a minute, a note.

use chrono::{DateTime, NaiveDate, Utc};

use crate::html;

/// Lines and chars of a line that are looked at.
const MAX_LINES: usize = 12;
const MAX_LINE: usize = 80;

/// Words before a date on its line.
const LABELS: [&str; 20] = [
    "date",
    "dated",
    "sent",
    "updated",
    "last updated",
    "last modified",
    "last changed",
    "published",
    "created",
    "as of",
    "revised",
    "effective",
    "datum",
    "stand",
    "gesendet",
    "erstellt",
    "дата",
    "от",
    "обновлено",
    "по состоянию на",
];
/// First letters of the names of the months, in order: English, German, French and Spanish, Russian.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "янв"],
    &["feb", "fév", "fev", "фев"],
    &["mar", "mär", "мар"],
    &["apr", "avr", "abr", "апр"],
    &["may", "mai", "май", "мая"],
    &["jun", "juin", "июн"],
    &["jul", "juil", "июл"],
    &["aug", "aoû", "aou", "ago", "авг"],
    &["sep", "сен"],
    &["oct", "okt", "окт"],
    &["nov", "ноя"],
    &["dec", "dez", "déc", "dic", "дек"],
];

/// The date of the first line that is one, perhaps behind a place and a comma or a word such as `Date:`.
pub(crate) fn first(text: &str) -> Option<DateTime<Utc>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(MAX_LINES).filter(|line| line.chars().count() <= MAX_LINE).find_map(date_of_line)
}

fn date_of_line(line: &str) -> Option<DateTime<Utc>> {
    let line = line.trim_matches(['#', '*', '_', '=', '(', ')', '[', ']', ' ']);
    if let Some(date) = date(line) {
        return Some(date);
    }
    let lower = line.to_lowercase();
    let label = |label: &&str| {
        let rest = lower.strip_prefix(*label)?;
        // `**Date:** 1 May 2024`
        rest.starts_with([':', ' ', '*', '_']).then(|| date(rest.trim_start_matches([':', ' ', '\t', '*', '_'])))?
    };
    if let Some(date) = LABELS.iter().find_map(label) {
        return Some(date);
    }
    // `Berlin, 1. Mai 2024`
    let (place, rest) = line.split_once(", ")?;
    let is_place = place.split_whitespace().count() <= 3 && !place.contains(|char: char| char.is_ascii_digit());
    if is_place { date(rest.trim_start_matches("den ")) } else { None }
}

/// A date that is the whole of `text`.
pub(crate) fn date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim().trim_end_matches('.');
    html::date(text).or_else(|| html::date(&text.to_uppercase())).or_else(|| written(text))
}

/// `1 May 2024`, `May 1st, 2024`, `Wednesday, 1. Mai 2024`, `1 мая 2024 г`.
fn written(text: &str) -> Option<DateTime<Utc>> {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|char: char| char.is_whitespace() || char == ',').filter(|word| !word.is_empty()).collect();
    if words.len() > 6 {
        return None;
    }
    let (mut day, mut month, mut year) = (None, None, None);
    for (index, word) in words.iter().enumerate() {
        let digits = word.trim_end_matches(|char: char| !char.is_ascii_digit());
        let ending = &word[digits.len()..];
        match digits.parse::<u16>() {
            Ok(number @ 1900..=2100) if year.is_none() && ending.len() <= 2 => year = Some(number),
            Ok(number @ 1..=31) if day.is_none() && matches!(ending, "" | "." | "st" | "nd" | "rd" | "th" | "º") => {
                day = Some(number);
            }
            Err(_) if digits.is_empty() => match month_of(word) {
                Some(number) if month.is_none() => month = Some(number),
                // A day of the week before, small words between, the word for year behind.
                _ if index == 0 || matches!(*word, "of" | "de" | "г" | "г." | "года" | "the") => {}
                _ => return None,
            },
            _ => return None,
        }
    }
    let date = NaiveDate::from_ymd_opt(i32::from(year?), month?, u32::from(day?))?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc())
}

fn month_of(word: &str) -> Option<u32> {
    let is_month = |starts: &&[&str]| starts.iter().any(|start| word.starts_with(start));
    (1..).zip(MONTHS.iter()).find(|(_, starts)| is_month(starts)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::first;

    #[test]
    fn a_line_that_is_a_date_dates_the_text() {
        for line in [
            "1 May 2024",
            "Date: 2024-05-01",
            "**Date:** 1 May 2024",
            "May 1st, 2024",
            "Wednesday, 1 May 2024",
            "Berlin, den 1. Mai 2024",
            "01.05.2024",
            "Stand: 01.05.2024",
            "1 мая 2024 г.",
            "# 2024-05-01",
            "Date: Wed, 01 May 2024 00:00:00 +0000",
            "le 1 mai 2024",
            "Last updated May 1, 2024",
        ] {
            let date = first(&format!("Minutes of the meeting\n\n{line}\n\nThe roof leaks."));
            assert_eq!(date.map(|date| date.date_naive().to_string()).as_deref(), Some("2024-05-01"), "{line}");
        }
        for text in [
            "On 1 May 2024 the roof was mended by two people.",
            "Version 2024",
            "1 2 2024 parts",
            "May we come?",
            "Room 12, 2024",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
