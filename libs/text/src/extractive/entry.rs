//! Renders rows, records, list items and whole lists as one line of an answer.

use std::ops::Range;

use super::quotable::MAX_SENTENCE_CHARS;
use super::records;
use crate::markdown;
use crate::sentences::{TextUnit, UnitKind};
use crate::tables::{self, TablePosition};

/// Longest list that is quoted as a whole, in items.
const MAX_LIST_ITEMS: usize = 12;

/// A row, record or item as one line, with its values kept apart from the names of its columns.
pub(super) struct RenderedEntry {
    pub(super) text: String,
    /// Its values without column names; `None` if that is all of `text`.
    pub(super) values: Option<String>,
    /// The first value, which usually names the row.
    pub(super) key: String,
    pub(super) column_names: String,
}

impl RenderedEntry {
    fn plain(text: String) -> Self {
        Self { text, values: None, key: String::new(), column_names: String::new() }
    }
}

/// Renders one unit; `header` is the row that names the columns.
pub(super) fn render(raw: &str, kind: UnitKind, position: TablePosition, header: Option<&str>) -> RenderedEntry {
    if kind == UnitKind::Row && raw.contains('\n') {
        let (names, values): (Vec<&str>, Vec<&str>) = raw.lines().filter_map(|line| line.split_once(": ")).unzip();
        let key = values.first().copied().unwrap_or_default().to_owned();
        return RenderedEntry {
            text: records::display(raw),
            values: Some(values.join(" ")),
            key,
            column_names: names.join(" "),
        };
    }
    if position == TablePosition::Outside {
        return RenderedEntry::plain(markdown::plain(raw));
    }
    let cells = tables::cells(raw);
    let names = header.map(tables::cells).unwrap_or_default();
    let filled: Vec<(usize, &String)> = cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).collect();
    let labelled: Vec<String> = filled
        .iter()
        .map(|(column, cell)| match names.get(*column).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name}: {cell}"),
            None => (*cell).clone(),
        })
        .collect();
    let joint = if names.is_empty() && filled.len() == 2 { ": " } else { ", " };
    let key = filled.first().map(|(_, cell)| (*cell).clone()).unwrap_or_default();
    RenderedEntry { text: labelled.join(joint), values: Some(cells.join(" ")), key, column_names: names.join(" ") }
}

/// Renders a lead-in (`The rent includes:`) with the items below it; also returns their range. `None` if there is no
/// such list or it is too long.
pub(super) fn render_list(text: &str, units: &[TextUnit], lead: usize) -> Option<(Range<usize>, RenderedEntry)> {
    let raw = &text[units[lead].range.clone()];
    let items = units[lead + 1..].iter().take_while(|unit| unit.kind == UnitKind::Item).count();
    if !raw.ends_with(':') || units[lead].kind != UnitKind::Prose || !(1..=MAX_LIST_ITEMS).contains(&items) {
        return None;
    }
    let range = units[lead].range.start..units[lead + items].range.end;
    let items_text: Vec<String> = units[lead + 1..=lead + items]
        .iter()
        .map(|unit| markdown::plain(&text[unit.range.clone()]).trim_end_matches([';', ',', '.']).to_owned())
        .collect();
    let line = format!("{} {}", markdown::plain(raw), items_text.join("; "));
    (line.chars().count() <= MAX_SENTENCE_CHARS).then(|| (range, RenderedEntry::plain(line)))
}
