//! Follows the text handed out and tells when a cited sentence is complete.

use super::Piece;
use crate::sentences::{Boundary, boundary_at, content_start, is_terminator};
use crate::terms::is_unsegmented;

#[derive(Debug, Default)]
pub(super) struct Tracker {
    /// Text since the last completed sentence or line.
    block: String,
    /// Characters handed out before `block`.
    before: usize,
    /// Bytes of `block` that hold no open question about a sentence's end.
    judged: usize,
    /// Markers in `block`: byte position after it, and number.
    marks: Vec<(usize, u32)>,
    last: Option<char>,
}

impl Tracker {
    pub(super) fn push(&mut self, c: char, done: &mut Vec<Piece>) {
        self.block.push(c);
        let last = self.last.replace(c);
        if c == '\n' {
            return self.finish(done);
        }
        let word_ended = c.is_whitespace() && !last.is_some_and(char::is_whitespace);
        let unspaced = is_unsegmented(c) && !last.is_some_and(is_unsegmented);
        if word_ended || unspaced {
            self.judge(false, done);
        }
    }

    /// The marker of `number` was just pushed.
    pub(super) fn mark(&mut self, number: u32) {
        self.marks.push((self.block.len(), number));
    }

    /// Takes a character of a code block, where nothing is a sentence.
    pub(super) fn skip(&mut self, c: char) {
        self.block.push(c);
        self.last = Some(c);
        if c == '\n' {
            self.drop_front(self.block.len());
        }
    }

    /// The line or the text is over.
    pub(super) fn finish(&mut self, done: &mut Vec<Piece>) {
        self.judge(true, done);
        self.complete(self.block.len(), done);
    }

    fn judge(&mut self, complete: bool, done: &mut Vec<Piece>) {
        // The line break itself is no text after a full stop.
        while let Some(found) = self.block[self.judged..].find(is_terminator) {
            let at = self.judged + found;
            let text = if complete { self.block.trim_end_matches('\n') } else { self.block.as_str() };
            match boundary_at(text, at, complete) {
                Boundary::Inside(next) => self.judged = next,
                Boundary::End(end) => self.complete(end, done),
                Boundary::Unknown => {
                    self.judged = at;
                    return;
                }
            }
        }
        self.judged = self.block.len();
    }

    fn complete(&mut self, end: usize, done: &mut Vec<Piece>) {
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
            done.push(Piece::Sentence { start, end: start + text.chars().count(), text, sources });
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
        self.judged = self.judged.saturating_sub(end);
    }
}
