//! Work grows no faster than its input: one unit repeated n and 2n times.

#[expect(dead_code, reason = "other tests assert what this one collects")]
mod doubling;

use std::hint::black_box;
use std::time::Duration;

use doubling::shortest;
use text::extractive::{AnswerOptions, SourcePassage, answer, related, search_terms};
use text::near_duplicates::{NEAR_DUPLICATE, Shingles, distinct};
use text::passages::{PassageLimits, split};
use text::{dates_asked, language, pasted, sentences, terms, tokens};

/// Twice the input takes at most so many times as long. Constant costs make it less, a quadratic step makes it four.
const MAX_RATIO: f64 = 2.5;
/// Shorter runs are not measured: they are all noise.
const MEASURABLE: Duration = Duration::from_millis(2);
/// What is repeated once, doubled until it can be measured.
const LEAST_BYTES: usize = 3_000;
const MOST_BYTES: usize = 24_000;

const UNITS: [&str; 44] = [
    "a",
    "Z",
    "a ",
    "Ab ",
    "A. ",
    "7",
    "7 ",
    "1,000 ",
    "1 000",
    "1.",
    "12.03.2024 ",
    "May 5, ",
    "3 million ",
    "[",
    "]",
    "[1]",
    "[a](b)",
    "![",
    "(",
    "()",
    "{",
    "<",
    "<br>",
    "&amp;",
    "&#",
    "*",
    "**a",
    "_",
    "`",
    "\\",
    "\"",
    "'",
    "“a” ",
    "…",
    "?",
    "? ",
    "a: b\n",
    "| a ",
    "- a\n",
    "# a\n",
    "```\n",
    "漢",
    "漢字。",
    "e\u{301}",
];

fn used<T>(result: T) {
    drop(black_box(result));
}

/// The units for which `work` grows faster than its input.
fn superlinear(name: &str, mut work: impl FnMut(&str)) -> Vec<String> {
    let mut found = Vec::new();
    for unit in UNITS {
        let mut count = LEAST_BYTES / unit.len();
        while shortest(&mut work, &unit.repeat(count * 2), 1) < MEASURABLE && count * unit.len() < MOST_BYTES {
            count *= 2;
        }
        let (once, twice) = (unit.repeat(count), unit.repeat(count * 2));
        let mut ratio = || {
            let (single, double) = (shortest(&mut work, &once, 2), shortest(&mut work, &twice, 2));
            if double < MEASURABLE { 1.0 } else { double.as_secs_f64() / single.as_secs_f64() }
        };
        // Other work on the machine disturbs single measurements, hardly three in a row.
        if (0..3).all(|_| ratio() > MAX_RATIO) {
            found.push(format!("{name}: {unit:?}"));
        }
    }
    found
}

fn passage(text: &str) -> SourcePassage {
    SourcePassage {
        source: 1,
        text: text.to_owned(),
        title: None,
        heading: None,
        start: 0,
        published_at: None,
        score: 1.0,
    }
}

#[test]
fn words_and_sentences_take_time_in_proportion_to_the_text() {
    let mut found = superlinear("tokens", |text| used(tokens::count(text)));
    found.extend(superlinear("sentences", |text| used(sentences::units(text))));
    found.extend(superlinear("terms", |text| used(terms::index_text(text))));
    found.extend(superlinear("query terms", |text| used(terms::query_terms(text))));
    found.extend(superlinear("search terms", |text| used(search_terms(text))));
    found.extend(superlinear("language", |text| used(language::detect(text))));
    found.extend(superlinear("passages", |text| used(split(text, PassageLimits::PAGE))));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn questions_take_time_in_proportion_to_their_length() {
    let today = chrono::NaiveDate::default();
    let mut found = superlinear("pasted", |text| used(pasted::question(text)));
    found.extend(superlinear("dates asked", |text| used(dates_asked::dates_asked(text, today))));
    let passages = [passage("The notice period is three months.")];
    found.extend(superlinear("question", |text| {
        used(answer(text, &passages, AnswerOptions::default()));
    }));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn extracts_take_time_in_proportion_to_their_passages() {
    let mut found = superlinear("extract", |text| {
        let passages = [passage(text)];
        used(answer("How long is the notice period of a Z 7 漢字?", &passages, AnswerOptions::default()));
    });
    found.extend(superlinear("related", |text| used(related("notice", &[passage(text)]))));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn near_duplicates_take_time_in_proportion_to_their_texts() {
    let found = superlinear("near-duplicates", |text| {
        let shingles: Vec<Shingles> =
            [text, &text[text.ceil_char_boundary(text.len() / 4)..]].map(Shingles::of).to_vec();
        used(distinct(&shingles, NEAR_DUPLICATE));
        used(shingles[0].sketch());
    });
    assert!(found.is_empty(), "{found:#?}");
}
