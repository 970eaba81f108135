//! Splits a document into passages for retrieval, at section, paragraph and sentence boundaries, with some overlap.

use std::ops::Range;

use crate::document::{Document, MAX_HEADING, Section, one_line};

/// Size of passages, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    /// Maximum of a passage.
    pub tokens: usize,
    /// Maximum repeated at the start of the next passage of the section.
    pub overlap: usize,
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self { tokens: 400, overlap: 100 }
    }
}

/// A passage of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The chars `start..end` of the document's text.
    pub text: String,
    /// First char of it in the document's text.
    pub start: u64,
    /// First char after it.
    pub end: u64,
    /// Page number, from 1.
    pub page: Option<u32>,
    /// Headings of its section, outermost first.
    pub heading: Vec<String>,
}

/// A range of text that is not split: a sentence, a row, a line of code (byte offsets).
struct TextUnit {
    range: Range<usize>,
    tokens: usize,
}

/// Splits `document` into passages of `size`; `count` returns the number of tokens of a text.
///
/// Passages are in order and never cross a page. They stay within a section, so that their heading applies to all of
/// them; a heading without text is merged with the next section. A sentence is split only if it exceeds a passage.
pub fn chunks(document: &Document, size: ChunkSize, count: impl Fn(&str) -> usize) -> Vec<Chunk> {
    let text = document.text.as_str();
    let mut offsets = OffsetMap::new(text);
    let mut out = Vec::new();
    for group in groups(document, &mut offsets) {
        let units = units(text, group.range, size.tokens.max(1), &count);
        for range in passages(&units, size) {
            let Some(range) = trimmed(text, range) else {
                continue;
            };
            out.push(Chunk {
                start: offsets.char_of(range.start),
                end: offsets.char_of(range.end),
                text: text[range].to_owned(),
                page: group.section.page,
                heading: group.section.heading.clone(),
            });
        }
    }
    out
}

/// A section with the empty headings before it (byte offsets).
struct SectionGroup<'d> {
    range: Range<usize>,
    section: &'d Section,
}

fn groups<'d>(document: &'d Document, offsets: &mut OffsetMap<'_>) -> Vec<SectionGroup<'d>> {
    let mut groups: Vec<SectionGroup<'d>> = Vec::new();
    let mut is_bare = false;
    for section in &document.sections {
        let range = offsets.byte_of(section.start)..offsets.byte_of(section.end);
        let was_bare = std::mem::replace(&mut is_bare, is_heading_alone(&document.text[range.clone()], section));
        match groups.last_mut() {
            Some(last) if was_bare && last.section.page == section.page => {
                last.range.end = range.end;
                last.section = section;
            }
            _ => groups.push(SectionGroup { range, section }),
        }
    }
    groups
}

/// Whether the section consists of nothing but its heading.
fn is_heading_alone(text: &str, section: &Section) -> bool {
    let Some(heading) = section.heading.last() else { return false };
    let line = one_line(text.trim_start().trim_start_matches('#'));
    // Long headings are truncated in the heading path.
    line == *heading || (line.starts_with(heading.as_str()) && heading.chars().count() == MAX_HEADING)
}

/// Splits `range` into units, without gaps.
fn units(text: &str, range: Range<usize>, limit: usize, count: &impl Fn(&str) -> usize) -> Vec<TextUnit> {
    let mut units = Vec::new();
    let mut start = range.start;
    for sentence in text::sentences::split(&text[range.clone()]).into_iter().skip(1) {
        let next = range.start + line_start(&text[range.clone()], sentence.start);
        if next > start {
            split_long(text, start..next, limit, count, &mut units);
            start = next;
        }
    }
    split_long(text, start..range.end, limit, count, &mut units);
    units
}

/// The start of the line if only a list, heading or fence marker is between it and `at`, else `at`.
fn line_start(text: &str, at: usize) -> usize {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    if text[line..at].contains(char::is_alphabetic) { at } else { line }
}

/// Halves what is larger than a passage, at white space if possible.
fn split_long(
    text: &str,
    range: Range<usize>,
    limit: usize,
    count: &impl Fn(&str) -> usize,
    units: &mut Vec<TextUnit>,
) {
    let piece = &text[range.clone()];
    let tokens = count(piece);
    if tokens <= limit || piece.chars().nth(1).is_none() {
        units.push(TextUnit { range, tokens });
        return;
    }
    let mut middle = piece.len() / 2;
    while !piece.is_char_boundary(middle) {
        middle += 1;
    }
    let space = piece[..middle].rfind(char::is_whitespace).filter(|at| *at > piece.len() / 4);
    let cut = range.start + space.map_or(middle, |at| at + 1);
    if cut == range.start || cut >= range.end || !text.is_char_boundary(cut) {
        units.push(TextUnit { range, tokens });
        return;
    }
    split_long(text, range.start..cut, limit, count, units);
    split_long(text, cut..range.end, limit, count, units);
}

/// Groups units into passages; each overlaps the one before.
fn passages(units: &[TextUnit], size: ChunkSize) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut first = 0;
    while first < units.len() {
        let mut next = first;
        let mut tokens = 0;
        while next < units.len() && (next == first || tokens + units[next].tokens <= size.tokens) {
            tokens += units[next].tokens;
            next += 1;
        }
        out.push(units[first].range.start..units[next - 1].range.end);
        if next == units.len() {
            break;
        }
        first = overlap_start(units, first, next, size);
    }
    out
}

/// The first unit of the passage after `first..next`: as far back as the overlap allows and the next unit still fits.
fn overlap_start(units: &[TextUnit], first: usize, next: usize, size: ChunkSize) -> usize {
    let room = size.tokens.saturating_sub(units[next].tokens).min(size.overlap);
    let mut start = next;
    let mut tokens = 0;
    while start > first + 1 && tokens + units[start - 1].tokens <= room {
        start -= 1;
        tokens += units[start].tokens;
    }
    start
}

fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let piece = &text[range.clone()];
    let start = range.start + (piece.len() - piece.trim_start().len());
    let end = range.start + piece.trim_end().len();
    (start < end).then_some(start..end)
}

/// Converts between byte and char offsets; cheap for offsets near the previous one.
struct OffsetMap<'t> {
    text: &'t str,
    byte: usize,
    char: u64,
}

impl<'t> OffsetMap<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, byte: 0, char: 0 }
    }

    fn char_of(&mut self, byte: usize) -> u64 {
        if byte >= self.byte {
            self.char += self.text[self.byte..byte].chars().count() as u64;
        } else {
            self.char -= self.text[byte..self.byte].chars().count() as u64;
        }
        self.byte = byte;
        self.char
    }

    fn byte_of(&mut self, char: u64) -> usize {
        if char < self.char {
            (self.byte, self.char) = (0, 0);
        }
        let ahead = usize::try_from(char - self.char).unwrap_or(usize::MAX);
        let rest = &self.text[self.byte..];
        self.byte += rest.char_indices().nth(ahead).map_or(rest.len(), |(at, _)| at);
        self.char = char;
        self.byte
    }
}
