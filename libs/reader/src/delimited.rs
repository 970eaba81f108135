//! Files of values separated by commas, semicolons, tabs or bars. Each row becomes `column: value` lines, so that a
//! passage of it is self-explanatory.

mod records;

use self::records::Records;
use crate::ParseError;
use crate::document::{Document, DocumentBuilder, one_line};

/// How much of the file is used to detect the delimiter (bytes), and how many lines and rows.
const SAMPLE_BYTES: usize = 16 << 10;
const SAMPLE_ROWS: usize = 40;

/// Delimiters; of those that split a file equally well the first is taken.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Parses a table. Rows above the one with the column names are its title.
pub(crate) fn parse(text: &str) -> Result<Document, ParseError> {
    let text = text.trim_start_matches('\u{FEFF}');
    let (declared, text) = declared_delimiter(text);
    let delimiter = declared.unwrap_or_else(|| detect_delimiter(text));
    let head = head_row(text, delimiter);
    let mut builder = DocumentBuilder::default();
    let mut title = None;
    let mut header: Option<Vec<String>> = None;
    let mut rows = 0_u64;
    for (number, record) in Records::new(text, delimiter).enumerate() {
        if builder.is_full() {
            break;
        }
        let record: Vec<String> = record.iter().map(|value| one_line(value)).collect();
        if number < head {
            let line = filled(&record).collect::<Vec<_>>().join(" ");
            title = title.or_else(|| (!line.is_empty()).then(|| line.clone()));
            builder.line(&line);
            continue;
        }
        match &header {
            None => header = Some(record),
            Some(_) if is_rule(&record) => {}
            Some(header) => {
                rows += 1;
                builder.block(&row(header, &record));
            }
        }
    }
    if rows == 0
        && let Some(header) = header
    {
        builder.block(&header.join(" | "));
    }
    let mut document = builder.finish()?;
    document.title = title;
    Ok(document)
}

fn filled(record: &[String]) -> impl Iterator<Item = &str> {
    record.iter().map(String::as_str).filter(|value| !value.is_empty())
}

/// Whether a row is the line under a head: `---|---`.
fn is_rule(record: &[String]) -> bool {
    filled(record).next().is_some()
        && filled(record).all(|value| value.chars().all(|char| matches!(char, '-' | ':' | '=' | '+')))
}

fn row(header: &[String], record: &[String]) -> String {
    let mut lines = String::new();
    for (number, value) in record.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        if !lines.is_empty() {
            lines.push('\n');
        }
        match header.get(number).filter(|name| !name.is_empty()) {
            Some(name) => lines.push_str(name),
            None => lines.push_str(&(number + 1).to_string()),
        }
        lines.push_str(": ");
        lines.push_str(value);
    }
    lines
}

/// The delimiter that the first line names (`sep=;`, for Excel), and the text after that line.
fn declared_delimiter(text: &str) -> (Option<u8>, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_end_matches('\r').trim_matches('"');
    let named = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &line[4..]);
    match named.map(str::as_bytes) {
        Some([delimiter]) if delimiter.is_ascii() => (Some(*delimiter), rest),
        Some(b"\\t") => (Some(b'\t'), rest),
        _ => (None, text),
    }
}

/// The delimiter that splits most lines into the same number of values.
fn detect_delimiter(text: &str) -> u8 {
    let sample = sample(text);
    let score = |delimiter: u8| {
        let counts: Vec<usize> = sample.iter().map(|line| delimiters(line, delimiter)).collect();
        let usual = usual(&counts);
        (counts.iter().filter(|count| **count == usual).count() * usize::from(usual > 0), usual)
    };
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

/// The first lines that are not blank.
fn sample(text: &str) -> Vec<&str> {
    let mut end = text.len().min(SAMPLE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].lines().filter(|line| !line.trim().is_empty()).take(SAMPLE_ROWS).collect()
}

/// Delimiters of a line outside of quotes.
fn delimiters(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    let outside = line.bytes().filter(|byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == delimiter
    });
    outside.count()
}

/// The most frequent number that is not zero.
fn usual(counts: &[usize]) -> usize {
    let frequency = |count: usize| counts.iter().filter(|other| **other == count).count();
    counts.iter().copied().filter(|count| *count > 0).max_by_key(|count| (frequency(*count), *count)).unwrap_or(0)
}

/// The row with the names of the columns: the first one that is as full as rows usually are. Those above are the title.
fn head_row(text: &str, delimiter: u8) -> usize {
    let rows: Vec<usize> = Records::new(text, delimiter)
        .take(SAMPLE_ROWS)
        .map(|record| record.iter().filter(|value| !value.trim().is_empty()).count())
        .collect();
    let columns = usual(&rows);
    rows.iter().position(|filled| *filled * 2 > columns).unwrap_or(0)
}
