//! Brackets that the sources themselves contain: `stops [3,1,2]` quoted from a source is text, not three citations.

use std::collections::HashSet;

/// Longest bracket that is remembered, in bytes.
const MAX_BRACKET_BYTES: usize = 64;
/// Characters before a bracket that tell it from a citation.
const CONTEXT_CHARS: usize = 8;

/// Brackets with digits in the texts of sources, each with what stands around it.
#[derive(Debug, Default)]
pub(super) struct SourceBrackets(HashSet<String>);

impl SourceBrackets {
    pub(super) fn add(&mut self, text: &str) {
        let mut from = 0;
        while let Some(found) = text[from..].find(['[', '【', '［']) {
            let at = from + found;
            let rest = &text[at..];
            let sign = rest.chars().next().map_or(1, char::len_utf8);
            from = at + sign;
            let window = &rest[..rest.floor_char_boundary(rest.len().min(MAX_BRACKET_BYTES))];
            let inner = &window[sign..];
            let Some(close) = inner.find(['[', ']', '】', '］', '\n']).map(|close| close + sign) else { continue };
            let Some(end) = window[close..].chars().next().filter(|c| matches!(c, ']' | '】' | '］')) else {
                continue;
            };
            let bracket = &window[..close + end.len_utf8()];
            let is_numeric = bracket.contains(char::is_numeric);
            if is_numeric {
                let next = rest[bracket.len()..].chars().next();
                self.0.extend(key(&text[..at], bracket, next));
            }
        }
    }

    /// Whether a source has this bracket between the same characters. `before` ends where the bracket begins.
    pub(super) fn contain(&self, before: &str, bracket: &str, next: Option<char>) -> bool {
        !self.0.is_empty() && key(before, bracket, next).is_some_and(|key| self.0.contains(&key))
    }
}

/// What identifies a bracket: the characters before it in its sentence, itself, and whether a word goes on after it.
/// `None` at the beginning of a sentence, where nothing tells it from a marker of the sentence before.
fn key(before: &str, bracket: &str, next: Option<char>) -> Option<String> {
    let start = before.char_indices().rev().take(CONTEXT_CHARS).last().map_or(before.len(), |(at, _)| at);
    let mut context = &before[start..];
    for end in ["\n", ". ", "! ", "? ", "] ", "。"] {
        context = context.rsplit(end).next().unwrap_or(context);
    }
    let next = match next {
        Some(c) if c.is_alphanumeric() => 'a',
        Some(c) if !c.is_whitespace() && c != '.' => c,
        _ => ' ',
    };
    let is_inside = context.contains(char::is_alphanumeric) && !context.ends_with(['.', '!', '?']);
    is_inside.then(|| format!("{context}{bracket}{next}"))
}
