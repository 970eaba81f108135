//! The result of all parsers, and the builder that maintains its sections and offsets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clean;
use crate::{PageFault, ParseError, WordsKept};

/// Longest text of a document (bytes of UTF-8).
const MAX_TEXT: usize = 16 << 20;

/// Headings of all sections: each repeats those above it (bytes).
const MAX_HEADINGS: usize = 64 << 20;

/// Longer headings are truncated in the heading path, but not in the text (chars).
pub(crate) const MAX_HEADING: usize = 200;

/// The readable content of a page or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Title it declares.
    pub title: Option<String>,
    /// Author, as written.
    pub author: Option<String>,
    /// Date of publication it declares.
    pub published_at: Option<DateTime<Utc>>,
    /// Language, ISO 639-1.
    pub language: Option<String>,
    /// Clean text: blocks separated by an empty line, headings as `## …`, list items as `- …`, table rows as `a | b`,
    /// code fenced.
    pub text: String,
    /// The parts of `text` in order, without gaps.
    pub sections: Vec<Section>,
    /// How much of the words was kept; `None` where nothing is left out.
    pub words_kept: Option<WordsKept>,
    /// Set if the page says that what was asked for is not there.
    pub fault: Option<PageFault>,
    /// Pages (from 1) on which nothing can be read, such as scans, among others that have text.
    #[serde(default)]
    pub pages_without_text: Vec<u32>,
}

/// A part of the text under one heading, on one page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Headings above it, outermost first.
    pub heading: Vec<String>,
    /// Page number, from 1; `None` in formats without pages.
    pub page: Option<u32>,
    /// First char of it in the text.
    pub start: u64,
    /// First char after it.
    pub end: u64,
}

/// Builds a document from blocks of text, headings and pages.
#[derive(Default)]
pub(crate) struct DocumentBuilder {
    text: String,
    chars: u64,
    headings: Vec<(u8, String)>,
    page: Option<u32>,
    sections: Vec<Section>,
    /// Size of the headings of all sections.
    heading_bytes: usize,
    /// Whether the next block starts a section.
    section_pending: bool,
    full: bool,
}

impl DocumentBuilder {
    /// Starts a section and adds the line of its heading to the text.
    pub(crate) fn heading(&mut self, level: u8, heading: &str) {
        let line = one_line(heading);
        if line.is_empty() {
            return;
        }
        self.section(level, &line);
        let marks = "#".repeat(usize::from(level.clamp(1, 6)));
        self.block(&format!("{marks} {line}"));
    }

    /// Starts a section whose heading line is part of the text that follows.
    pub(crate) fn section(&mut self, level: u8, heading: &str) {
        let path = one_line(heading).chars().take(MAX_HEADING).collect();
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, path));
        self.section_pending = true;
    }

    /// The level of the innermost heading, 0 if there is none.
    pub(crate) fn level(&self) -> u8 {
        self.headings.last().map_or(0, |(level, _)| *level)
    }

    /// Ends the sections under headings of `level` and below.
    pub(crate) fn leave(&mut self, level: u8) {
        self.headings.retain(|(above, _)| *above < level);
        self.section_pending = true;
    }

    /// Starts another section under the same headings.
    pub(crate) fn part(&mut self) {
        self.section_pending = true;
    }

    /// Starts page `number` (from 1).
    pub(crate) fn page(&mut self, number: u32) {
        self.page = Some(number);
        self.section_pending = true;
    }

    /// Adds a block, separated by an empty line from the text before it.
    pub(crate) fn block(&mut self, text: &str) {
        self.push("\n\n", text);
    }

    /// Adds a line directly below the text before it: a list item, a row.
    pub(crate) fn line(&mut self, text: &str) {
        let separator = if self.section_pending { "\n\n" } else { "\n" };
        self.push(separator, text);
    }

    /// Whether the text has reached its limit. Then [`DocumentBuilder::finish`] fails, so parsing can stop.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the last line is an item of a list.
    pub(crate) fn ends_with_item(&self) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default().trim_start();
        let after_number = line.trim_start_matches(|char: char| char.is_ascii_digit());
        line.starts_with("- ") || (after_number.len() < line.len() && after_number.starts_with(". "))
    }

    /// Whether the last line is a definition of a term.
    pub(crate) fn ends_with_definition(&self) -> bool {
        self.text.rsplit('\n').next().unwrap_or_default().starts_with(": ")
    }

    /// Chars added.
    pub(crate) fn chars(&self) -> u64 {
        self.chars
    }

    fn push(&mut self, separator: &str, text: &str) {
        let text = text.trim_end().trim_start_matches(['\n', '\r']);
        if self.full || text.trim_start().is_empty() {
            return;
        }
        if self.text.len() + text.len() > MAX_TEXT {
            self.full = true;
            return;
        }
        let begin = self.text.len();
        if begin > 0 {
            self.text.push_str(separator);
        }
        let body = self.text.len();
        clean::append(&mut self.text, text);
        if self.text[body..].trim().is_empty() {
            self.text.truncate(begin);
            return;
        }
        let body_start = self.chars + (body - begin) as u64;
        self.chars = body_start + self.text[body..].chars().count() as u64;
        if self.section_pending || self.sections.is_empty() {
            self.start_section(if begin == 0 { 0 } else { body_start });
        }
    }

    fn start_section(&mut self, start: u64) {
        if let Some(last) = self.sections.last_mut() {
            last.end = start;
        }
        let heading: Vec<String> = self.headings.iter().map(|(_, heading)| heading.clone()).collect();
        self.heading_bytes += heading.iter().map(String::len).sum::<usize>();
        if self.heading_bytes > MAX_HEADINGS {
            self.full = true;
        }
        self.sections.push(Section { heading, page: self.page, start, end: start });
        self.section_pending = false;
    }

    /// The document, without its title, author, date and language.
    pub(crate) fn finish(mut self) -> Result<Document, ParseError> {
        if self.full {
            return Err(ParseError::TooLarge(format!("more than {} MiB of text and headings", MAX_TEXT >> 20)));
        }
        if let Some(last) = self.sections.last_mut() {
            last.end = self.chars;
        }
        Ok(Document { text: self.text, sections: self.sections, ..Document::default() })
    }
}

/// `text` without invisible characters, on one line.
pub(crate) fn one_line(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    clean::append(&mut cleaned, text);
    let mut line = String::with_capacity(cleaned.len());
    for word in cleaned.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// `text` on one line, `None` if that is empty.
pub(crate) fn non_empty_line(text: &str) -> Option<String> {
    let line = one_line(text);
    (!line.is_empty()).then_some(line)
}
