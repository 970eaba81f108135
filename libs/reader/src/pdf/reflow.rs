//! Joins the lines of a printed page into paragraphs: printed lines end at the column edge, not at the end of a
//! sentence.

/// A line of at least this many quarters of the longest one continues in the next.
const FULL_LINE_QUARTERS: usize = 3;

/// The text of a page with lines joined into paragraphs and hyphenated words rejoined. A block is a column or spans all
/// columns; a sentence may continue from one into the next.
pub(super) fn paragraphs(blocks: &[String]) -> String {
    let mut out = String::with_capacity(blocks.iter().map(String::len).sum());
    for block in blocks {
        let prose = block.lines().filter(|line| !is_row(line));
        let longest = prose.map(length).max().unwrap_or(0);
        let mut above: Option<&str> = None;
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
    out
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
    first.is_lowercase() || (length(above) * 4 >= longest * FULL_LINE_QUARTERS && !starts_heading(above))
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
    } else {
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
            paragraphs(&[page.to_owned()]),
            "Lease\nThe tenant may end this contract with a notice period of three months. The landlord has to confirm it.\n\n1. Rent is due monthly.\n2. Pets are allowed.\nItem   Price\nKey    5"
        );
    }
}
