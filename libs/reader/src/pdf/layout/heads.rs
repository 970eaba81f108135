//! Running heads: rows at the top and bottom of pages that repeat from page to page, and page numbers.

use super::row::TextRow;

/// Rows at each edge that may be running heads.
const MAX_ROWS: usize = 2;
/// A step of this many usual ones sets a row apart from the text.
const DETACHED_STEP_RATIO: f32 = 1.4;
/// Pages that must have a detached row in the same place.
const MIN_SAME_PLACE: usize = 3;
/// Distance of rows in the same place (points).
const SAME_PLACE: f32 = 1.5;

/// The outermost rows of a page.
pub(in crate::pdf) struct PageEdges {
    top: Vec<EdgeRow>,
    bottom: Vec<EdgeRow>,
}

struct EdgeRow {
    /// The text with numbers replaced.
    pattern: String,
    base: f32,
    /// Whether it is set apart from the row further inside.
    detached: bool,
}

impl PageEdges {
    pub(super) fn new(rows: &[TextRow], step: Option<f32>) -> Self {
        let edge = |row: &TextRow, inner: Option<&TextRow>| EdgeRow {
            pattern: pattern(&row.text(&[])),
            base: row.base,
            detached: inner.is_none_or(|inner| {
                (row.base - inner.base).abs() > step.unwrap_or(inner.size * 1.25) * DETACHED_STEP_RATIO
            }),
        };
        let top = rows.iter().enumerate().take(MAX_ROWS).map(|(at, row)| edge(row, rows.get(at + 1)));
        let inner = |from_end: usize| rows.len().checked_sub(from_end + 2).and_then(|at| rows.get(at));
        let bottom = rows.iter().rev().enumerate().take(MAX_ROWS).map(|(at, row)| edge(row, inner(at)));
        Self { top: top.collect(), bottom: bottom.collect() }
    }

    /// How many rows at the top and at the bottom are running heads, in view of pages near this one.
    pub(in crate::pdf) fn heads<'e>(&self, near: impl Iterator<Item = &'e Self> + Clone) -> (usize, usize) {
        let top = count(&self.top, &near.clone().map(|page| &page.top));
        let bottom = count(&self.bottom, &near.map(|page| &page.bottom));
        (top, bottom)
    }
}

/// Rows from the edge to the innermost running head.
fn count<'e>(rows: &[EdgeRow], near: &(impl Iterator<Item = &'e Vec<EdgeRow>> + Clone)) -> usize {
    let is_head = |row: &EdgeRow| {
        let repeated = near.clone().flatten().any(|other| other.pattern == row.pattern);
        let same_place = |page: &&Vec<EdgeRow>| {
            page.iter().any(|other| other.detached && (other.base - row.base).abs() < SAME_PLACE)
        };
        repeated || row.pattern == "#" || (row.detached && near.clone().filter(same_place).count() >= MIN_SAME_PLACE)
    };
    let outer = rows.iter().take_while(|row| is_head(row)).count();
    // What follows without a gap is the text itself, on pages that begin alike.
    rows[..outer].iter().rposition(|row| row.detached).map_or(0, |at| at + 1)
}

/// Text in which all numbers are the same.
fn pattern(text: &str) -> String {
    let roman = |word: &str| !word.is_empty() && word.chars().all(|char| "ivxlcdm".contains(char));
    let mut out = String::new();
    for word in text.to_lowercase().split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if roman(word) {
            out.push('#');
            continue;
        }
        for char in word.chars() {
            if !char.is_ascii_digit() {
                out.push(char);
            } else if !out.ends_with('#') {
                out.push('#');
            }
        }
    }
    out.trim_matches(['-', '–', ' ']).to_owned()
}
