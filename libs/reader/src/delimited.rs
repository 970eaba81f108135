//! Comma-, semicolon- and tab-separated files. Each row becomes `column: value` lines, so that a passage of it is
//! self-explanatory.

use csv::{ReaderBuilder, StringRecord};

use crate::ParseError;
use crate::document::{Document, DocumentBuilder, one_line};

/// How much of the file is used to detect the delimiter (bytes).
const DELIMITER_SAMPLE_LIMIT: usize = 4 << 10;

/// Parses a table whose first row has the column names.
pub(crate) fn parse(text: &str) -> Result<Document, ParseError> {
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(text)).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut builder = DocumentBuilder::default();
    let mut header: Option<Vec<String>> = None;
    let mut record = StringRecord::new();
    let mut rows = 0_u64;
    while !builder.is_full()
        && reader.read_record(&mut record).map_err(|error| ParseError::Damaged(error.to_string()))?
    {
        match &header {
            None => header = Some(record.iter().map(one_line).collect()),
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
    builder.finish()
}

fn row(header: &[String], record: &StringRecord) -> String {
    let mut lines = String::new();
    for (number, value) in record.iter().enumerate() {
        let value = one_line(value);
        if value.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push('\n');
        }
        match header.get(number).filter(|name| !name.is_empty()) {
            Some(name) => {
                lines.push_str(name);
                lines.push_str(": ");
            }
            None => lines.push_str(&format!("{}: ", number + 1)),
        }
        lines.push_str(&value);
    }
    lines
}

/// The delimiter that splits the first lines most evenly.
fn delimiter(text: &str) -> u8 {
    let mut end = text.len().min(DELIMITER_SAMPLE_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let lines: Vec<&str> = text[..end].lines().filter(|line| !line.trim().is_empty()).take(10).collect();
    let count = |line: &str, delimiter: u8| {
        let mut quoted = false;
        line.bytes()
            .filter(|byte| {
                quoted ^= *byte == b'"';
                !quoted && *byte == delimiter
            })
            .count()
    };
    let score = |delimiter: u8| {
        let first = lines.first().map_or(0, |line| count(line, delimiter));
        let equal = lines.iter().filter(|line| count(line, delimiter) == first).count();
        if first == 0 { 0 } else { equal * 100 + first }
    };
    [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| (score(*delimiter), *delimiter == b',')).unwrap_or(b',')
}
