//! Records: groups of `name: value` lines, such as the rows of a table that was written out. The lines of one only make sense together.

use std::collections::HashMap;
use std::ops::Range;

use crate::markdown;
use crate::sentences::{Kind, Unit};

/// A longer beginning of a line is a sentence with a colon.
const MAX_NAME_CHARS: usize = 40;

/// The units of `text` with those of each record put together as one row.
pub(super) fn together(text: &str, units: Vec<Unit>) -> Vec<Unit> {
    let mut records = records(text).into_iter().peekable();
    let mut joined: Vec<Unit> = Vec::with_capacity(units.len());
    for unit in units {
        while records.next_if(|record| record.end <= unit.range.start).is_some() {}
        let Some(record) = records.peek().filter(|record| record.start <= unit.range.start) else {
            joined.push(unit);
            continue;
        };
        if joined.last().is_none_or(|last| last.range != *record) {
            joined.push(Unit { range: record.clone(), kind: Kind::Row, opens_block: true });
        }
    }
    joined
}

/// A record on one line.
pub(super) fn display(raw: &str) -> String {
    raw.lines().map(|line| markdown::plain(line).trim().to_owned()).collect::<Vec<_>>().join(", ")
}

/// Byte ranges of groups of `name: value` lines whose first name begins another group, too. A list of terms, whose names all differ,
/// has none.
fn records(text: &str) -> Vec<Range<usize>> {
    let mut groups: Vec<(&str, Range<usize>)> = Vec::new();
    let mut times: HashMap<&str, usize> = HashMap::new();
    let mut start = 0;
    for group in text.split_inclusive("\n\n") {
        let content = group.trim();
        let begins = start + (group.len() - group.trim_start().len());
        start += group.len();
        let names: Option<Vec<&str>> = content.lines().map(name).collect();
        if let Some([first, _, ..]) = names.as_deref() {
            *times.entry(first).or_default() += 1;
            groups.push((first, begins..begins + content.len()));
        }
    }
    groups.into_iter().filter(|(first, _)| times[first] > 1).map(|(_, range)| range).collect()
}

fn name(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(": ")?;
    let is_name = !name.contains(['.', '|']) && (1..=MAX_NAME_CHARS).contains(&name.chars().count());
    (is_name && !value.trim().is_empty()).then_some(name)
}
