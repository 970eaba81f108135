//! The text of a page in reading order, found from where its pieces stand on paper: the order in which a file draws them is any.

mod columns;
mod row;
mod spacing;

use pdf_oxide::layout::TextSpan;

use self::row::{Piece, Row};
use self::spacing::Advances;
use super::reflow;

/// Sizes this far apart are different kinds of text.
const OTHER_SIZE: f32 = 1.12;
/// A step down of this many usual ones leaves a gap.
const WIDE_STEP: f32 = 1.3;
/// The usual step, in sizes, where there are too few lines to tell.
const STEP: f32 = 1.25;
/// How far the first line of a paragraph is moved in, in sizes.
const INDENT: (f32, f32) = (0.8, 5.0);

/// The text of the page's pieces, with paragraphs put together. `rotation` is how the page is turned for display, in degrees.
pub(super) fn text(spans: &[TextSpan], rotation: i32) -> String {
    let mut directions: Vec<(i32, Vec<Piece>)> = Vec::new();
    let advances = Advances::of(spans);
    let body = spans.iter().any(|span| span.artifact_type.is_none());
    for span in spans.iter().filter(|span| !body || span.artifact_type.is_none()) {
        let Some((direction, piece)) = row::piece(span, rotation, &advances) else { continue };
        match directions.iter_mut().find(|(known, _)| *known == direction) {
            Some((_, pieces)) => pieces.push(piece),
            None => directions.push((direction, vec![piece])),
        }
    }
    // What is written another way than the most is a stamp or a label: it follows the text.
    directions.sort_by_key(|(_, pieces)| std::cmp::Reverse(pieces.iter().map(|piece| piece.text.len()).sum::<usize>()));
    let blocks: Vec<String> = directions
        .into_iter()
        .flat_map(|(_, pieces)| columns::split(row::rows(pieces)))
        .map(|rows| lines(&rows))
        .collect();
    reflow::paragraphs(&blocks)
}

/// Whether the pieces alone do not tell the order: writing from right to left, or from top to bottom.
pub(super) fn is_special(spans: &[TextSpan]) -> bool {
    let right_to_left =
        |char: char| matches!(char, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    spans.iter().any(|span| span.wmode != 0 || span.text.contains(right_to_left))
}

/// One line of text a row, with an empty one where the paper shows that something else begins.
fn lines(rows: &[Row]) -> String {
    let left = rows.iter().map(Row::left).fold(f32::MAX, f32::min);
    let step = usual_step(rows);
    let mut out = String::new();
    let mut above: Option<(&Row, String)> = None;
    for (index, row) in rows.iter().enumerate() {
        let near = [index.checked_sub(1).and_then(|above| rows.get(above)), rows.get(index + 1)];
        let line = row.text(&near.into_iter().flatten().flat_map(Row::cells).collect::<Vec<f32>>());
        if let Some((before, text)) = &above {
            out.push('\n');
            if begins(before, row, step) || (is_indented(before, row, left) && !reflow::starts_item(text)) {
                out.push('\n');
            }
        }
        out.push_str(&line);
        above = Some((row, line));
    }
    out
}

fn begins(above: &Row, row: &Row, step: Option<f32>) -> bool {
    let sizes = (above.size.max(row.size), above.size.min(row.size));
    let step = step.unwrap_or(STEP * sizes.1);
    sizes.0 > sizes.1 * OTHER_SIZE || above.base - row.base > step.max(sizes.1) * WIDE_STEP
}

fn is_indented(above: &Row, row: &Row, left: f32) -> bool {
    let by = (row.left() - above.left()) / row.size;
    (above.left() - left) < row.size * 0.5 && (INDENT.0..INDENT.1).contains(&by)
}

/// The median step from row to row.
fn usual_step(rows: &[Row]) -> Option<f32> {
    let mut steps: Vec<f32> = rows.windows(2).map(|pair| pair[0].base - pair[1].base).collect();
    steps.sort_by(f32::total_cmp);
    (steps.len() >= 3).then(|| steps[(steps.len() - 1) / 2])
}
