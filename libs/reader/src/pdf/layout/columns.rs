//! Column detection: a column is read to its end before the next one.

use super::row::{TextPiece, TextRow};

/// Pages with more rows or words are not split, because the search is quadratic.
const MAX_ROWS: usize = 1_000;
const MAX_WORDS: usize = 20_000;
/// Nesting of columns.
const MAX_DEPTH: u8 = 3;
/// Width of a gutter, and the vertical gap that ends columns, in font sizes.
const MIN_GUTTER: f32 = 0.8;
const COLUMN_END_GAP: f32 = 4.0;
/// How far from the edge a line still begins at it, in font sizes.
const EDGE_TOLERANCE: f32 = 0.5;
/// What distinguishes a text column from a table column: number of lines, how much of the width they fill, and their
/// characters.
const MIN_LINES: usize = 4;
const MIN_FILL_RATIO: f32 = 0.5;
const MIN_LINE_CHARS: usize = 20;

/// Splits rows into blocks in reading order.
pub(super) fn split(rows: Vec<TextRow>) -> Vec<Vec<TextRow>> {
    let mut blocks = Vec::new();
    let words: usize = rows.iter().map(|row| row.pieces.len()).sum();
    split_into(rows, if words > MAX_WORDS { 0 } else { MAX_DEPTH }, &mut blocks);
    blocks
}

fn split_into(rows: Vec<TextRow>, depth: u8, blocks: &mut Vec<Vec<TextRow>>) {
    if depth == 0 || rows.len() > MAX_ROWS {
        blocks.push(rows);
        return;
    }
    let mut across: Vec<TextRow> = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        let Some((count, sides)) = columns(&rows[start..]) else {
            across.push(rows[start].clone());
            start += 1;
            continue;
        };
        if !across.is_empty() {
            blocks.push(std::mem::take(&mut across));
        }
        for side in sides {
            split_into(side, depth - 1, blocks);
        }
        start += count;
    }
    if !across.is_empty() {
        blocks.push(across);
    }
}

/// Two columns that start with the first row, and the number of rows they span.
fn columns(rows: &[TextRow]) -> Option<(usize, [Vec<TextRow>; 2])> {
    let mut shared = gaps(&rows[0]);
    let mut count = 1;
    for pair in rows.windows(2) {
        if pair[0].base - pair[1].base > COLUMN_END_GAP * pair[0].size.max(pair[1].size) {
            break;
        }
        let narrowed = intersect(&shared, &gaps(&pair[1]), MIN_GUTTER * pair[1].size);
        if shared.iter().any(is_inner) && !narrowed.iter().any(is_inner) {
            break;
        }
        shared = narrowed;
        count += 1;
    }
    let rows = &rows[..count];
    if count < MIN_LINES {
        return None;
    }
    let sides = |gutter: &(f32, f32)| {
        let middle = f32::midpoint(gutter.0, gutter.1);
        [side(rows, |piece| piece.left < middle), side(rows, |piece| piece.left >= middle)]
    };
    shared
        .iter()
        .filter(|gap| is_inner(gap))
        .map(sides)
        .filter(|sides| sides.iter().all(|side| is_text_column(side)))
        // Of several gaps, the gutter is the one behind which lines begin at one edge.
        .rev()
        .max_by(|a, b| aligned(&a[1]).total_cmp(&aligned(&b[1])))
        .map(|sides| (count, sides))
}

fn side(rows: &[TextRow], belongs: impl Fn(&TextPiece) -> bool) -> Vec<TextRow> {
    let own = |row: &TextRow| row.pieces.iter().filter(|piece| belongs(piece)).cloned().collect::<Vec<_>>();
    rows.iter().map(own).filter(|pieces| !pieces.is_empty()).map(TextRow::new).collect()
}

/// Horizontal gaps of a row from left to right, margins included.
fn gaps(row: &TextRow) -> Vec<(f32, f32)> {
    let mut gaps = Vec::with_capacity(row.pieces.len() + 1);
    let mut end = f32::MIN;
    for piece in &row.pieces {
        if piece.left > end {
            gaps.push((end, piece.left));
        }
        end = end.max(piece.right);
    }
    gaps.push((end, f32::MAX));
    gaps
}

/// Whether there is text on both sides.
fn is_inner(gap: &(f32, f32)) -> bool {
    gap.0 > f32::MIN && gap.1 < f32::MAX
}

/// Intersections of the gaps that are at least `width` wide.
fn intersect(a: &[(f32, f32)], b: &[(f32, f32)], width: f32) -> Vec<(f32, f32)> {
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let shared = (a[i].0.max(b[j].0), a[i].1.min(b[j].1));
        if shared.1 - shared.0 >= width {
            found.push(shared);
        }
        if a[i].1 < b[j].1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

/// The share of rows that begin at the left edge.
fn aligned(rows: &[TextRow]) -> f32 {
    let left = rows.iter().map(TextRow::left).fold(f32::MAX, f32::min);
    let at_edge = rows.iter().filter(|row| row.left() - left < EDGE_TOLERANCE * row.size).count();
    at_edge as f32 / rows.len().max(1) as f32
}

fn is_text_column(rows: &[TextRow]) -> bool {
    if rows.len() < MIN_LINES {
        return false;
    }
    let pieces = || rows.iter().flat_map(|row| &row.pieces);
    let left = pieces().map(|piece| piece.left).fold(f32::MAX, f32::min);
    let right = pieces().map(|piece| piece.right).fold(f32::MIN, f32::max);
    let covered: f32 = pieces().map(|piece| piece.right - piece.left).sum();
    let chars: usize = pieces().map(|piece| piece.text.chars().count()).sum();
    covered >= (right - left) * rows.len() as f32 * MIN_FILL_RATIO && chars >= rows.len() * MIN_LINE_CHARS
}
