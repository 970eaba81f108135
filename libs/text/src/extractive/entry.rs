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
    /// What names the row: usually its first value.
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
        let key = key(&mut values.iter().copied());
        return RenderedEntry {
            text: records::display(raw),
            values: Some(values.join(" ")),
            key,
            column_names: names.join(" "),
        };
    }
    if position == TablePosition::Outside {
        return RenderedEntry::plain(markdown::quoted(raw));
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
    let joint = if names.is_empty() && filled.len() == 2 { ": " } else { records::joint(&labelled) };
    let key = key(&mut filled.iter().map(|(_, cell)| cell.as_str()));
    RenderedEntry { text: labelled.join(joint), values: Some(cells.join(" ")), key, column_names: names.join(" ") }
}

/// What names a row: its first value, and the one after a number or code such as `AC-52`.
fn key(values: &mut dyn Iterator<Item = &str>) -> String {
    let first = values.next().unwrap_or_default();
    let is_number = !first.contains(' ') && first.contains(|c: char| c.is_ascii_digit());
    match values.next().filter(|_| is_number) {
        Some(name) => format!("{first} {name}"),
        None => first.to_owned(),
    }
}

/// Longest code that is quoted, in lines.
const MAX_CODE_LINES: usize = 12;
/// Longest line of a command that is not marked as code.
const MAX_COMMAND_CHARS: usize = 100;

/// Renders code, or lines set in under a lead-in, with the line that leads up to them, if `at` is the first of these;
/// also returns their range and the last unit.
pub(super) fn render_code(text: &str, units: &[TextUnit], at: usize) -> Option<(Range<usize>, usize, RenderedEntry)> {
    let raw = &text[units[at].range.clone()];
    let is_lead = units[at].kind != UnitKind::Code;
    if is_lead && !matches!(units[at].kind, UnitKind::Prose | UnitKind::Item) {
        return None;
    }
    if !is_lead && at > 0 && units[at - 1].kind == UnitKind::Code {
        return None;
    }
    let step = last_of_step(text, units, at);
    let first = step.unwrap_or(at) + usize::from(is_lead);
    let mut last = first + code_lines(&units[first..]);
    if is_lead && last > first && step.is_none() && !raw.ends_with(':') {
        return None;
    }
    let mut is_code = true;
    if last == first && is_lead {
        let indent = indent_of(text, units[at].range.start);
        let set_in = |unit: &&TextUnit| unit.kind == UnitKind::Prose && indent_of(text, unit.range.start) > indent;
        let lines = units[first..].iter().take(MAX_CODE_LINES + 1).take_while(set_in).count();
        let commands = units[first..first + lines].iter().take_while(|unit| is_command(text, unit)).count();
        let is_open = raw.ends_with(':') || (commands > 0 && !raw.ends_with(['.', '!', '?', ';', ',', ')']));
        if is_open && lines > 0 && lines <= MAX_CODE_LINES {
            last = first + if commands > 0 { commands } else { lines };
            is_code = commands > 0;
        } else if raw.ends_with(':') && units.get(first).is_some_and(|unit| is_command(text, unit)) {
            last = first + 1;
        }
    }
    if last == first {
        return None;
    }
    let block = &text[units[first].range.start..units[last - 1].range.end];
    let lines: Vec<&str> = block.lines().filter(|line| !line.trim().is_empty()).collect();
    let range = units[at].range.start..units[last - 1].range.end;
    if lines.len() > MAX_CODE_LINES || range.len() > MAX_SENTENCE_CHARS * 4 {
        return None;
    }
    let lead = &text[units[at].range.start..units[step.unwrap_or(at)].range.end];
    let lead = if is_lead { markdown::quoted(lead) } else { String::new() };
    let line = match lines[..] {
        _ if !is_code => format!("{lead} {}", lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("; ")),
        [line] if !line.contains('`') => format!("{lead} `{}`", line.trim()).trim_start().to_owned(),
        _ => format!("{lead}\n\n```\n{}\n```", dedented(&lines)).trim_start().to_owned(),
    };
    (is_code || line.chars().count() <= MAX_SENTENCE_CHARS).then(|| (range, last - 1, RenderedEntry::plain(line)))
}

