//! Follows the output text and detects when a cited sentence is complete.

use super::CitationOutput;
use crate::sentences::{Boundary, boundary_at, content_start, is_terminator};
use crate::terms::is_unsegmented;

#[derive(Debug, Default)]
pub(super) struct SentenceTracker {
    /// Text since the last completed sentence or line.
    block: String,
    /// Characters output before `block`.
    before: usize,
    /// Bytes of `block` already searched for the end of a sentence.
    scanned: usize,
    /// Markers in `block`: the byte position after each, and its number.
    marks: Vec<(usize, u32)>,
    last: Option<char>,
}

impl SentenceTracker {
    pub(super) fn push(&mut self, c: char, completed: &mut Vec<CitationOutput>) {
        self.block.push(c);
        let last = self.last.replace(c);
        if c == '\n' {
            return self.finish(completed);
        }
        let word_ended = c.is_whitespace() && !last.is_some_and(char::is_whitespace);
        let unspaced = is_unsegmented(c) && !last.is_some_and(is_unsegmented);
        if word_ended || unspaced {
            self.scan(false, completed);
        }
    }

    /// Records that the marker of `number` was just pushed.
    pub(super) fn mark(&mut self, number: u32) {
        self.marks.push((self.block.len(), number));
    }

    /// Adds a character of a code block, which has no sentences.
    pub(super) fn skip(&mut self, c: char) {
        self.block.push(c);
        self.last = Some(c);
        if c == '\n' {
            self.drop_front(self.block.len());
        }
    }

    /// Ends the line or the text.
    pub(super) fn finish(&mut self, completed: &mut Vec<CitationOutput>) {
        self.scan(true, completed);
        self.complete(self.block.len(), completed);
    }

    fn scan(&mut self, complete: bool, completed: &mut Vec<CitationOutput>) {
        // A line break does not count as text after a full stop.
        while let Some(found) = self.block[self.scanned..].find(is_terminator) {
            let at = self.scanned + found;
            let text = if complete { self.block.trim_end_matches('\n') } else { self.block.as_str() };
            match boundary_at(text, at, complete) {
                Boundary::Inside(next) => self.scanned = next,
                Boundary::End(end) => self.complete(end, completed),
                Boundary::Unknown => {
                    self.scanned = at;
                    return;
                }
            }
        }
        self.scanned = self.block.len();
    }

    fn complete(&mut self, end: usize, completed: &mut Vec<CitationOutput>) {
        let mut sources = Vec::new();
        for (_, number) in self.marks.iter().filter(|(at, _)| *at <= end) {
            if !sources.contains(number) {
                sources.push(*number);
            }
        }
        if !sources.is_empty() {
            let sentence = &self.block[..end];
            let skipped = content_start(sentence);
            let text = sentence[skipped..].trim_end().to_owned();
            let start = self.before + sentence[..skipped].chars().count();
            completed.push(CitationOutput::Sentence { start, end: start + text.chars().count(), text, sources });
        }
        self.drop_front(end);
    }

    fn drop_front(&mut self, end: usize) {
        self.before += self.block[..end].chars().count();
        self.block.drain(..end);
        self.marks.retain(|(at, _)| *at > end);
        for (at, _) in &mut self.marks {
            *at -= end;
        }
        self.scanned = self.scanned.saturating_sub(end);
    }
}
