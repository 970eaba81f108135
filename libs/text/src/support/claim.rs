//! Tells claims from questions and announcements, and cuts a sentence into the claims it makes.

use crate::sentences;
use crate::terms::{self, fold};

/// Beginnings of sentences that speak of the answer itself.
const ANNOUNCEMENTS: [&str; 30] = [
    "here is",
    "here are",
    "here's",
    "below is",
    "below are",
    "the following",
    "let me",
    "let's",
    "i hope",
    "i can",
    "i will",
    "i could not",
    "in this answer",
    "to answer",
    "the sources do not",
    "the sources don't",
    "the source does not",
    "the provided sources",
    "sources:",
    "вот ",
    "ниже ",
    "далее ",
    "рассмотрим",
    "давайте",
    "надеюсь",
    "в источниках не",
    "источники не",
    "в предоставленных",
    "по предоставленным",
    "приведу",
];

/// Whether a sentence without Markdown says something that a source can support.
pub(super) fn is_claim(sentence: &str) -> bool {
    let trimmed = sentence.trim().trim_end_matches(['"', '”', '»', ')', '*']);
    if !trimmed.contains(char::is_alphanumeric) || trimmed.ends_with(['?', '？', '؟']) {
        return false;
    }
    if trimmed.ends_with([':', '：']) {
        return false;
    }
    let start: String = fold(&trimmed.chars().take(32).collect::<String>());
    !ANNOUNCEMENTS.iter().any(|announcement| start.starts_with(announcement))
}

/// Fewest words of a part that is a claim of its own.
const MIN_WORDS: usize = 4;

/// The parts of a text that are judged one by one: its sentences, and what stands on either side of "while".
pub(super) fn parts(text: &str) -> Vec<&str> {
    const BREAKS: [&str; 9] =
        ["; ", ", while ", ", whereas ", ", but ", ", тогда как ", ", а ", ", но ", ", and the ", ", although "];
    let mut parts = Vec::new();
    for range in sentences::split(text) {
        let mut rest = &text[range];
        while let Some((at, mark)) =
            BREAKS.iter().filter_map(|mark| rest.find(mark).map(|at| (at, mark))).min_by_key(|(at, _)| *at)
        {
            let (before, after) = (&rest[..at], &rest[at + mark.len()..]);
            if has_words(before) && has_words(after) && parts.len() < MAX_PARTS {
                parts.push(before);
                rest = after;
            } else {
                break;
            }
        }
        parts.push(rest);
        if parts.len() >= MAX_PARTS {
            break;
        }
    }
    parts
}

/// Most parts of one sentence.
pub(super) const MAX_PARTS: usize = 8;

fn has_words(text: &str) -> bool {
    terms::words(text).nth(MIN_WORDS - 1).is_some()
}
