//! Finds tables in a text and their header rows.
//!
//! Markdown tables have a rule under the header. Rows written by the `reader` crate (`a | b`) and columns of a printed
//! page (separated by spaces) have none; there the first row is the header if it has no number in a column where most
//! rows have one.

use std::ops::Range;

use crate::markdown;
use crate::sentences::{TextUnit, UnitKind};

/// Longest column name in characters.
const MAX_COLUMN_NAME_CHARS: usize = 40;

/// Where a unit stands relative to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TablePosition {
    Outside,
    /// A row without neighbours: often a menu or page footer.
    Lone,
    Header,
    /// A data row, with the index of its header unit if the table has one.
    Row(Option<usize>),
}

/// The table position of each unit of `text`.
pub(crate) fn positions(text: &str, units: &[TextUnit]) -> Vec<TablePosition> {
    let mut positions = vec![TablePosition::Outside; units.len()];
    let is_row = |unit: &TextUnit| unit.kind == UnitKind::Row && !text[unit.range.clone()].contains('\n');
    let mut first = 0;
    while first < units.len() {
        if !is_row(&units[first]) {
            first += 1;
            continue;
        }
        let mut end = first + 1;
        while end < units.len() && is_row(&units[end]) && are_adjacent(text, &units[end - 1].range, &units[end].range) {
            end += 1;
        }
        let has_header = has_header(text, &units[first..end]);
        positions[first..end].fill(TablePosition::Row(has_header.then_some(first)));
        if has_header {
            positions[first] = TablePosition::Header;
        } else if end - first == 1 {
            positions[first] = TablePosition::Lone;
        }
        first = end;
    }
    positions
}

/// The cells of a row without Markdown, empty ones included.
pub(crate) fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    if row.contains('|') {
        let inner = row.strip_prefix('|').unwrap_or(row);
        let inner = inner.strip_suffix('|').unwrap_or(inner);
        return inner.split('|').map(markdown::quoted).collect();
    }
    row.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).map(markdown::quoted).collect()
}

/// Whether only a line end or a rule stands between two rows.
fn are_adjacent(text: &str, above: &Range<usize>, below: &Range<usize>) -> bool {
    text[above.end..below.start].lines().skip(1).all(|line| !line.trim().is_empty())
}

fn has_header(text: &str, rows: &[TextUnit]) -> bool {
    let Some((first, others)) = rows.split_first() else { return false };
    if is_ruled(&text[first.range.end..]) {
        return true;
    }
    let header = cells(&text[first.range.clone()]);
    let names = |cell: &String| !has_digit(cell) && cell.chars().nth(MAX_COLUMN_NAME_CHARS).is_none();
    if others.is_empty() || header.len() < 2 || !header.iter().all(names) || header[1..].iter().any(String::is_empty) {
        return false;
    }
    let mut numbers = vec![0; header.len()];
    for row in others {
        for (column, cell) in cells(&text[row.range.clone()]).iter().take(header.len()).enumerate() {
            numbers[column] += usize::from(has_digit(cell));
        }
    }
    numbers.iter().any(|count| count * 2 > others.len())
}

/// Whether the next line is the rule under a Markdown table's header.
fn is_ruled(after: &str) -> bool {
    let next = after.trim_start_matches(['|', ' ']).trim_start();
    ["|-", "|:", "| -", "| :", "--"].iter().any(|rule| next.starts_with(rule))
}

fn has_digit(cell: &str) -> bool {
    cell.contains(|c: char| c.is_ascii_digit())
}
