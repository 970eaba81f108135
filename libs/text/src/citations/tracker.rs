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
    /// Markers in `block`, in order.
    marks: Vec<Mark>,
    last: Option<char>,
    /// The last sentence with words: a marker that stands alone belongs to it.
    previous: Option<CompletedSentence>,
    /// Markers given to it so far.
    lone_marks: usize,
}

/// Most markers on lines of their own after one sentence: each repeats the sentence.
const MAX_LONE_MARKS: usize = 8;

/// A marker, as a byte range of the block.
#[derive(Debug)]
struct Mark {
    start: usize,
    end: usize,
    number: u32,
}

/// A sentence, in characters of the whole output.
#[derive(Clone, Debug)]
struct CompletedSentence {
    start: usize,
    end: usize,
    text: String,
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

    /// Adds a marker and the spaces before it at once, so that no sentence ends between them.
    pub(super) fn push_mark(&mut self, spaces: &str, written: &str, number: u32) {
        self.block.push_str(spaces);
        let start = self.block.len();
        self.block.push_str(written);
        self.marks.push(Mark { start, end: self.block.len(), number });
        self.last = written.chars().next_back();
    }

    /// Adds a character of a code block, which has no sentences.
    pub(super) fn skip(&mut self, c: char) {
        self.block.push(c);
        self.last = Some(c);
        if c == '\n' {
            self.drop_front(self.block.len());
            self.previous = None;
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
        let mut has_words = false;
        let mut at = 0;
        for mark in self.marks.iter().take_while(|mark| mark.end <= end) {
            has_words |= self.block[at..mark.start].contains(char::is_alphanumeric);
            at = mark.end;
            if !sources.contains(&mark.number) {
                sources.push(mark.number);
            }
        }
        has_words |= self.block[at..end].contains(char::is_alphanumeric);
        if has_words {
            self.previous = Some(self.sentence(end));
            self.lone_marks = 0;
        }
        let is_cited = !sources.is_empty() && self.lone_marks < MAX_LONE_MARKS;
        if let Some(CompletedSentence { start, end, text }) = self.previous.clone().filter(|_| is_cited) {
            self.lone_marks += 1;
            completed.push(CitationOutput::Sentence { start, end, text, sources });
        }
        self.drop_front(end);
    }

    fn sentence(&self, end: usize) -> CompletedSentence {
        let sentence = &self.block[..end];
        let skipped = content_start(sentence);
        let text = sentence[skipped..].trim_end().to_owned();
        let start = self.before + sentence[..skipped].chars().count();
        CompletedSentence { start, end: start + text.chars().count(), text }
    }

    fn drop_front(&mut self, end: usize) {
        self.before += self.block[..end].chars().count();
        self.block.drain(..end);
        self.marks.retain(|mark| mark.end > end);
        for mark in &mut self.marks {
            mark.start = mark.start.saturating_sub(end);
            mark.end -= end;
        }
        self.scanned = self.scanned.saturating_sub(end);
    }
}
