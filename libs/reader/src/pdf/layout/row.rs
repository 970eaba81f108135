//! Pieces of text that share a baseline.

use pdf_oxide::layout::TextSpan;

use super::spacing::Advances;
use crate::pdf::reflow;

/// Bases this close (in sizes) are one: raised and lowered signs belong to their line.
const SAME_BASE: f32 = 0.5;
/// Gaps, in sizes: from this on there is a space between two words; from this on a cell ends unless the line is spread evenly; from
/// this on it ends in any case.
const SPACE: f32 = 0.15;
const CELL: f32 = 1.2;
const WIDE_CELL: f32 = 3.0;
/// A gap from this on ends a cell if the cell after it begins where one of the next row does, give or take `ALIGNED`.
const ALIGNED_CELL: f32 = 0.5;
const ALIGNED: f32 = 0.3;
/// Gaps of a line that is spread to fill its column differ at most by this factor, and there are at least this many.
const EVEN: f32 = 1.3;
const SPREAD_GAPS: usize = 3;
/// Stands between the cells of a row.
const BETWEEN_CELLS: &str = "   ";
/// A longer first piece is no mark of a list item.
const MARK_CHARS: usize = 4;

/// A piece of a line in the frame of its writing: `left` and `right` grow along the line, `base` falls from line to line.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) base: f32,
    pub(super) size: f32,
}

/// Pieces of one baseline, from left to right; never empty.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) pieces: Vec<Piece>,
    pub(super) base: f32,
    pub(super) size: f32,
}

/// The piece and the direction it is written in, degrees counter-clockwise; none if it says nothing.
///
/// The library turns the box of a span with the page but not the span's direction, so the box is turned back first: only the origin
/// and the length are kept, in the frame the file was written in.
pub(super) fn piece(span: &TextSpan, rotation: i32, advances: &Advances<'_>) -> Option<(i32, Piece)> {
    let area = &span.bbox;
    let (x, y, length) = match rotation.rem_euclid(360) {
        90 => (-(area.y + area.height), area.x, area.height),
        180 => (-(area.x + area.width), -(area.y + area.height), area.width),
        270 => (area.y, -(area.x + area.width), area.height),
        _ => (area.x, area.y, area.width),
    };
    #[expect(clippy::cast_possible_truncation, reason = "an angle")]
    let direction = (span.rotation_degrees.round() as i32).rem_euclid(360);
    let (left, base) = match direction {
        90 => (y, -x),
        180 => (-x, -y),
        270 => (-y, x),
        _ => (x, y),
    };
    let size = span.font_size.abs().max(1.0);
    if span.text.trim().is_empty() || ![left, base, length, size].iter().all(|number| number.is_finite()) {
        return None;
    }
    // A space at either end is no part of the word: half of it may be stretched.
    let chars = span.text.chars().count().max(1) as f32;
    let blank = |spaces: usize| length * spaces as f32 / chars * 0.5;
    let before = span.text.chars().take_while(|char| char.is_whitespace()).count();
    let after = span.text.chars().rev().take_while(|char| char.is_whitespace()).count();
    let text = advances.spaced(span);
    Some((direction, Piece { text, left: left + blank(before), right: left + length - blank(after), base, size }))
}

/// Rows from top to bottom.
pub(super) fn rows(mut pieces: Vec<Piece>) -> Vec<Row> {
    pieces.sort_by(|a, b| b.base.total_cmp(&a.base));
    let mut rows: Vec<Row> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if row.base - piece.base <= SAME_BASE * row.size.max(piece.size) => row.add(piece),
            _ => rows.push(Row::new(vec![piece])),
        }
    }
    for row in &mut rows {
        *row = Row::new(std::mem::take(&mut row.pieces));
    }
    rows
}

impl Row {
    /// `pieces` has at least one.
    pub(super) fn new(mut pieces: Vec<Piece>) -> Self {
        pieces.sort_by(|a, b| a.left.total_cmp(&b.left));
        // Bold text is at times drawn twice, a hair apart.
        pieces.dedup_by(|later, kept| later.text == kept.text && later.left - kept.left < 0.3 * kept.size);
        let main = pieces.iter().max_by_key(|piece| piece.text.len()).expect("never empty");
        Self { base: main.base, size: main.size, pieces }
    }

    fn add(&mut self, piece: Piece) {
        self.size = self.size.max(piece.size);
        self.pieces.push(piece);
    }

    pub(super) fn left(&self) -> f32 {
        self.pieces[0].left
    }

    /// The line, with its cells apart. `starts` is where cells begin in the row above and below: there a smaller gap ends one, too.
    pub(super) fn text(&self, starts: &[f32]) -> String {
        let mut out = self.pieces[0].text.clone();
        for (pair, is_cell) in self.pieces.windows(2).zip(self.ends_of_cells(starts)) {
            if is_cell {
                out.push_str(BETWEEN_CELLS);
            } else if pair[1].left - pair[0].right >= SPACE * self.size {
                out.push(' ');
            }
            out.push_str(&pair[1].text);
        }
        out
    }

    /// Where the cells but the first begin.
    pub(super) fn cells(&self) -> Vec<f32> {
        let ends = self.ends_of_cells(&[]);
        self.pieces[1..].iter().zip(ends).filter(|(_, is_cell)| *is_cell).map(|(piece, _)| piece.left).collect()
    }

    /// For each piece but the last, whether a cell ends with it.
    fn ends_of_cells(&self, starts: &[f32]) -> Vec<bool> {
        let gaps: Vec<f32> = self.pieces.windows(2).map(|pair| (pair[1].left - pair[0].right) / self.size).collect();
        let spaces: Vec<f32> = gaps.iter().copied().filter(|gap| *gap >= SPACE).collect();
        let least = spaces.iter().copied().fold(f32::MAX, f32::min);
        let spread = spaces.len() >= SPREAD_GAPS && spaces.iter().all(|gap| *gap <= least * EVEN);
        let mark = &self.pieces[0].text;
        let marked = mark.chars().count() <= MARK_CHARS && reflow::starts_item(&format!("{mark} "));
        let is_cell = |(index, gap): (usize, &f32)| {
            let start = self.pieces[index + 1].left;
            let aligned = starts.iter().any(|other| (other - start).abs() < ALIGNED * self.size);
            !(marked && index == 0)
                && (*gap >= WIDE_CELL || (*gap >= CELL && !spread) || (*gap >= ALIGNED_CELL && aligned))
        };
        gaps.iter().enumerate().map(is_cell).collect()
    }
}
