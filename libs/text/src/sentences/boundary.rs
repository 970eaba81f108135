//! Decides whether a terminator ends a sentence, from a bounded number of characters on each side.

use crate::{stopwords, terms};

/// Whether a terminator ends a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// The sentence ends before this byte: after closing quotes and citation markers.
    End(usize),
    /// No end here; the next terminator may be at this byte or later.
    Inside(usize),
    /// Undecided until more text arrives.
    Unknown,
}

const CLOSERS: &[char] = &['"', '\'', '”', '’', '»', ')', ']', '}', '」', '』', '）', '】', '*', '_', '`', '“', '›'];
const OPENERS: &[char] = &['"', '\'', '“', '‘', '«', '„', '(', '[', '*', '_', '¿', '¡', '`', '‹'];
const MAX_CLOSERS: usize = 8;
const MAX_MARKERS: usize = 32;
/// Longest word examined on either side, in characters.
const MAX_WORD_CHARS: usize = 24;

pub(crate) fn is_terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '｡' | '؟' | '।')
}

fn is_full_width(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

/// Examines the terminator at byte `at` of `text`. `complete`: nothing follows the end of `text`.
pub(crate) fn boundary_at(text: &str, at: usize, complete: bool) -> Boundary {
    let run = text[at..].find(|c| !is_terminator(c)).map_or(text.len(), |len| at + len);
    let stop = &text[at..run];
    let (end, closed) = after_closers(text, run);
    let end = after_markers(text, end);
    let rest = &text[end..];
    if rest.is_empty() {
        return if complete { Boundary::End(end) } else { Boundary::Unknown };
    }
    if stop.contains(is_full_width) {
        return Boundary::End(end);
    }
    if !rest.starts_with(char::is_whitespace) {
        return Boundary::Inside(run);
    }
    let next = rest.trim_start();
    let opened = next.trim_start_matches(OPENERS);
    let word: String = opened.chars().take(MAX_WORD_CHARS).take_while(|c| c.is_alphanumeric()).collect();
    if !complete && opened.len() == word.len() && word.chars().count() < MAX_WORD_CHARS {
        return Boundary::Unknown;
    }
    let Some(first) = opened.chars().next() else { return Boundary::End(end) };
    if first.is_lowercase() {
        return Boundary::Inside(run);
    }
    if matches!(first, '—' | '–' | '-') && stop != "." {
        return Boundary::Inside(run);
    }
    if stop == "." && !closed && belongs_to_word(&text[..at], first, &word) {
        return Boundary::Inside(run);
    }
    Boundary::End(end)
}

/// The position after closing quotes and brackets, and whether there were any.
fn after_closers(text: &str, from: usize) -> (usize, bool) {
    let len: usize =
        text[from..].chars().take(MAX_CLOSERS).take_while(|c| CLOSERS.contains(c)).map(char::len_utf8).sum();
    (from + len, len > 0)
}

/// The position after citation markers `[1]`, with or without spaces before them.
fn after_markers(text: &str, from: usize) -> usize {
    let mut end = from;
    for _ in 0..MAX_MARKERS {
        let rest = &text[end..];
        let spaces = rest.bytes().take(3).take_while(|b| *b == b' ').count();
        let Some(inner) = rest[spaces..].strip_prefix('[') else { break };
        let digits = inner.bytes().take(4).take_while(u8::is_ascii_digit).count();
        if !(1..=3).contains(&digits) || !inner[digits..].starts_with(']') || inner[digits + 1..].starts_with('(') {
            break;
        }
        end += spaces + digits + 2;
    }
    end
}

/// Titles and abbreviations whose full stop never ends a sentence.
const NEVER_FINAL: &[&str] = &[
    "dr",
    "mr",
    "mrs",
    "ms",
    "prof",
    "rev",
    "gen",
    "col",
    "capt",
    "lt",
    "sgt",
    "hon",
    "st",
    "mt",
    "e.g",
    "i.e",
    "eg",
    "ie",
    "cf",
    "vs",
    "approx",
    "viz",
    "resp",
    "mme",
    "mlle",
    "sra",
    "z.b",
    "d.h",
    "u.a",
    "bzw",
    "ca",
    "hr",
    "fr",
    "т.е",
    "т.к",
    "т.н",
    "т.ч",
    "им",
    "проф",
    "акад",
    "ул",
    "кв",
    "обл",
    "тел",
    "см",
    "ср",
    "напр",
    "доц",
    "корп",
    "пос",
    "пер",
    "просп",
    "и.о",
    "т",
    "е",
    "д",
    "гр",
    "мр",
];
/// Abbreviations only if a number follows; otherwise ordinary words.
const BEFORE_NUMBER: &[&str] = &[
    "no",
    "nos",
    "p",
    "pp",
    "ch",
    "sec",
    "art",
    "fig",
    "figs",
    "vol",
    "eq",
    "par",
    "para",
    "cl",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "nr",
    "abs",
    "ziff",
    "ст",
    "п",
    "пп",
    "ч",
    "гл",
    "рис",
    "табл",
    "разд",
    "абз",
    "стр",
    "с",
    "пункт",
    "прим",
    "d",
    "n",
];
/// Abbreviations that end a sentence only if a capitalised function word follows.
const MAYBE_FINAL: &[&str] = &[
    "inc", "ltd", "co", "corp", "jr", "sr", "bros", "llc", "u.s", "u.k", "u.n", "u.s.a", "ph.d", "al", "str", "ооо",
    "ао",
];
const GERMAN_MONTHS: &[&str] = &[
    "januar",
    "februar",
    "marz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
];

/// Whether the full stop after `before` is part of its last word, given the word that follows.
fn belongs_to_word(before: &str, next_char: char, next_word: &str) -> bool {
    let start = before
        .char_indices()
        .rev()
        .take(MAX_WORD_CHARS)
        .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '.' | '-'))
        .last()
        .map_or(before.len(), |(at, _)| at);
    let written = &before[start..];
    let Some(first) = written.chars().next() else { return false };
    let last = terms::fold(written.trim_start_matches('-'));
    let earlier = before[..start].trim_end();
    let starts_sentence = next_word.chars().nth(1).is_some() && stopwords::languages_of(&terms::fold(next_word)) != 0;
    let abbreviates_rest = matches!(last.as_str(), "д" | "п") && earlier.ends_with("т.");
    if abbreviates_rest {
        return false;
    }
    if last == "г" {
        return !earlier.ends_with(|c: char| c.is_ascii_digit());
    }
    if NEVER_FINAL.contains(&last.as_str()) {
        return true;
    }
    if BEFORE_NUMBER.contains(&last.as_str()) && next_char.is_ascii_digit() {
        return true;
    }
    if MAYBE_FINAL.contains(&last.as_str()) {
        return !starts_sentence;
    }
    if last.len() <= 2 && last.bytes().all(|b| b.is_ascii_digit()) {
        return GERMAN_MONTHS.contains(&terms::fold(next_word).as_str());
    }
    let initials = first.is_uppercase() && written.split('.').all(|part| part.chars().count() == 1);
    initials && next_char.is_alphabetic() && !starts_sentence
}
