//! The text of an answer on a terminal: Markdown, in which the words of a source stand as they are.

use std::ops::Range;

use terminal::{Line, MarkdownStream};

/// Renders an answer as it streams in.
pub(super) struct AnswerText {
    markdown: MarkdownStream,
    /// What came last: the citation behind it may yet say that it is quoted.
    fresh: String,
    /// Where that starts in the answer (characters).
    start: usize,
    quoted: Vec<Range<usize>>,
}

impl AnswerText {
    pub(super) fn new(width: usize) -> Self {
        Self { markdown: MarkdownStream::new(width), fresh: String::new(), start: 0, quoted: Vec::new() }
    }

    /// Addresses that stand in the list of sources.
    pub(super) fn set_sources<'a>(&mut self, addresses: impl IntoIterator<Item = &'a str>) {
        self.markdown.set_known_addresses(addresses);
    }

    /// Adds text; the lines that have become final.
    pub(super) fn push(&mut self, text: &str) -> Vec<Line> {
        self.take_fresh();
        text.clone_into(&mut self.fresh);
        self.markdown.ready()
    }

    /// The characters of `range` are words of a source.
    pub(super) fn quote(&mut self, range: Range<usize>) {
        self.quoted.push(range);
    }

    /// The rest.
    pub(super) fn finish(&mut self) -> Vec<Line> {
        self.take_fresh();
        self.markdown.finish()
    }

    /// A quotation of several lines is a list or code, which is Markdown.
    fn take_fresh(&mut self) {
        let mut rest = self.fresh.as_str();
        let mut at = self.start;
        let end = at + rest.chars().count();
        for range in self.quoted.drain(..).filter(|range| range.end <= end) {
            if range.start < at {
                continue;
            }
            let (before, after) = split(rest, range.start - at);
            let (words, after) = split(after, range.len());
            self.markdown.push(before);
            if words.contains('\n') {
                self.markdown.push(words);
            } else {
                self.markdown.push_literal(words);
            }
            (rest, at) = (after, range.end);
        }
        self.markdown.push(rest);
        self.start = end;
        self.fresh.clear();
    }
}

/// Splits after so many characters.
fn split(text: &str, characters: usize) -> (&str, &str) {
    text.split_at(text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at))
}
