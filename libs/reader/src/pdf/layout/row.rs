//! Rows: pieces of text on one baseline.

use super::words::{MAX_BASE_SHIFT, MAX_SIZE_RATIO, MIN_SPACE_GAP, MIN_WIDE_SPACE_GAP, is_wide};
use super::{bidi, scripts};
use crate::pdf::reflow;

/// Distance of baselines within one row, in font sizes: from one word to the next lower one, and in all.
const BASELINE_TOLERANCE: f32 = 0.45;
const MAX_ROW_SPREAD: f32 = 0.7;
/// Minimum gap, in font sizes, between words of which one is raised, lowered or of another size.
const MIN_SCRIPT_GAP: f32 = 0.04;
/// Minimum gaps, in font sizes: between cells, unless the line is justified; between cells in any case.
const CELL_GAP: f32 = 1.2;
const SURE_CELL_GAP: f32 = 3.0;
/// Minimum gap between cells if the next cell is aligned with one of an adjacent row, within the tolerance.
const ALIGNED_CELL_GAP: f32 = 0.5;
const ALIGNMENT_TOLERANCE: f32 = 0.3;
/// A line is justified if it has this many gaps and they differ at most by this factor.
const JUSTIFIED_GAP_RATIO: f32 = 1.3;
const MIN_JUSTIFIED_GAPS: usize = 3;
/// How far the same word is drawn again, in its widths.
const MAX_REDRAWN_SHIFT: f32 = 0.3;
/// Separates the cells of a row.
const CELL_SEPARATOR: &str = "   ";
/// A longer first piece is not a list marker.
const MAX_MARKER_CHARS: usize = 4;

/// A line of this many single letters is letter-spaced: there only gaps this much larger than the least one are spaces.
const MIN_SPACED_LETTERS: usize = 4;
const SPACED_GAP_RATIO: f32 = 1.3;

/// A word in writing coordinates: `left` and `right` increase along the line, `base` decreases from line to
/// line.
#[derive(Clone)]
pub(super) struct TextPiece {
    pub(super) text: String,
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) base: f32,
    pub(super) size: f32,
    /// Whether a space is drawn after it.
    pub(super) space_after: bool,
}

/// Pieces of one baseline, from left to right; never empty.
#[derive(Clone)]
pub(super) struct TextRow {
    pub(super) pieces: Vec<TextPiece>,
    pub(super) base: f32,
    pub(super) size: f32,
}

/// Rows from top to bottom.
pub(super) fn rows(mut pieces: Vec<TextPiece>) -> Vec<TextRow> {
    pieces.sort_by(|a, b| b.base.total_cmp(&a.base));
    let mut rows: Vec<Vec<TextPiece>> = Vec::new();
    for piece in pieces {
        match rows.last_mut() {
            Some(row) if belongs(&piece, &row[0], &row[row.len() - 1]) => row.push(piece),
            _ => rows.push(vec![piece]),
        }
    }
    scripts::join(rows.into_iter().map(TextRow::new).collect())
}

/// Whether the next lower word is in the row of which the first word is the highest and the last one the lowest so far.
fn belongs(piece: &TextPiece, first: &TextPiece, last: &TextPiece) -> bool {
    last.base - piece.base <= BASELINE_TOLERANCE * piece.size.min(last.size)
        && first.base - piece.base <= MAX_ROW_SPREAD * piece.size.max(last.size)
}

impl TextRow {
    /// `pieces` has at least one.
    pub(super) fn new(mut pieces: Vec<TextPiece>) -> Self {
        pieces.sort_by(|a, b| a.left.total_cmp(&b.left));
        // Bold text is sometimes drawn twice with a tiny offset; two letters side by side are no such text.
        pieces.dedup_by(|later, first| {
            later.text == first.text && later.left - first.left < MAX_REDRAWN_SHIFT * (first.right - first.left)
        });
        let main = pieces.iter().max_by_key(|piece| piece.text.len()).expect("never empty");
        Self { base: main.base, size: main.size, pieces }
    }

    pub(super) fn left(&self) -> f32 {
        self.pieces[0].left
    }

    /// The line with its cells separated. `starts` are the left edges of cells in adjacent rows, in order: there a
    /// smaller gap separates cells, too.
    pub(super) fn text(&self, starts: &[f32]) -> String {
        let mut cells = vec![self.pieces[0].text.clone()];
        let letter_gap = self.letter_gap();
        for (pair, is_cell) in self.pieces.windows(2).zip(self.ends_of_cells(starts)) {
            if is_cell {
                cells.push(pair[1].text.clone());
                continue;
            }
            let cell = cells.last_mut().expect("never empty");
            if self.is_space(pair, letter_gap) {
                cell.push(' ');
            }
            cell.push_str(&pair[1].text);
        }
        let right_to_left = self.pieces.iter().any(|piece| piece.text.contains(bidi::is_right_to_left));
        if !right_to_left {
            return cells.join(CELL_SEPARATOR);
        }
        let cells: Vec<String> = cells.iter().rev().map(|cell| bidi::logical(cell)).collect();
        cells.join(CELL_SEPARATOR)
    }

    fn is_space(&self, pair: &[TextPiece], letter_gap: Option<f32>) -> bool {
        let gap = (pair[1].left - pair[0].right) / self.size;
        if let Some(letter_gap) = letter_gap {
            return pair[0].space_after || gap > letter_gap * SPACED_GAP_RATIO;
        }
        let wide = pair[0].text.ends_with(is_wide) && pair[1].text.starts_with(is_wide);
        let script = (pair[0].base - pair[1].base).abs() > MAX_BASE_SHIFT * self.size
            || pair[0].size.max(pair[1].size) > pair[0].size.min(pair[1].size) * MAX_SIZE_RATIO;
        let limit = match (wide, script) {
            (true, _) => MIN_WIDE_SPACE_GAP,
            (false, true) => MIN_SCRIPT_GAP,
            (false, false) => MIN_SPACE_GAP,
        };
        pair[0].space_after || gap >= limit
    }

    /// The gap between letters, if the row is a word or a few whose letters are set apart.
    fn letter_gap(&self) -> Option<f32> {
        let letter = |piece: &TextPiece| {
            let mut chars = piece.text.chars();
            chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
        };
        if self.pieces.len() < MIN_SPACED_LETTERS || !self.pieces.iter().all(letter) {
            return None;
        }
        let gaps = self.pieces.windows(2).map(|pair| (pair[1].left - pair[0].right) / self.size);
        Some(gaps.fold(f32::MAX, f32::min).max(MIN_SPACE_GAP))
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
            let tolerance = ALIGNMENT_TOLERANCE * self.size;
            let nearest = starts.get(starts.partition_point(|other| *other <= start - tolerance));
            let aligned = nearest.is_some_and(|other| *other < start + tolerance);
            !(marked && index == 0)
                && (*gap >= SURE_CELL_GAP || (*gap >= CELL_GAP && !spread) || (*gap >= ALIGNED_CELL_GAP && aligned))
        };
        gaps.iter().enumerate().map(is_cell).collect()
    }
}
