//! Splits prose and Markdown into sentences.
//!
//! Lines are classified first: a heading, list item, table row or line of code is its own unit; soft-wrapped lines are
//! joined. Within a unit a full stop ends a sentence unless it belongs to an abbreviation, an initial, an ordinal or a
//! number.

mod blocks;
mod boundary;

use std::ops::Range;

pub(crate) use self::blocks::content_start;
pub(crate) use self::boundary::{Boundary, boundary_at, is_terminator};

/// The kind of block a sentence is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    Prose,
    Heading,
    /// List item, without its bullet or number.
    Item,
    /// Row of a table.
    Row,
    /// Line of a fenced code block.
    Code,
}

/// A sentence, or a unit such as a heading or row that is not split into sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextUnit {
    /// Byte range without surrounding white space and block markers (`#`, `-`, `1.`, `>`).
    pub range: Range<usize>,
    pub kind: UnitKind,
    /// Whether it is the first sentence of its paragraph, item or row.
    pub opens_block: bool,
}

/// Byte ranges of the sentences of `text`: in order, disjoint, trimmed, not empty. Lines without a letter or digit
/// (rules, fences) are left out.
#[must_use]
pub fn split(text: &str) -> Vec<Range<usize>> {
    units(text).into_iter().map(|unit| unit.range).collect()
}

/// Like [`split`], with the kind of each sentence.
#[must_use]
pub fn units(text: &str) -> Vec<TextUnit> {
    let mut units = Vec::new();
    for block in blocks::blocks(text) {
        match block.kind {
            UnitKind::Prose | UnitKind::Item => push_sentences(text, &block, &mut units),
            UnitKind::Heading | UnitKind::Row | UnitKind::Code => push(text, block.range, block.kind, true, &mut units),
        }
    }
    units
}

fn push_sentences(text: &str, block: &blocks::Block, units: &mut Vec<TextUnit>) {
    let content = &text[block.range.clone()];
    let mut start = 0;
    let mut at = 0;
    while let Some(found) = content[at..].find(is_terminator) {
        at += found;
        match boundary_at(content, at, true) {
            Boundary::Inside(next) => at = next,
            Boundary::End(end) => {
                push(text, block.range.start + start..block.range.start + end, block.kind, start == 0, units);
                start = end;
                at = end;
            }
            // Cannot happen: the text is complete.
            Boundary::Unknown => break,
        }
    }
    push(text, block.range.start + start..block.range.end, block.kind, start == 0, units);
}

fn push(text: &str, range: Range<usize>, kind: UnitKind, opens_block: bool, units: &mut Vec<TextUnit>) {
    let content = &text[range.clone()];
    if !content.contains(char::is_alphanumeric) {
        return;
    }
    let start = range.start + (content.len() - content.trim_start().len());
    let end = range.start + content.trim_end().len();
    units.push(TextUnit { range: start..end, kind, opens_block });
}
