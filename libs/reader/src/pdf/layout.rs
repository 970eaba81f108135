//! Reconstructs the reading order of a page from the positions of its glyphs; a file may draw them in any order.

mod accents;
mod bidi;
mod columns;
mod heads;
mod row;
mod scripts;
mod words;

pub(super) use self::heads::PageEdges;
use self::row::TextRow;
pub(super) use self::words::is_wide;
use super::content::Glyph;
use super::reflow;

/// Font sizes with a larger ratio separate blocks.
const FONT_SIZE_RATIO: f32 = 1.12;
/// A step to the next row of this many usual ones separates paragraphs.
const PARAGRAPH_STEP_RATIO: f32 = 1.3;
/// Step between rows, in font sizes, if there are too few rows to measure it.
const DEFAULT_STEP: f32 = 1.25;
/// A page with fewer rows does not show how far apart those of its text are.
const MIN_ROWS_OF_TEXT: usize = 8;
/// Indent of the first line of a paragraph, in font sizes.
const INDENT_RANGE: (f32, f32) = (0.8, 5.0);

/// The rows of a page from top to bottom.
#[derive(Default)]
pub(super) struct PageRows {
    /// Those of the main writing direction.
    main: Vec<TextRow>,
    /// Those of others: stamps and labels, which follow the main text.
    others: Vec<Vec<TextRow>>,
}

/// The text of a page.
#[derive(Default)]
pub(super) struct PageText {
    /// Running heads and page numbers.
    pub(super) header: String,
    pub(super) body: reflow::Paragraphs,
    pub(super) footer: String,
}

impl PageRows {
    pub(super) fn new(glyphs: &[Glyph]) -> Self {
        let mut directions = words::by_direction(glyphs);
        directions.retain(|(_, words)| !words.is_empty());
        directions.sort_by_key(|(_, words)| std::cmp::Reverse(words.iter().map(|word| word.text.len()).sum::<usize>()));
        let mut rows = directions.into_iter().map(|(_, words)| row::rows(words));
        Self { main: rows.next().unwrap_or_default(), others: rows.collect() }
    }

    pub(super) fn edges(&self) -> PageEdges {
        let step = usual_step(&self.main).filter(|_| self.main.len() >= MIN_ROWS_OF_TEXT);
        PageEdges::new(&self.main, step)
    }

    /// The text with lines joined into paragraphs. The given numbers of rows at the top and at the bottom are running
    /// heads.
    pub(super) fn text(mut self, heads: (usize, usize)) -> PageText {
        let footer = self.main.split_off(self.main.len() - heads.1.min(self.main.len()));
        let body = self.main.split_off(heads.0.min(self.main.len()));
        let blocks: Vec<String> =
            std::iter::once(body).chain(self.others).flat_map(columns::split).map(|rows| lines(&rows)).collect();
        PageText { header: lines(&self.main), body: reflow::paragraphs(&blocks), footer: lines(&footer) }
    }
}

/// One line per row, with an empty line where a new block starts.
fn lines(rows: &[TextRow]) -> String {
    let left = rows.iter().map(TextRow::left).fold(f32::MAX, f32::min);
    let step = usual_step(rows);
    let mut out = String::new();
    let mut above: Option<(&TextRow, String)> = None;
    for (index, row) in rows.iter().enumerate() {
        let near = [index.checked_sub(1).and_then(|above| rows.get(above)), rows.get(index + 1)];
        let mut starts: Vec<f32> = near.into_iter().flatten().flat_map(TextRow::cells).collect();
        starts.sort_by(f32::total_cmp);
        let line = row.text(&starts);
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
