//! Markdown that arrives in pieces.

use std::collections::HashSet;

use crate::{
    line::Line,
    markdown::{blocks, render},
};

/// The unfinished block is rendered again when it has grown by this part of it: seldom enough for the largest, and often
/// enough for a paragraph to grow by the line.
const GROWTH: usize = 16;

/// Renders Markdown as it streams in. The text of the unfinished block is kept, and of its lines only those handed out that
/// will not change.
pub struct MarkdownStream {
    width: usize,
    known: HashSet<String>,
    /// The source of the unfinished block.
    pending: String,
    /// The lines of that block that were handed out.
    printed: Vec<String>,
    has_printed: bool,
    /// The length of `pending` from which on it is rendered again.
    due: usize,
}

impl MarkdownStream {
    /// For a terminal of `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width, known: HashSet::new(), pending: String::new(), printed: Vec::new(), has_printed: false, due: 0 }
    }

    /// Addresses that are told elsewhere: they are not repeated beside their links.
    pub fn set_known_addresses<'a>(&mut self, addresses: impl IntoIterator<Item = &'a str>) {
        self.known = addresses.into_iter().map(|address| address.trim_end_matches('/').to_owned()).collect();
    }

    pub fn push(&mut self, markdown: &str) {
        self.pending.push_str(markdown);
    }

    /// Adds words in which no sign is Markdown, such as those of a source.
    pub fn push_literal(&mut self, words: &str) {
        for char in words.chars() {
            if char.is_ascii_punctuation() {
                self.pending.push('\\');
            }
            self.pending.push(char);
        }
    }

    /// The lines that have become final.
    pub fn ready(&mut self) -> Vec<Line> {
        if self.pending.len() < self.due {
            return Vec::new();
        }
        let lines = self.render(self.readable(), false);
        self.due = self.pending.len() + self.pending.len() / GROWTH;
        lines
    }

    /// The rest.
    pub fn finish(&mut self) -> Vec<Line> {
        self.render(self.pending.len(), true)
    }

    /// How much of the text says what it is (bytes): a last line without a letter may yet become anything.
    fn readable(&self) -> usize {
        let line = self.pending.rfind('\n').map_or(0, |at| at + 1);
        if self.pending[line..].contains(char::is_alphabetic) { self.pending.len() } else { line }
    }

    fn render(&mut self, length: usize, is_end: bool) -> Vec<Line> {
        let mut ready = Vec::new();
        let blocks = blocks(&self.pending[..length]);
        let last = blocks.last().cloned();
        for block in blocks {
            let is_whole = is_end || Some(&block) != last.as_ref();
            let mut rendered = render(&self.pending[block], self.width, &self.known);
            if !is_whole {
                rendered.lines.truncate(rendered.settled);
            }
            self.hand_out(rendered.lines, &mut ready);
            if is_whole {
                self.printed.clear();
            }
        }
        self.pending.drain(..if is_end { length } else { last.map_or(0, |block| block.start) });
        ready
    }

    /// Adds the lines that were not handed out before.
    fn hand_out(&mut self, lines: Vec<Line>, ready: &mut Vec<Line>) {
        let is_continued = lines.iter().zip(&self.printed).all(|(line, printed)| line.text() == printed);
        if !is_continued {
            // What follows has made it another block, such as the header of a table: it is shown once more, as that.
            self.printed.clear();
        }
        for line in lines.into_iter().skip(self.printed.len()) {
            if self.printed.is_empty() && self.has_printed {
                ready.push(Line::new(&[]));
            }
            self.has_printed = true;
            self.printed.push(line.text().to_owned());
            ready.push(line);
        }
    }
}
