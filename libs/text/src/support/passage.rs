//! Parses a passage into sentences, rows of tables and records.

use std::ops::Range;

use super::sentence::{Clause, Sentence};
use crate::markdown;
use crate::sentences::{self, TextUnit, UnitKind};
use crate::tables::{self, TablePosition};

/// Longest name of a field in a record, in characters.
const MAX_LABEL_CHARS: usize = 40;

/// The sentences of a passage in order. Each row has the names of its columns.
pub(super) fn sentences_of(passage: &str, names_are_capitalised: bool) -> Vec<Sentence> {
    let units = sentences::units(passage);
    let positions = tables::positions(passage, &units);
    let mut sentences = Vec::with_capacity(units.len());
    let mut at = 0;
    while at < units.len() {
        let record = record_at(passage, &units[at..]);
        if record > 1 {
            sentences.push(parse_record(passage, &units[at..at + record], names_are_capitalised));
            at += record;
            continue;
        }
        let unit = &units[at];
        let text = &passage[unit.range.clone()];
        let mut sentence = match positions[at] {
            TablePosition::Row(header) if text.contains('|') || header.is_some() => {
                let header = header.map(|header| &passage[units[header].range.clone()]).unwrap_or_default();
                parse_row(header, text, names_are_capitalised)
            }
            _ => Sentence::parse(&markdown::plain(text), names_are_capitalised),
        };
        sentence.range = unit.range.clone();
        sentence.is_heading = unit.kind == UnitKind::Heading || matches!(positions[at], TablePosition::Header);
        sentences.push(sentence);
        at += 1;
    }
    sentences
}

fn parse_row(header: &str, row: &str, names_are_capitalised: bool) -> Sentence {
    let labels = tables::cells(header);
    let cells = tables::cells(row);
    let fields = cells.iter().enumerate();
    let fields = fields.map(|(at, cell)| (labels.get(at).map(String::as_str).unwrap_or_default(), cell.as_str()));
    parse_fields(fields, names_are_capitalised)
}

/// How many of the first units are lines `Label: value` of one record.
fn record_at(passage: &str, units: &[TextUnit]) -> usize {
    let is_field = |unit: &TextUnit| {
        let text = &passage[unit.range.clone()];
        let label = text.split_once(": ").map(|(label, _)| label);
        label.is_some_and(|label| label.chars().nth(MAX_LABEL_CHARS).is_none() && !label.contains(['.', '|', '\n']))
            && matches!(unit.kind, UnitKind::Prose | UnitKind::Item)
    };
    let joined = |above: &Range<usize>, below: &Range<usize>| {
        let gap = &passage[above.end..below.start];
        gap.matches('\n').count() == 1
    };
    let mut count = 0;
    while count < units.len()
        && is_field(&units[count])
        && (count == 0 || joined(&units[count - 1].range, &units[count].range))
    {
        count += 1;
    }
    count
}

fn parse_record(passage: &str, units: &[TextUnit], names_are_capitalised: bool) -> Sentence {
    let lines: Vec<String> = units.iter().map(|unit| markdown::plain(&passage[unit.range.clone()])).collect();
    let fields = lines.iter().map(|line| line.split_once(": ").unwrap_or(("", line)));
    let mut record = parse_fields(fields, names_are_capitalised);
    record.range = units[0].range.start..units[units.len() - 1].range.end;
    record
}

/// One clause a field: the words of its label, then those of its value.
fn parse_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>, names_are_capitalised: bool) -> Sentence {
    let mut row = Sentence { is_row: true, clauses: vec![Clause::default()], ..Sentence::default() };
    for (at, (label, value)) in fields.enumerate() {
        if at > 0 {
            row.clauses.push(Clause::default());
        }
        let clause = row.clauses.len() - 1;
        let first = row.items.len();
        row.append(label, false);
        row.items[first..].iter_mut().for_each(|item| item.is_label = true);
        row.append(&with_unit(label, value), names_are_capitalised);
        row.clauses.truncate(clause + 1);
        row.items[first..].iter_mut().for_each(|item| item.clause = clause);
    }
    row
}

/// A bare number with the unit that its column names: `84` under "Population, thousand" or "Weight (kg)".
fn with_unit(label: &str, value: &str) -> String {
    let is_number = value.contains(|c: char| c.is_ascii_digit()) && !value.contains(char::is_alphabetic);
    let unit = label.rsplit([',', '(']).next().filter(|unit| unit.len() < label.len());
    match unit.filter(|_| is_number) {
        Some(unit) => format!("{value} {}", unit.trim_matches([' ', ')', ','])),
        None => value.to_owned(),
    }
}
