//! Marks without brackets: superscript digits, and references to the tools of other products.

use super::tool_reference::{self, ReferenceStep};
use super::{CitationResolver, ParserState, marker};

/// Longest reference between private-use characters, in characters.
const MAX_PRIVATE: usize = 200;
/// A word of at least this many letters is no unit, so digits above it are a mark.
const MIN_NOTED_LETTERS: usize = 5;

impl CitationResolver {
    pub(super) fn in_superscript(&mut self, c: char, mut written: String) {
        if marker::superscript_digit(c).is_some() {
            written.push(c);
            self.state = ParserState::Superscript { written };
            return;
        }
        self.after_superscript(&written);
        self.step(c);
    }

    /// Digits above a long word or a full stop are a mark; above a unit or a variable they are an exponent.
    pub(super) fn after_superscript(&mut self, written: &str) {
        match marker::superscript(written).filter(|number| self.is_note(&[*number])) {
            Some(number) => self.resolve(&[number]),
            None => self.emit(written),
        }
    }

    pub(super) fn is_note(&self, numbers: &[u32]) -> bool {
        if !numbers.iter().all(|number| (1..=self.source_count).contains(number)) {
            return false;
        }
        let word = self.written.trim_end_matches(['.', ',', '!', '?', ';', ':', '"', '”', '»', ')', '。', '、']);
        let letters = word.chars().rev().take_while(|c| c.is_alphabetic()).count();
        letters >= MIN_NOTED_LETTERS || (word.len() < self.written.len() && letters > 0)
    }

    pub(super) fn in_reference(&mut self, c: char, mut written: String) {
        written.push(c);
        match tool_reference::read(&written) {
            ReferenceStep::NotAReference => {
                written.pop();
                let is_complete = matches!(tool_reference::read(&written), ReferenceStep::Complete);
                if is_complete && c == 't' {
                    // The next reference of a row.
                    self.state = ParserState::ToolReference { written: c.to_string() };
                } else if is_complete && c.is_alphanumeric() {
                    self.emit(&written);
                    self.step(c);
                } else {
                    self.after_reference(&written);
                    self.step(c);
                }
            }
            _ => self.state = ParserState::ToolReference { written },
        }
    }

    pub(super) fn after_reference(&mut self, written: &str) {
        match tool_reference::read(written) {
            ReferenceStep::Complete => self.drop_pending(),
            _ => self.emit(written),
        }
    }

    pub(super) fn open_private(&mut self, c: char) {
        self.drop_pending();
        self.state = match c {
            '\u{e200}' => ParserState::Private { length: 0 },
            _ => ParserState::ToolReference { written: String::new() },
        };
    }

    pub(super) fn in_private(&mut self, c: char, length: usize) {
        match c {
            '\u{e201}' => self.drop_pending(),
            _ if c == '\n' || length == MAX_PRIVATE => self.step(c),
            _ => self.state = ParserState::Private { length: length + 1 },
        }
    }
}
