//! Records of a delimited file (RFC 4180), of which many break the rules: a quote that is not closed is a character
//! like any other.

use std::borrow::Cow;

/// A quoted value is at most this long (bytes).
const MAX_QUOTED: usize = 64 << 10;

/// The records of a text; blank lines are skipped.
pub(super) struct Records<'t> {
    rest: &'t str,
    delimiter: char,
    /// Before this many bytes are left, no quote is closed.
    unclosed: usize,
}

impl<'t> Records<'t> {
    pub(super) fn new(text: &'t str, delimiter: u8) -> Self {
        Self { rest: text, delimiter: char::from(delimiter), unclosed: usize::MAX }
    }

    /// The next value, up to its delimiter or the end of the line.
    fn value(&mut self) -> Cow<'t, str> {
        let start = self.rest.trim_start_matches(|char: char| char == ' ' && char != self.delimiter);
        if let Some(inside) = start.strip_prefix('"').filter(|_| self.rest.len() <= self.unclosed) {
            match self.closing(inside) {
                Some(end) => {
                    self.rest = inside[end + 1..].trim_start_matches(' ');
                    let value = &inside[..end];
                    return if value.contains('"') { value.replace("\"\"", "\"").into() } else { value.into() };
                }
                None if !has_single_quote(inside) => self.unclosed = self.rest.len().saturating_sub(MAX_QUOTED),
                None => {}
            }
        }
        let end = self.rest.find([self.delimiter, '\n', '\r']).unwrap_or(self.rest.len());
        let value = &self.rest[..end];
        self.rest = &self.rest[end..];
        value.into()
    }

    /// Where the quote ends: before a delimiter or the end of a line.
    fn closing(&self, inside: &str) -> Option<usize> {
        let end = single_quote(inside)?;
        let after = inside[end + 1..].trim_start_matches(' ');
        (after.is_empty() || after.starts_with([self.delimiter, '\n', '\r'])).then_some(end)
    }
}

/// The first quote that is not doubled.
fn single_quote(text: &str) -> Option<usize> {
    let mut quotes =
        text.bytes().take(MAX_QUOTED).enumerate().filter(|(_, byte)| *byte == b'"').map(|(at, _)| at).peekable();
    while let Some(at) = quotes.next() {
        if quotes.next_if_eq(&(at + 1)).is_none() {
            return Some(at);
        }
    }
    None
}

fn has_single_quote(text: &str) -> bool {
    single_quote(text).is_some()
}

impl<'t> Iterator for Records<'t> {
    type Item = Vec<Cow<'t, str>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_start_matches(['\n', '\r']);
        if self.rest.is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            record.push(self.value());
            match self.rest.strip_prefix(self.delimiter) {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        // Tables drawn with bars have them at both ends.
        if self.delimiter == '|' && record.len() > 2 {
            for outer in [record.len() - 1, 0] {
                if record[outer].trim().is_empty() {
                    record.remove(outer);
                }
            }
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::Records;

    fn records(text: &str, delimiter: u8) -> Vec<Vec<String>> {
        Records::new(text, delimiter).map(|record| record.into_iter().map(String::from).collect()).collect()
    }

    #[test]
    fn quotes_hold_what_they_close_around() {
        assert_eq!(records("a,\"b,\"\"c\"\"\nd\",e\r\nf,g\n", b','), [vec!["a", "b,\"c\"\nd", "e"], vec!["f", "g"]]);
        assert_eq!(records("1,\"open, no end\n2,ok\n", b','), [vec!["1", "\"open", " no end"], vec!["2", "ok"]]);
        assert_eq!(records("a \"quoted\" word;19\" rack\n", b';'), [["a \"quoted\" word", "19\" rack"]]);
        assert_eq!(records("| a | b |\n|1|2|", b'|'), [[" a ", " b "], ["1", "2"]]);
    }

    #[test]
    fn quotes_without_end_are_read_once() {
        let text = "\"a\"\"b,".repeat(200_000);
        assert_eq!(records(&text, b',')[0].len(), 200_001);
    }
}
