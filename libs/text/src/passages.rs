//! Splits a page or file into passages: whole sentences under one heading, of a size suited to ranking and prompts.

use std::ops::Range;

use crate::sentences::{self, TextUnit, UnitKind};
use crate::tokens;

/// Separates the headings of a [`Passage::heading`].
pub const SEPARATOR: &str = " › ";

/// Sizes in model tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassageLimits {
    /// A passage this long ends at the next paragraph.
    pub target: usize,
    /// A passage ends before the sentence that would make it longer than this.
    pub max: usize,
    /// How much of its end is repeated at the start of the next passage.
    pub overlap: usize,
}

impl PassageLimits {
    /// Passages of web pages.
    pub const PAGE: Self = Self { target: 120, max: 200, overlap: 0 };
    /// Chunks of uploaded files.
    pub const FILE: Self = Self { target: 320, max: 400, overlap: 100 };
}

/// A passage of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Byte range.
    pub range: Range<usize>,
    /// The same range in characters (Unicode scalar values).
    pub chars: Range<usize>,
    /// The headings above it, outermost first, joined by [`SEPARATOR`].
    pub heading: Option<String>,
    pub tokens: usize,
}

/// The passages of `text` in order. Headings are not part of a passage's range; sentences longer than a passage are cut
/// at spaces.
#[must_use]
pub fn split(text: &str, limits: PassageLimits) -> Vec<Passage> {
    let mut splitter = Splitter {
        text,
        limits,
        headings: Vec::new(),
        current: Vec::new(),
        new_sentences: 0,
        passages: Vec::new(),
        cursor: (0, 0),
    };
    for unit in sentences::units(text) {
        splitter.add(&unit);
    }
    splitter.finish_section();
    splitter.passages
}

struct Splitter<'a> {
    text: &'a str,
    limits: PassageLimits,
    /// Level and title of each open heading.
    headings: Vec<(usize, String)>,
    /// Sentences of the current passage with their token counts.
    current: Vec<(Range<usize>, usize)>,
    /// How many sentences of `current` are not repeated from the passage before.
    new_sentences: usize,
    passages: Vec<Passage>,
    /// A byte position and how many characters lie before it.
    cursor: (usize, usize),
}

impl Splitter<'_> {
    fn add(&mut self, unit: &TextUnit) {
        if unit.kind == UnitKind::Heading {
            self.finish_section();
            let level = self.text[..unit.range.start].trim_end().bytes().rev().take_while(|b| *b == b'#').count();
            self.headings.retain(|(above, _)| *above < level);
            self.headings.push((level, self.text[unit.range.clone()].trim_end_matches([' ', '#']).to_owned()));
            return;
        }
        let size: usize = self.current.iter().map(|(_, tokens)| tokens).sum();
        // A list or command stays with the line that leads up to it, and code with the step it belongs to.
        let is_led = unit.kind == UnitKind::Code
            || self.current.last().is_some_and(|(last, _)| self.text[last.clone()].ends_with(':'));
        if size >= self.limits.target && unit.opens_block && self.new_sentences > 0 && !is_led {
            self.finish_passage();
        }
        for range in split_long(self.text, &unit.range, self.limits.max) {
            let tokens = tokens::count(&self.text[range.clone()]);
            let size: usize = self.current.iter().map(|(_, tokens)| tokens).sum();
            if size + tokens > self.limits.max && self.new_sentences > 0 {
                self.finish_passage();
            }
            while !self.current.is_empty() && self.new_sentences == 0 && self.size() + tokens > self.limits.max {
                self.current.remove(0);
            }
            self.current.push((range, tokens));
            self.new_sentences += 1;
        }
    }

    fn size(&self) -> usize {
        self.current.iter().map(|(_, tokens)| tokens).sum()
    }

    fn finish_passage(&mut self) {
        let (Some(first), Some(last)) = (self.current.first(), self.current.last()) else { return };
        if self.new_sentences == 0 {
            return;
        }
        let range = first.0.start..last.0.end;
        let start = self.cursor.1 + self.text[self.cursor.0..range.start].chars().count();
        self.cursor = (range.start, start);
        let chars = start..start + self.text[range.clone()].chars().count();
        let titles: Vec<&str> = self.headings.iter().map(|(_, title)| title.as_str()).collect();
        let heading = (!titles.is_empty()).then(|| titles.join(SEPARATOR));
        let tokens = tokens::count(&self.text[range.clone()]);
        self.passages.push(Passage { range, chars, heading, tokens });
        let mut repeated = 0;
        let overlap = self.current.iter().rev().take_while(|(_, tokens)| {
            repeated += tokens;
            repeated <= self.limits.overlap
        });
        let overlap = overlap.count();
        self.current.drain(..self.current.len() - overlap);
        self.new_sentences = 0;
    }

    fn finish_section(&mut self) {
        self.finish_passage();
        self.current.clear();
        self.new_sentences = 0;
    }
}

/// A sentence as it is, or cut at spaces into pieces of at most `max_tokens`, at three bytes per token, which no script
/// undercuts on average.
fn split_long(text: &str, range: &Range<usize>, max_tokens: usize) -> Vec<Range<usize>> {
    let longest = max_tokens.max(1) * 3;
    let mut pieces = Vec::new();
    let mut start = range.start;
    while range.end - start > longest {
        let limit = text.floor_char_boundary(start + longest);
        let window = &text[start..limit];
        let end = window.rfind(char::is_whitespace).filter(|at| *at > 0).map_or(limit, |at| start + at);
        pieces.push(start..end);
        start = end + (text[end..range.end].len() - text[end..range.end].trim_start().len());
    }
    if start < range.end {
        pieces.push(start..range.end);
    }
    pieces
}
