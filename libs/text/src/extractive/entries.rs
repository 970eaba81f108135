//! Entries: rows, records, items and lists, as one line of an answer and as what they say themselves.

use std::ops::Range;

use super::records;
use super::stands::MAX_CHARS;
use crate::markdown;
use crate::sentences::{Kind, Unit};
use crate::tables::{self, Place};

/// Items a list has at most to be told as a whole.
const MAX_ITEMS: usize = 12;

/// A row, record or item with what it says apart from what names it.
pub(super) struct Entry {
    pub(super) text: String,
    /// Its values, if other than the whole, and the first of them.
    pub(super) own: Option<String>,
    pub(super) key: String,
    /// The names of its columns.
    pub(super) names: String,
}

impl Entry {
    fn plain(text: String) -> Self {
        Self { text, own: None, key: String::new(), names: String::new() }
    }
}

/// One unit as a line; `head` is the row that names the columns.
pub(super) fn read(raw: &str, kind: Kind, place: Place, head: Option<&str>) -> Entry {
    if kind == Kind::Row && raw.contains('\n') {
        let (names, own): (Vec<&str>, Vec<&str>) = raw.lines().filter_map(|line| line.split_once(": ")).unzip();
        let key = own.first().copied().unwrap_or_default().to_owned();
        return Entry { text: records::display(raw), own: Some(own.join(" ")), key, names: names.join(" ") };
    }
    if place == Place::Outside {
        return Entry::plain(markdown::plain(raw));
    }
    let cells = tables::cells(raw);
    let names = head.map(tables::cells).unwrap_or_default();
    let filled: Vec<(usize, &String)> = cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).collect();
    let written: Vec<String> = filled
        .iter()
        .map(|(column, cell)| match names.get(*column).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name}: {cell}"),
            None => (*cell).clone(),
        })
        .collect();
    let joint = if names.is_empty() && filled.len() == 2 { ": " } else { ", " };
    let key = filled.first().map(|(_, cell)| (*cell).clone()).unwrap_or_default();
    Entry { text: written.join(joint), own: Some(cells.join(" ")), key, names: names.join(" ") }
}

/// A lead-in with the items below it: their range and how they read on one line.
pub(super) fn list(text: &str, units: &[Unit], lead: usize) -> Option<(Range<usize>, Entry)> {
    let raw = &text[units[lead].range.clone()];
    let items = units[lead + 1..].iter().take_while(|unit| unit.kind == Kind::Item).count();
    if !raw.ends_with(':') || units[lead].kind != Kind::Prose || !(1..=MAX_ITEMS).contains(&items) {
        return None;
    }
    let range = units[lead].range.start..units[lead + items].range.end;
    let said: Vec<String> = units[lead + 1..=lead + items]
        .iter()
        .map(|unit| markdown::plain(&text[unit.range.clone()]).trim_end_matches([';', ',', '.']).to_owned())
        .collect();
    let line = format!("{} {}", markdown::plain(raw), said.join("; "));
    (line.chars().count() <= MAX_CHARS).then(|| (range, Entry::plain(line)))
}