/// The last sentence of the step that begins with unit `at`, if code is set in under it: `1. Start the VPN.` with its command.
/// The first step of a passage is without its number.
fn last_of_step(text: &str, units: &[TextUnit], at: usize) -> Option<usize> {
    let step = &units[at];
    if !step.opens_block || !matches!(step.kind, UnitKind::Item | UnitKind::Prose) {
        return None;
    }
    let further = units[at + 1..].iter().take_while(|unit| unit.kind == step.kind && !unit.opens_block).count();
    let code = units.get(at + further + 1).filter(|unit| unit.kind == UnitKind::Code)?;
    (indent_of(text, code.range.start) > indent_of(text, step.range.start)).then_some(at + further)
}

/// How many lines of code `units` begin with.
fn code_lines(units: &[TextUnit]) -> usize {
    units.iter().take_while(|unit| unit.kind == UnitKind::Code).count()
}

/// The indent of the line with the byte `at`; a tab counts as four spaces.
fn indent_of(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent = text[start..at].chars().take_while(|c| matches!(c, ' ' | '\t'));
    indent.map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

/// Whether a unit is a command or identifier though nothing marks it as code: no sentence, and it begins without a
/// capital.
fn is_command(text: &str, unit: &TextUnit) -> bool {
    let raw = &text[unit.range.clone()];
    let is_line = |line: &str| {
        let line = line.trim();
        let is_identifier = !line.contains(' ') && line.contains(['_', '=', '/', '-']);
        (line.starts_with(|c: char| !c.is_uppercase()) || is_identifier)
            && line.chars().nth(MAX_COMMAND_CHARS).is_none()
    };
    unit.kind == UnitKind::Prose
        && unit.opens_block
        && !raw.ends_with(['.', ':', '!', '?', ';', ','])
        && raw.is_ascii()
        && raw.lines().all(is_line)
}

/// The lines without the indent they share, the first aside: its indent is not part of its unit.
fn dedented(lines: &[&str]) -> String {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let shared = lines.iter().skip(1).map(indent).min().unwrap_or(0);
    let mut code = lines.first().map_or("", |line| line.trim()).to_owned();
    for line in lines.iter().skip(1) {
        code.push('\n');
        code.push_str(line.get(shared..).unwrap_or(line).trim_end());
    }
    code
}

/// Whether a sentence leads up to what stands below it.
fn announces(sentence: &str) -> bool {
    const ENDS: &[&str] =
        &["as follows.", "the following.", "следующим образом.", "по формуле.", "wie folgt.", "comme suit."];
    sentence.ends_with(':') || ENDS.iter().any(|end| sentence.ends_with(end))
}

/// Characters of a line that is no sentence, such as a formula.
const MAX_FORMULA_CHARS: usize = 120;

/// Whether the unit is a short line of its own that is no sentence.
fn is_formula(text: &str, units: &[TextUnit], at: usize) -> bool {
    let Some(unit) = units.get(at).filter(|unit| unit.kind == UnitKind::Prose) else { return false };
    let line = &text[unit.range.clone()];
    let has_own_block = text[..unit.range.start].trim_end_matches(' ').ends_with('\n');
    has_own_block && !line.ends_with(['.', '!', '?', ':']) && line.chars().nth(MAX_FORMULA_CHARS).is_none()
}

/// Renders a lead-in (`The rent includes:`) with the items below it; also returns their range. `None` if there is no
/// such list or it is too long.
pub(super) fn render_list(text: &str, units: &[TextUnit], lead: usize) -> Option<(Range<usize>, RenderedEntry)> {
    let raw = &text[units[lead].range.clone()];
    if !announces(raw) || units[lead].kind != UnitKind::Prose {
        return None;
    }
    let next = units[lead + 1..].iter().take(MAX_LIST_ITEMS + 1);
    let items = next.take_while(|unit| unit.kind == UnitKind::Item).count();
    let items = if items == 0 { usize::from(is_formula(text, units, lead + 1)) } else { items };
    if !(1..=MAX_LIST_ITEMS).contains(&items) {
        return None;
    }
    let range = units[lead].range.start..units[lead + items].range.end;
    let items_text: Vec<String> = units[lead + 1..=lead + items]
        .iter()
        .map(|unit| markdown::quoted(&text[unit.range.clone()]).trim_end_matches([';', ',', '.']).to_owned())
        .collect();
    let line = format!("{} {}", markdown::quoted(raw), items_text.join("; "));
    (line.chars().count() <= MAX_SENTENCE_CHARS).then(|| (range, RenderedEntry::plain(line)))
}
