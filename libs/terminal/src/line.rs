//! Lines, and how text is laid out on them.

use std::{borrow::Cow, fmt, ops::Range};

use anstyle::{Effects, Style};
use textwrap::{
    core::{Word, break_words, display_width},
    wrap_algorithms::wrap_first_fit,
};
use unicode_linebreak::linebreaks;

/// A tabulator, whose width depends on its place.
const TAB: &str = "    ";

/// `text` without control characters other than line breaks and tabulators. ESC, CSI and the like move the cursor, set titles
/// and clipboards, or make a terminal type its answer into the shell.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_obeyed = |char: char| char.is_control() && !matches!(char, '\n' | '\t');
    if text.contains(is_obeyed) { text.replace(is_obeyed, "").into() } else { text.into() }
}

/// A piece of text in one style.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    style: Style,
    text: String,
    /// Whether signs in it, such as `*`, are meant as they stand.
    is_literal: bool,
}

impl Span {
    pub(crate) fn new(style: Style, text: &str) -> Self {
        Self { style, text: printable(text).replace('\t', TAB), is_literal: false }
    }

    pub(crate) fn literal(style: Style, text: &str) -> Self {
        Self { is_literal: true, ..Self::new(style, text) }
    }

    pub(crate) fn plain(text: &str) -> Self {
        Self::new(Style::new(), text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_literal(&self) -> bool {
        self.is_literal
    }
}

/// A line of a terminal. `Display` has its styles; [`text`](Self::text) has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    text: String,
    styled: String,
}

impl Line {
    pub(crate) fn new(spans: &[Span]) -> Self {
        let length = spans.iter().map(Span::text).collect::<String>().trim_end().len();
        let (mut text, mut styled) = (String::new(), String::new());
        for Span { style, text: piece, .. } in slice(spans, 0..length) {
            // Nothing of others may begin a line of its own.
            let piece = piece.replace('\n', " ");
            text.push_str(&piece);
            styled.push_str(&format!("{style}{piece}{style:#}"));
        }
        Self { text, styled }
    }

    /// A line in bold.
    pub fn bold(text: &str) -> Self {
        Self::new(&[Span::new(Effects::BOLD.into(), text)])
    }

    /// A line that stands back.
    pub fn dimmed(text: &str) -> Self {
        Self::new(&[Span::new(Effects::DIMMED.into(), text)])
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.styled)
    }
}

/// `text` on lines of at most `width` columns, the first of which begins with `first` and the others with as many blanks.
pub fn wrapped(first: &str, text: &str, width: usize) -> Vec<Line> {
    let indent = " ".repeat(display_width(first));
    let text = Span::plain(text);
    let lines = wrap(&[text], width.saturating_sub(indent.len()).max(1));
    let with_prefix = |(index, line): (usize, Wrapped)| {
        let prefix = if index == 0 { first } else { &indent };
        Line::new(&[vec![Span::plain(prefix)], line.spans].concat())
    };
    lines.into_iter().enumerate().map(with_prefix).collect()
}

/// As much of `text` as fits on one line of `width` columns; `…` stands for the rest.
pub fn fitted(text: &str, width: usize) -> String {
    let text = printable(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if display_width(&text) <= width {
        return text;
    }
    let words = break_words([Word::from(text.as_str())], width.saturating_sub(1).max(1));
    format!("{}…", words.first().map_or("", |start| start.trim_end()))
}

/// A line of wrapped text.
pub(crate) struct Wrapped {
    pub(crate) spans: Vec<Span>,
    /// Where it ends in the text of all spans (bytes).
    pub(crate) end: usize,
}

/// Breaks text at its line breaks, and between words where it would be wider than `width`.
pub(crate) fn wrap(spans: &[Span], width: usize) -> Vec<Wrapped> {
    let text: String = spans.iter().map(Span::text).collect();
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        let mut offset = start;
        for words in wrap_first_fit(&break_words(words(paragraph), width), &[columns(width)]) {
            let length: usize = words.iter().map(|word| word.len() + word.whitespace.len()).sum();
            let blank = words.last().map_or(0, |word| word.whitespace.len());
            let end = offset + length;
            lines.push(Wrapped { spans: slice(spans, offset..end - blank), end });
            offset = end;
        }
        start += paragraph.len() + 1;
    }
    lines
}

fn columns(width: usize) -> f64 {
    u32::try_from(width).unwrap_or(u32::MAX).into()
}

/// What is not broken. A citation mark stays with the word before it.
fn words(paragraph: &str) -> Vec<Word<'_>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for (end, _) in linebreaks(paragraph) {
        if !is_between_words(paragraph, end) {
            continue;
        }
        match ranges.last_mut().filter(|_| starts_with_mark(&paragraph[start..end])) {
            Some(before) => before.end = end,
            None => ranges.push(start..end),
        }
        start = end;
    }
    ranges.into_iter().map(|range| Word::from(&paragraph[range])).collect()
}

/// Whether a place where UAX 14 allows a break is one between words, or beside a character of a script without blanks. The others
/// are within addresses and names of files, which are copied whole.
fn is_between_words(text: &str, at: usize) -> bool {
    let is_wide = |char: char| display_width(char.encode_utf8(&mut [0; 4])) > 1;
    let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
    after.is_none() || before.is_none_or(|before| before == ' ' || is_wide(before)) || after.is_some_and(is_wide)
}

fn starts_with_mark(word: &str) -> bool {
    let Some((number, _)) = word.strip_prefix('[').and_then(|rest| rest.split_once(']')) else { return false };
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn slice(spans: &[Span], range: Range<usize>) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for span in spans {
        let end = start + span.text.len();
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            pieces.push(Span { text: span.text[from - start..to - start].to_owned(), ..span.clone() });
        }
        start = end;
    }
    pieces
}

pub(crate) fn width_of(text: &str) -> usize {
    display_width(text)
}
