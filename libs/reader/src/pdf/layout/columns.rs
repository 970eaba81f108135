//! Columns: text that is read down one side of a gutter, then down the other.

use super::row::{Piece, Row};

/// A page with more rows is read across: the search below is quadratic.
const MAX_ROWS: usize = 1_000;
/// Columns within columns.
const MAX_DEPTH: u8 = 3;
/// Width of a gutter, and the height of a gap that ends the columns, in sizes.
const GUTTER: f32 = 0.8;
const END: f32 = 4.0;
/// What a column has and a column of a table has not: lines, each about as wide as the column and of this many characters.
const LINES: usize = 4;
const FILLED: f32 = 0.5;
const CHARS: usize = 20;

/// Rows in reading order, cut into blocks that are each read across.
pub(super) fn split(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut blocks = Vec::new();
    split_into(rows, MAX_DEPTH, &mut blocks);
    blocks
}

fn split_into(rows: Vec<Row>, depth: u8, blocks: &mut Vec<Vec<Row>>) {
    if depth == 0 || rows.len() > MAX_ROWS {
        blocks.push(rows);
        return;
    }
    let mut across: Vec<Row> = Vec::new();
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

/// Two columns that begin with the first row, and how many rows they take.
fn columns(rows: &[Row]) -> Option<(usize, [Vec<Row>; 2])> {
    let mut shared = gaps(&rows[0]);
    let mut count = 1;
    for pair in rows.windows(2) {
        if pair[0].base - pair[1].base > END * pair[0].size.max(pair[1].size) {
            break;
        }
        let narrowed = common(&shared, &gaps(&pair[1]), GUTTER * pair[1].size);
        if shared.iter().any(is_inner) && !narrowed.iter().any(is_inner) {
            break;
        }
        shared = narrowed;
        count += 1;
    }
    let rows = &rows[..count];
    if count < LINES {
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
        .find(|sides| sides.iter().all(|side| reads_down(side)))
        .map(|sides| (count, sides))
}

fn side(rows: &[Row], belongs: impl Fn(&Piece) -> bool) -> Vec<Row> {
    let own = |row: &Row| row.pieces.iter().filter(|piece| belongs(piece)).cloned().collect::<Vec<_>>();
    rows.iter().map(own).filter(|pieces| !pieces.is_empty()).map(Row::new).collect()
}

/// Where a row has no text, from left to right, the margins included.
fn gaps(row: &Row) -> Vec<(f32, f32)> {
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

/// What both have in common, at least `width` wide.
fn common(a: &[(f32, f32)], b: &[(f32, f32)], width: f32) -> Vec<(f32, f32)> {
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

fn reads_down(rows: &[Row]) -> bool {
    if rows.len() < LINES {
        return false;
    }
    let pieces = || rows.iter().flat_map(|row| &row.pieces);
    let left = pieces().map(|piece| piece.left).fold(f32::MAX, f32::min);
    let right = pieces().map(|piece| piece.right).fold(f32::MIN, f32::max);
    let covered: f32 = pieces().map(|piece| piece.right - piece.left).sum();
    let chars: usize = pieces().map(|piece| piece.text.chars().count()).sum();
    covered >= (right - left) * rows.len() as f32 * FILLED && chars >= rows.len() * CHARS
}
