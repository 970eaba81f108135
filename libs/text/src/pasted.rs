//! Finds the question in a text that was pasted with it: a log, a letter, a listing.

use std::ops::Range;

use crate::sentences;
use crate::terms::{self, fold};

/// A text of so many characters on one line is a question as it is.
const MAX_QUESTION_CHARS: usize = 400;
/// A sentence of more characters is no question of a person.
const MAX_SENTENCE_CHARS: usize = 600;
const STARTS: &str = "what when who whom whose where how why which is are was were do does did can could should would may will has have tell explain \
    summarize summarise compare find list show describe give translate что когда кто кого кем где куда как почему зачем сколько какой какая какое какие \
    какую каков какова можно нужно есть ли объясни объясните расскажи найди покажи сравни кратко перечисли was wann wer wo wie warum welche ist sind que \
    quand qui comment pourquoi quel quelle";

/// The question that a person asks with `text`: the whole, unless it is long. Of a long text it is the last
/// sentence that begins like a question and ends with its mark, or else a line that begins like a question or request,
/// the last and the first before others.
#[must_use]
pub fn question(text: &str) -> &str {
    let trimmed = text.trim();
    let is_short = trimmed.chars().nth(MAX_QUESTION_CHARS).is_none();
    if is_short && trimmed.lines().filter(|line| !line.trim().is_empty()).count() <= 2 {
        return trimmed;
    }
    let sentences = sentences::split(trimmed);
    let asks = |range: &&Range<usize>| {
        let sentence = &trimmed[(*range).clone()];
        sentence.ends_with(['?', '？', '؟'])
            && sentence.chars().nth(MAX_SENTENCE_CHARS).is_none()
            && has_words(sentence)
    };
    let begins = |text: &str| {
        let first = terms::words(text).next().map(fold).unwrap_or_default();
        STARTS.split_whitespace().any(|start| start == first)
    };
    let questions: Vec<&str> = sentences.iter().filter(asks).map(|range| &trimmed[range.clone()]).collect();
    if let Some(question) = questions.iter().rev().find(|question| begins(question)) {
        return question;
    }
    let lines: Vec<&str> = trimmed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let requests = |line: &&&str| begins(line) && line.chars().nth(MAX_SENTENCE_CHARS).is_none();
    let ends = [lines.last(), lines.first()].into_iter().flatten();
    let request = ends.chain(lines.iter().rev()).find(requests).copied();
    request.or_else(|| questions.last().copied()).unwrap_or(trimmed)
}

/// Whether it has words of letters: `id=3?` of a listing has none to speak of.
fn has_words(sentence: &str) -> bool {
    let mut words = terms::words(sentence).filter(|word| word.chars().all(char::is_alphabetic));
    words.nth(1).is_some() || sentence.chars().any(terms::is_unsegmented)
}
