//! Joins the lines of a printed page into paragraphs: printed lines end at the column edge, not at the end of a
//! sentence.

use super::layout::is_wide;

/// A line of at least this many quarters of the longest one continues in the next.
const FULL_LINE_QUARTERS: usize = 3;

/// A sentence of more bytes is not moved to the page before.
const MAX_MOVED: usize = 2_000;

/// Text whose lines are joined into paragraphs.
#[derive(Default)]
pub(super) struct Paragraphs {
    pub(super) text: String,
    /// Whether the first and the last line reach the column edge.
    full_start: bool,
    full_end: bool,
}

impl Paragraphs {
    /// Moves the rest of the last sentence from the beginning of the next page to the end of this one.
    pub(super) fn take_rest_of_sentence(&mut self, next: &mut Self) {
        let above = self.text.lines().next_back().unwrap_or_default();
        let line = next.text.lines().next().unwrap_or_default();
        let begins_low = line.trim_start().starts_with(char::is_lowercase);
        let joins = !ends_sentence(above)
            && !above.trim().is_empty()
            && !is_row(above)
            && !is_row(line)
            && !starts_item(line)
            && (begins_low || (self.full_end && next.full_start && !starts_heading(above)));
        if !joins {
            return;
        }
        let end = text::sentences::split(line).get(1).map_or(line.len(), |second| second.start);
        if end > MAX_MOVED || next.text[end..].trim().is_empty() {
            return;
        }
        append_line(&mut self.text, line[..end].trim());
        self.full_end = false;
        next.text = next.text[end..].trim_start().to_owned();
        next.full_start = false;
    }
}

/// The text of a page with lines joined into paragraphs and hyphenated words rejoined. A block is a column or spans all
/// columns; a sentence may continue from one into the next.
pub(super) fn paragraphs(blocks: &[String]) -> Paragraphs {
    let mut out = String::with_capacity(blocks.iter().map(String::len).sum());
    let (mut full_start, mut full_end) = (None, false);
    for block in blocks {
        let prose = block.lines().filter(|line| !is_row(line));
        let longest = prose.map(length).max().unwrap_or(0);
        let mut above: Option<&str> = None;
        let full = |line: Option<&str>| line.is_some_and(|line| is_full(line, longest));
        full_start = full_start.or(Some(full(block.lines().next())));
        full_end = full(block.lines().next_back());
        for line in block.lines().map(str::trim_end) {
            let joins = match above {
                Some(above) => continues_paragraph(above, line, longest),
                None => continues_sentence(&out, line),
            };
            if joins {
                append_line(&mut out, line.trim_start());
            } else {
                if !out.is_empty() {
                    out.push_str(if above.is_none() { "\n\n" } else { "\n" });
                }
                out.push_str(line);
            }
            above = Some(line);
        }
    }
    Paragraphs { text: out, full_start: full_start.unwrap_or(false), full_end }
}

/// Whether a line ends at the column edge, of which the longest line tells where it is.
fn is_full(line: &str, longest: usize) -> bool {
    length(line) * 4 >= longest * FULL_LINE_QUARTERS
}

fn ends_sentence(line: &str) -> bool {
    line.trim_end()
        .trim_end_matches(['"', '\'', '”', '’', '»', ')', ']'])
        .ends_with(['.', '!', '?', ':', '…', '。', '！', '？'])
}

/// Whether the first line of a block continues a sentence of the block before.
fn continues_sentence(out: &str, line: &str) -> bool {
    let above = out.lines().next_back().unwrap_or("");
    line.trim_start().starts_with(char::is_lowercase)
        && !above.ends_with(['.', '!', '?', ':'])
        && continues_paragraph(above, line, length(above))
}

fn length(line: &str) -> usize {
    line.trim().chars().count()
}

fn continues_paragraph(above: &str, line: &str, longest: usize) -> bool {
    if above.trim().is_empty() || line.trim().is_empty() || is_row(above) || is_row(line) || starts_item(line) {
        return false;
    }
    let first = line.trim_start().chars().next().unwrap_or(' ');
    first.is_lowercase() || (is_full(above, longest) && !starts_heading(above))
}

/// Cells separated by spaces are a table row.
fn is_row(line: &str) -> bool {
    line.trim().contains("   ")
}

/// Whether a line begins with a list marker.
pub(super) fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    line.starts_with(['•', '–', '—', '-', '*', '◦', '▪'])
        || (number.len() < line.len() && number.starts_with([' ', ')']))
}

/// Whether a line is a numbered heading, such as `2.1 Scope`: numbered, without final punctuation.
fn starts_heading(line: &str) -> bool {
    starts_item(line) && !line.trim_end().ends_with(['.', ',', ';'])
}

fn append_line(out: &mut String, line: &str) {
    let hyphenated = out.ends_with('\u{AD}') || (out.ends_with('-') && line.starts_with(char::is_lowercase));
    let before_hyphen = out.chars().rev().nth(1);
    if hyphenated && before_hyphen.is_some_and(char::is_alphabetic) {
        out.pop();
    } else if !(out.ends_with(is_wide) && line.starts_with(is_wide)) {
        out.push(' ');
    }
    out.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn lines_of_a_paragraph_are_joined_and_others_are_not() {
        let page = "Lease\nThe tenant may end this contract with a no-\ntice period of three months. The landlord has\nto confirm it.\n\n1. Rent is due monthly.\n2. Pets are allowed.\nItem   Price\nKey    5\n";
        assert_eq!(
            paragraphs(&[page.to_owned()]).text,
            "Lease\nThe tenant may end this contract with a notice period of three months. The landlord has to confirm it.\n\n1. Rent is due monthly.\n2. Pets are allowed.\nItem   Price\nKey    5"
        );
    }
}
