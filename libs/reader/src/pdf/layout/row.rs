//! Rows: pieces of text on one baseline.

use pdf_oxide::layout::TextSpan;

use super::spacing::GlyphAdvances;
use crate::pdf::reflow;

/// Distance of baselines (in font sizes) within one row: superscripts and subscripts belong to their line.
const BASELINE_TOLERANCE: f32 = 0.5;
/// Minimum gaps, in font sizes: between words; between cells, unless the line is justified; between cells in any case.
const MIN_SPACE_GAP: f32 = 0.15;
const CELL_GAP: f32 = 1.2;
const SURE_CELL_GAP: f32 = 3.0;
/// Minimum gap between cells if the next cell is aligned with one of an adjacent row, within the tolerance.
const ALIGNED_CELL_GAP: f32 = 0.5;
const ALIGNMENT_TOLERANCE: f32 = 0.3;
/// A line is justified if it has this many gaps and they differ at most by this factor.
const JUSTIFIED_GAP_RATIO: f32 = 1.3;
const MIN_JUSTIFIED_GAPS: usize = 3;
/// Separates the cells of a row.
const CELL_SEPARATOR: &str = "   ";
/// A longer first piece is not a list marker.
const MAX_MARKER_CHARS: usize = 4;

/// A piece of a line in writing coordinates: `left` and `right` increase along the line, `base` decreases from line to
/// line.
#[derive(Clone)]
pub(super) struct TextPiece {
    pub(super) text: String,
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) base: f32,
    pub(super) size: f32,
}

/// Pieces of one baseline, from left to right; never empty.
#[derive(Clone)]
pub(super) struct TextRow {
    pub(super) pieces: Vec<TextPiece>,
    pub(super) base: f32,
    pub(super) size: f32,
}

/// The piece and its writing direction in degrees counter-clockwise; `None` for blank text.
///
/// The library rotates the box of a span with the page but not the span's direction, so the box is rotated back first:
/// only the origin and the length are used, in the coordinates of the file.
pub(super) fn piece(span: &TextSpan, rotation: i32, advances: &GlyphAdvances<'_>) -> Option<(i32, TextPiece)> {
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
    // Spaces at the ends are not part of the word: half of their width is removed, since they may be stretched.
    let chars = span.text.chars().count().max(1) as f32;
    let blank = |spaces: usize| length * spaces as f32 / chars * 0.5;
    let before = span.text.chars().take_while(|char| char.is_whitespace()).count();
    let after = span.text.chars().rev().take_while(|char| char.is_whitespace()).count();
    let text = advances.spaced(span);
    Some((direction, TextPiece { text, left: left + blank(before), right: left + length - blank(after), base, size }))
}

/// Rows from top to bottom.
pub(super) fn rows(mut pieces: Vec<TextPiece>) -> Vec<TextRow> {
    pieces.sort_by(|a, b| b.base.total_cmp(&a.base));
    let mut rows: Vec<TextRow> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if row.base - piece.base <= BASELINE_TOLERANCE * row.size.max(piece.size) => row.add(piece),
            _ => rows.push(TextRow::new(vec![piece])),
        }
    }
    for row in &mut rows {
        *row = TextRow::new(std::mem::take(&mut row.pieces));
    }
    rows
}

impl TextRow {
    /// `pieces` has at least one.
    pub(super) fn new(mut pieces: Vec<TextPiece>) -> Self {
        pieces.sort_by(|a, b| a.left.total_cmp(&b.left));
        // Bold text is sometimes drawn twice with a tiny offset.
        pieces.dedup_by(|later, first| later.text == first.text && later.left - first.left < 0.3 * first.size);
        let main = pieces.iter().max_by_key(|piece| piece.text.len()).expect("never empty");
        Self { base: main.base, size: main.size, pieces }
    }

    fn add(&mut self, piece: TextPiece) {
        self.size = self.size.max(piece.size);
        self.pieces.push(piece);
    }

    pub(super) fn left(&self) -> f32 {
        self.pieces[0].left
    }

    /// The line with its cells separated. `starts` are the left edges of cells in adjacent rows: there a smaller gap
    /// separates cells, too.
    pub(super) fn text(&self, starts: &[f32]) -> String {
        let mut out = self.pieces[0].text.clone();
        for (pair, is_cell) in self.pieces.windows(2).zip(self.ends_of_cells(starts)) {
            if is_cell {
                out.push_str(CELL_SEPARATOR);
            } else if pair[1].left - pair[0].right >= MIN_SPACE_GAP * self.size {
                out.push(' ');
            }
            out.push_str(&pair[1].text);
        }
        out
    }

    /// Left edges of the cells, except the first.
    pub(super) fn cells(&self) -> Vec<f32> {
        let ends = self.ends_of_cells(&[]);
        self.pieces[1..].iter().zip(ends).filter(|(_, is_cell)| *is_cell).map(|(piece, _)| piece.left).collect()
    }

    /// For each piece except the last, whether it ends a cell.
    fn ends_of_cells(&self, starts: &[f32]) -> Vec<bool> {
        let gaps: Vec<f32> = self.pieces.windows(2).map(|pair| (pair[1].left - pair[0].right) / self.size).collect();
        let spaces: Vec<f32> = gaps.iter().copied().filter(|gap| *gap >= MIN_SPACE_GAP).collect();
        let least = spaces.iter().copied().fold(f32::MAX, f32::min);
        let spread = spaces.len() >= MIN_JUSTIFIED_GAPS && spaces.iter().all(|gap| *gap <= least * JUSTIFIED_GAP_RATIO);
        let mark = &self.pieces[0].text;
        let marked = mark.chars().count() <= MAX_MARKER_CHARS && reflow::starts_item(&format!("{mark} "));
        let is_cell = |(index, gap): (usize, &f32)| {
            let start = self.pieces[index + 1].left;
            let aligned = starts.iter().any(|other| (other - start).abs() < ALIGNMENT_TOLERANCE * self.size);
            !(marked && index == 0)
                && (*gap >= SURE_CELL_GAP || (*gap >= CELL_GAP && !spread) || (*gap >= ALIGNED_CELL_GAP && aligned))
        };
        gaps.iter().enumerate().map(is_cell).collect()
    }
}
