//! Reconstructs the reading order of a page from the positions of its text; a file may draw it in any order.

mod columns;
mod row;
mod spacing;

use pdf_oxide::layout::TextSpan;

use self::row::{TextPiece, TextRow};
use self::spacing::GlyphAdvances;
use super::reflow;

/// Font sizes with a larger ratio separate blocks.
const FONT_SIZE_RATIO: f32 = 1.12;
/// A step to the next row of this many usual ones separates paragraphs.
const PARAGRAPH_STEP_RATIO: f32 = 1.3;
/// Step between rows, in font sizes, if there are too few rows to measure it.
const DEFAULT_STEP: f32 = 1.25;
/// Indent of the first line of a paragraph, in font sizes.
const INDENT_RANGE: (f32, f32) = (0.8, 5.0);

/// The text of the page with lines joined into paragraphs. `rotation` is the page's display rotation in degrees.
pub(super) fn text(spans: &[TextSpan], rotation: i32) -> String {
    let mut directions: Vec<(i32, Vec<TextPiece>)> = Vec::new();
    let advances = GlyphAdvances::of(spans);
    let body = spans.iter().any(|span| span.artifact_type.is_none());
    for span in spans.iter().filter(|span| !body || span.artifact_type.is_none()) {
        let Some((direction, piece)) = row::piece(span, rotation, &advances) else { continue };
        match directions.iter_mut().find(|(known, _)| *known == direction) {
            Some((_, pieces)) => pieces.push(piece),
            None => directions.push((direction, vec![piece])),
        }
    }
    // Text in a minority direction is a stamp or a label: it follows the main text.
    directions.sort_by_key(|(_, pieces)| std::cmp::Reverse(pieces.iter().map(|piece| piece.text.len()).sum::<usize>()));
    let blocks: Vec<String> = directions
        .into_iter()
        .flat_map(|(_, pieces)| columns::split(row::rows(pieces)))
        .map(|rows| lines(&rows))
        .collect();
    reflow::paragraphs(&blocks)
}

/// Whether positions do not determine the order: right-to-left or vertical text.
pub(super) fn needs_library_order(spans: &[TextSpan]) -> bool {
    let right_to_left =
        |char: char| matches!(char, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    spans.iter().any(|span| span.wmode != 0 || span.text.contains(right_to_left))
}

/// One line per row, with an empty line where a new block starts.
fn lines(rows: &[TextRow]) -> String {
    let left = rows.iter().map(TextRow::left).fold(f32::MAX, f32::min);
    let step = usual_step(rows);
    let mut out = String::new();
    let mut above: Option<(&TextRow, String)> = None;
    for (index, row) in rows.iter().enumerate() {
        let near = [index.checked_sub(1).and_then(|above| rows.get(above)), rows.get(index + 1)];
        let line = row.text(&near.into_iter().flatten().flat_map(TextRow::cells).collect::<Vec<f32>>());
        if let Some((before, text)) = &above {
            out.push('\n');
            if starts_block(before, row, step) || (is_indented(before, row, left) && !reflow::starts_item(text)) {
                out.push('\n');
            }
        }
        out.push_str(&line);
        above = Some((row, line));
    }
    out
}

fn starts_block(above: &TextRow, row: &TextRow, step: Option<f32>) -> bool {
    let sizes = (above.size.max(row.size), above.size.min(row.size));
    let step = step.unwrap_or(DEFAULT_STEP * sizes.1);
    sizes.0 > sizes.1 * FONT_SIZE_RATIO || above.base - row.base > step.max(sizes.1) * PARAGRAPH_STEP_RATIO
}

fn is_indented(above: &TextRow, row: &TextRow, left: f32) -> bool {
    let by = (row.left() - above.left()) / row.size;
    (above.left() - left) < row.size * 0.5 && (INDENT_RANGE.0..INDENT_RANGE.1).contains(&by)
}

/// The median step from row to row.
fn usual_step(rows: &[TextRow]) -> Option<f32> {
    let mut steps: Vec<f32> = rows.windows(2).map(|pair| pair[0].base - pair[1].base).collect();
    steps.sort_by(f32::total_cmp);
    (steps.len() >= 3).then(|| steps[(steps.len() - 1) / 2])
}
