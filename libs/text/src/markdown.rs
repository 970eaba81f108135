//! Strips Markdown from a sentence, or only what must not stand in a quotation.

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

/// `text` word for word on one line, its white space single. Signs such as `*` and `_` stay, because in plain text they
/// are meant; links become their labels, and the marks of a block quote go.
pub(crate) fn quoted(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '<', '\n']) {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let (label, consumed) = match rest.as_bytes()[0] {
            b'[' => link(rest).unwrap_or(("[", 1)),
            b'\n' => (" ", rest.len() - rest.trim_start_matches(['\n', '\r', ' ', '\t', '>']).len()),
            _ => line_break(rest).unwrap_or(("<", 1)),
        };
        if label != "[" && consumed > 1 && kept.ends_with('!') && rest.starts_with('[') {
            kept.pop();
        }
        kept.push_str(label);
        rest = &rest[consumed..];
    }
    kept.push_str(rest);
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_break(rest: &str) -> Option<(&str, usize)> {
    if !rest.starts_with("<br") {
        return None;
    }
    rest.bytes().take(8).position(|byte| byte == b'>').map(|end| (" ", end + 1))
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
        "<" => line_break(rest).unwrap_or((first, 1)),
        _ => (first, sign),
    }
}

/// Longest link that is recognised, in bytes: bounds the search for its end.
const MAX_LINK_BYTES: usize = 2_048;

/// Longest label of a link in bytes.
const MAX_LABEL_BYTES: usize = 256;

/// The label of the link at the start of `rest`, and the bytes of the whole.
fn link(rest: &str) -> Option<(&str, usize)> {
    let (inner, after) = bracket(rest)?;
    let target = after.strip_prefix('(')?;
    let window = &target[..target.floor_char_boundary(target.len().min(MAX_LINK_BYTES))];
    let end = window.find([')', '\n']).filter(|end| window[*end..].starts_with(')'))?;
    Some((inner, inner.len() + 2 + 1 + end + 1))
}

/// What is in the brackets at the start of `rest`, and what follows them.
fn bracket(rest: &str) -> Option<(&str, &str)> {
    let window = &rest[..rest.floor_char_boundary(rest.len().min(MAX_LABEL_BYTES))];
    let close = window[1..].find([']', '[']).map(|at| at + 1).filter(|at| window[*at..].starts_with(']'))?;
    Some((&rest[1..close], &rest[close + 1..]))
}

fn strip_bracket(rest: &str) -> (&str, usize) {
    if let Some(link) = link(rest) {
        return link;
    }
    let Some((inner, _)) = bracket(rest) else { return ("[", 1) };
    let number = inner.strip_prefix('^').unwrap_or(inner);
    if !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()) {
        return ("", inner.len() + 2);
    }
    ("[", 1)
}
