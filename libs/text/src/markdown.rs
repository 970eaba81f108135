//! Strips Markdown from a sentence.

/// `text` without emphasis, code marks, link targets and citation markers, its white space single.
pub(crate) fn plain(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '!', '*', '`', '_', '<', '>', '\\']) {
        bare.push_str(&rest[..at]);
        rest = &rest[at..];
        let (kept, consumed) = strip_mark(rest, bare.chars().next_back());
        bare.push_str(kept);
        rest = &rest[consumed..];
    }
    bare.push_str(rest);
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What remains of the mark at the start of `rest`, and the bytes it takes.
fn strip_mark(rest: &str, before: Option<char>) -> (&str, usize) {
    let sign = rest.chars().next().map_or(0, char::len_utf8);
    let first = &rest[..sign];
    match first {
        "[" => strip_bracket(rest),
        "!" if rest.starts_with("![") => ("", 1),
        "*" | "`" => ("", 1),
        // Between letters an underscore is part of a name.
        "_" if before.is_some_and(char::is_alphanumeric) && rest[1..].starts_with(char::is_alphanumeric) => (first, 1),
        "_" => ("", 1),
        ">" if before.is_none_or(|c| c == '\n') => ("", 1),
        "\\" if rest[1..].starts_with(|c: char| c.is_ascii_punctuation()) => (&rest[1..2], 2),
        "<" if rest.starts_with("<br") => match rest[..rest.len().min(8)].find('>') {
            Some(end) => (" ", end + 1),
            None => (first, 1),
        },
        _ => (first, sign),
    }
}

/// Longest link that is recognised, in bytes: bounds the search for its end.
const MAX_LINK_BYTES: usize = 2_048;

fn strip_bracket(rest: &str) -> (&str, usize) {
    let window = &rest[..rest.floor_char_boundary(rest.len().min(256))];
    let Some(close) = window[1..].find([']', '[']).map(|at| at + 1).filter(|at| window[*at..].starts_with(']')) else {
        return ("[", 1);
    };
    let inner = &rest[1..close];
    let after = &rest[close + 1..];
    if let Some(target) = after.strip_prefix('(') {
        let window = &target[..target.floor_char_boundary(target.len().min(MAX_LINK_BYTES))];
        if let Some(end) = window.find([')', '\n']).filter(|end| window[*end..].starts_with(')')) {
            return (inner, close + 1 + 1 + end + 1);
        }
    }
    let number = inner.strip_prefix('^').unwrap_or(inner);
    if !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()) {
        return ("", close + 1);
    }
    ("[", 1)
}
