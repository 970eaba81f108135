//! Records: groups of `name: value` lines, such as table rows written out one field per line. A record is quoted as a
//! whole.

use std::collections::HashMap;
use std::ops::Range;

use crate::markdown;
use crate::sentences::{TextUnit, UnitKind};

/// Longest field name; a longer prefix belongs to a sentence that contains a colon.
const MAX_NAME_CHARS: usize = 40;

/// Merges the units of each record in `text` into one row.
pub(super) fn merge_records(text: &str, units: Vec<TextUnit>) -> Vec<TextUnit> {
    let mut records = records(text).into_iter().peekable();
    let mut joined: Vec<TextUnit> = Vec::with_capacity(units.len());
    for unit in units {
        while records.next_if(|record| record.end <= unit.range.start).is_some() {}
        let Some(record) = records.peek().filter(|record| record.start <= unit.range.start) else {
            joined.push(unit);
            continue;
        };
        if joined.last().is_none_or(|last| last.range != *record) {
            joined.push(TextUnit { range: record.clone(), kind: UnitKind::Row, opens_block: true });
        }
    }
    joined
}

/// A record on one line.
pub(super) fn display(raw: &str) -> String {
    let fields: Vec<String> = raw.lines().map(|line| markdown::quoted(line).trim().to_owned()).collect();
    fields.join(joint(&fields))
}

/// What separates fields on one line: not what stands inside of one, such as the comma of `Rain gauge, heated`.
pub(super) fn joint(fields: &[String]) -> &'static str {
    if fields.iter().any(|field| field.contains(", ")) { "; " } else { ", " }
}

/// Byte ranges of the groups of `name: value` lines whose first name also starts another group. A glossary has none:
/// its names all differ.
fn records(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<(&str, Range<usize>)> = Vec::new();
    let mut first_names: HashMap<&str, usize> = HashMap::new();
    let mut start = 0;
    for group in text.split_inclusive("\n\n") {
        let content = group.trim();
        let begins = start + (group.len() - group.trim_start().len());
        start += group.len();
        let names: Option<Vec<&str>> = content.lines().map(field_name).collect();
        if let Some([first, _, ..]) = names.as_deref() {
            *first_names.entry(first).or_default() += 1;
            groups.push((first, begins..begins + content.len()));
        }
    }
    groups.into_iter().filter(|(first, _)| first_names[first] > 1).map(|(_, range)| range).collect()
}

fn field_name(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(": ")?;
    let is_name = !name.contains(['.', '|']) && (1..=MAX_NAME_CHARS).contains(&name.chars().count());
    (is_name && !value.trim().is_empty()).then_some(name)
}
