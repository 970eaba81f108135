//! Groups lines of Markdown into blocks.

use std::ops::Range;

use super::UnitKind;

pub(super) struct Block {
    pub(super) range: Range<usize>,
    pub(super) kind: UnitKind,
}

/// A line shorter than this (characters) was not wrapped; if a capital follows, it is a block of its own.
const MIN_WRAPPED_LINE: usize = 50;
/// Spaces between two columns of a printed table.
const COLUMN_GAP: &str = "   ";
/// Most levels of a clause number such as `2.14.3.1`.
const MAX_CLAUSE_LEVELS: usize = 5;

pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Whether the next line may continue the last block.
    let mut open = false;
    let mut last_line = "";
    let mut fence: Option<&str> = None;
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\u{2028}', '\u{2029}', '\u{c}']) {
        let range = start..start + line.len();
        start = range.end;
        let content = line.trim();
        if let Some(mark) = fence {
            if content.starts_with(mark) {
                fence = None;
            } else if !content.is_empty() {
                blocks.push(Block { range, kind: UnitKind::Code });
            }
            continue;
        }
        if content.starts_with("```") || content.starts_with("~~~") {
            fence = Some(&content[..3]);
            open = false;
            continue;
        }
        if content.is_empty() || is_rule(content) {
            open = false;
            continue;
        }
        let (kind, marker) = classify(content);
        let indent = line.len() - line.trim_start().len();
        let begins = range.start + indent + marker;
        let continues = open
            && kind == UnitKind::Prose
            && !is_standalone(last_line, &content[marker..])
            && !(is_pair(last_line) && is_pair(content));
        match blocks.last_mut() {
            Some(last) if continues => last.range.end = range.end,
            _ => blocks.push(Block { range: begins.min(range.end)..range.end, kind }),
        }
        open = matches!(kind, UnitKind::Prose | UnitKind::Item);
        last_line = content;
    }
    blocks
}

/// Whether a line of plain text is a heading or name: short, without a comma or hyphen at its end, followed by a
/// capital or digit.
fn is_standalone(line: &str, next: &str) -> bool {
    line.chars().nth(MIN_WRAPPED_LINE - 1).is_none()
        && !line.ends_with([',', '-', '–', '—', '(', '/'])
        && next.chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit())
}

/// Longest name of a value in characters.
const MAX_NAME_CHARS: usize = 40;

/// Whether a line is a value with its name: `Timeout: 40 s`, `**Voltage:** 12 V`.
fn is_pair(line: &str) -> bool {
    let line = line.trim_start_matches(['*', '_']);
    let end = line.char_indices().take(MAX_NAME_CHARS).find(|(_, c)| *c == ':').map(|(at, _)| at);
    end.is_some_and(|end| {
        let value = line[end + 1..].trim_start_matches(['*', '_']);
        end > 0 && value.starts_with(' ') && !line[..end].contains(['.', '|', ','])
    })
}

/// `---`, `***`, `===` and the rule under a table's header.
fn is_rule(line: &str) -> bool {
    line.len() >= 3 && line.bytes().all(|b| matches!(b, b'-' | b'=' | b'*' | b'_' | b'|' | b':' | b' ' | b'+'))
}

/// Where the content of a line begins: after its indent and its bullet, number, hashes or quote marks.
pub(crate) fn content_start(line: &str) -> usize {
    let content = line.trim_start();
    let indent = line.len() - content.len();
    let (_, marker) = classify(content.trim_end());
    let rest = &content[marker.min(content.len())..];
    indent + (content.len() - rest.trim_start().len())
}

/// The kind of a line and the length of the marker in front of its content.
fn classify(line: &str) -> (UnitKind, usize) {
    let hashes = line.bytes().take_while(|b| *b == b'#').count();
    if (1..=6).contains(&hashes) && line[hashes..].starts_with([' ', '\t']) {
        return (UnitKind::Heading, hashes);
    }
    if line.starts_with('|') || (line.ends_with('|') && line.matches('|').count() > 1) {
        return (UnitKind::Row, 0);
    }
    if let Some(marker) = item_marker(line) {
        let rest = line[marker..].trim_start();
        let boxed = ["[ ] ", "[x] ", "[X] "].iter().any(|mark| rest.starts_with(mark));
        return (UnitKind::Item, if boxed { line.len() - rest.len() + 4 } else { marker });
    }
    let quote = line.bytes().take_while(|b| matches!(b, b'>' | b' ')).count();
    // The `reader` crate writes rows of HTML and DOCX tables, and columns of a printed page, in this form.
    if quote == 0 && (line.contains(" | ") || line.contains(COLUMN_GAP)) {
        return (UnitKind::Row, 0);
    }
    (UnitKind::Prose, quote)
}

/// Length of a bullet or number with the space after it.
fn item_marker(line: &str) -> Option<usize> {
    let mut chars = line.chars();
    let first = chars.next()?;
    if matches!(first, '-' | '*' | '+' | '•' | '‣' | '◦' | '▪' | '·' | '–' | '—') {
        return chars.next()?.is_whitespace().then_some(first.len_utf8() + 1);
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=3).contains(&digits) || !line[digits..].starts_with(['.', ')']) {
        return None;
    }
    if line[digits + 1..].starts_with([' ', '\t']) {
        return Some(digits + 2);
    }
    clause_marker(line)
}

/// Length of a clause number with the space after it: `3.1.` or `2.14` followed by a capital. `3.5 million` is a
/// quantity.
fn clause_marker(line: &str) -> Option<usize> {
    let number = line.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let levels: Vec<&str> = line[..number].trim_end_matches('.').split('.').collect();
    let is_number =
        (2..=MAX_CLAUSE_LEVELS).contains(&levels.len()) && levels.iter().all(|level| (1..=2).contains(&level.len()));
    let rest = &line[number..];
    let titled = rest.trim_start().starts_with(|c: char| c.is_uppercase() || matches!(c, '«' | '“' | '"'));
    (is_number && rest.starts_with([' ', '\t']) && titled).then_some(number + 1)
}
