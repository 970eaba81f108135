//! Parses a bracket that may be a citation marker, character by character.

/// State of a bracket after its next character.
pub(super) enum MarkerStep {
    /// It may still become a marker.
    Incomplete,
    /// A marker with these numbers.
    Marker(Vec<u32>),
    NotAMarker,
}

/// Longest marker, in bytes; `【1†a long source name】` is the longest form.
const MAX_MARKER_BYTES: usize = 120;
/// Longest range such as `[1-9]`.
const MAX_RANGE: u32 = 50;
/// Larger numbers are years, not sources.
const MAX_SOURCE_NUMBER: u32 = 999;

/// Adds `c` to `written`, which begins with the opening bracket.
pub(super) fn read(written: &str, c: char) -> MarkerStep {
    let mut chars = written.chars();
    let Some(open) = chars.next() else { return MarkerStep::NotAMarker };
    let inner = chars.as_str();
    let close = match open {
        '[' => ']',
        '【' => '】',
        _ => '］',
    };
    if c == close {
        return numbers(inner).map_or(MarkerStep::NotAMarker, MarkerStep::Marker);
    }
    let named = inner.contains('†');
    let fits = written.len() < MAX_MARKER_BYTES
        && match c {
            '^' => inner.is_empty(),
            '†' => !named && inner.ends_with(|c: char| digit(c).is_some()),
            _ if named => !matches!(c, '\n' | '[' | ']' | '【' | '［' | '］'),
            _ => digit(c).is_some() || is_separator(c) || is_dash(c) || matches!(c, ' ' | '\u{a0}' | '^'),
        };
    if fits { MarkerStep::Incomplete } else { MarkerStep::NotAMarker }
}

fn digit(c: char) -> Option<u32> {
    match c {
        '０'..='９' => Some(c as u32 - '０' as u32),
        _ => c.to_digit(10),
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '，' | '、' | '；')
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '‑' | '－')
}

/// The numbers of `1`, `^1`, `1, 2`, `1-3`, `1†source`; `None` if it is anything else.
fn numbers(inner: &str) -> Option<Vec<u32>> {
    let listed = inner.split('†').next().unwrap_or(inner);
    let mut found = Vec::new();
    for part in listed.split(is_separator) {
        let mut ends = part.splitn(2, is_dash);
        let first = number(ends.next()?)?;
        let last = ends.next().map_or(Some(first), number)?;
        if last < first || last - first > MAX_RANGE {
            return None;
        }
        found.extend(first..=last);
    }
    // [0, 1] is an interval.
    let interval = found.len() > 1 && found.contains(&0);
    (!interval).then_some(found)
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim_matches([' ', '\u{a0}']);
    let text = text.strip_prefix('^').unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    let mut value = 0;
    for c in text.chars() {
        value = value * 10 + digit(c)?;
        if value > MAX_SOURCE_NUMBER {
            return None;
        }
    }
    Some(value)
}
