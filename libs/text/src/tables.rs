//! Tables in a text: which row names the columns of which.
//!
//! Markdown has a rule under the head. Rows that the reader wrote (`a | b`) and columns of a printed page (apart by spaces) have none;
//! there the first row is the head if it has no number where most of the others have one.

use std::ops::Range;

use crate::markdown;
use crate::sentences::{Kind, Unit};

/// A longer cell names no column, in characters.
const MAX_NAME: usize = 40;

/// What a unit is to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Outside,
    /// A row with no other next to it: as often a menu or the foot of a page.
    Alone,
    Head,
    /// A row below others, with the position of the unit that names its columns.
    Row(Option<usize>),
}

/// The place of each unit of `text`.
pub(crate) fn places(text: &str, units: &[Unit]) -> Vec<Place> {
    let mut places = vec![Place::Outside; units.len()];
    let is_row = |unit: &Unit| unit.kind == Kind::Row && !text[unit.range.clone()].contains('\n');
    let mut first = 0;
    while first < units.len() {
        if !is_row(&units[first]) {
            first += 1;
            continue;
        }
        let mut end = first + 1;
        while end < units.len() && is_row(&units[end]) && touch(text, &units[end - 1].range, &units[end].range) {
            end += 1;
        }
        let has_head = has_head(text, &units[first..end]);
        places[first..end].fill(Place::Row(has_head.then_some(first)));
        if has_head {
            places[first] = Place::Head;
        } else if end - first == 1 {
            places[first] = Place::Alone;
        }
        first = end;
    }
    places
}

/// The cells of a row without Markdown, empty ones included.
pub(crate) fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    if row.contains('|') {
        let inner = row.strip_prefix('|').unwrap_or(row);
        let inner = inner.strip_suffix('|').unwrap_or(inner);
        return inner.split('|').map(markdown::plain).collect();
    }
    row.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).map(markdown::plain).collect()
}

/// Nothing but the end of a line, or a rule, stands between the rows.
fn touch(text: &str, above: &Range<usize>, below: &Range<usize>) -> bool {
    text[above.end..below.start].lines().skip(1).all(|line| !line.trim().is_empty())
}

fn has_head(text: &str, rows: &[Unit]) -> bool {
    let Some((first, others)) = rows.split_first() else { return false };
    if is_ruled(&text[first.range.end..]) {
        return true;
    }
    let head = cells(&text[first.range.clone()]);
    let names = |cell: &String| !has_digit(cell) && cell.chars().nth(MAX_NAME).is_none();
    if others.is_empty() || head.len() < 2 || !head.iter().all(names) || head[1..].iter().any(String::is_empty) {
        return false;
    }
    let mut numbers = vec![0; head.len()];
    for row in others {
        for (column, cell) in cells(&text[row.range.clone()]).iter().take(head.len()).enumerate() {
            numbers[column] += usize::from(has_digit(cell));
        }
    }
    numbers.iter().any(|count| count * 2 > others.len())
}

/// Whether the next line is the rule under a Markdown table's head.
fn is_ruled(after: &str) -> bool {
    let next = after.trim_start_matches(['|', ' ']).trim_start();
    ["|-", "|:", "| -", "| :", "--"].iter().any(|rule| next.starts_with(rule))
}

fn has_digit(cell: &str) -> bool {
    cell.contains(|c: char| c.is_ascii_digit())
}
