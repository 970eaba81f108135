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

/// Words that models put before the number, in lower case.
const LABELS: [&str; 29] = [
    "source",
    "sources",
    "citation",
    "citations",
    "cite",
    "ref",
    "refs",
    "reference",
    "references",
    "doc",
    "document",
    "passage",
    "result",
    "snippet",
    "web",
    "источник",
    "источники",
    "ссылка",
    "документ",
    "цитата",
    "quelle",
    "quellen",
    "fuente",
    "来源",
    "來源",
    "出典",
    "引用",
    "مصدر",
    "المصدر",
];

/// Adds `c` to `written`, which begins with the opening bracket or `<`.
pub(super) fn read(written: &str, c: char) -> MarkerStep {
    if written.len() + c.len_utf8() > MAX_MARKER_BYTES {
        return MarkerStep::NotAMarker;
    }
    let open = written.chars().next().unwrap_or(c);
    let inner = &written[open.len_utf8().min(written.len())..];
    if open == '<' {
        return read_superscript(&format!("{written}{c}"));
    }
    let close = match open {
        '[' => ']',
        '【' => '】',
        _ => '］',
    };
    let depth = 1 + inner.matches(open).count() - inner.matches(close).count();
    if c == close && depth == 1 {
        return numbers(inner).map_or(MarkerStep::NotAMarker, MarkerStep::Marker);
    }
    let nests = depth == 1 && (inner.is_empty() || inner.starts_with(open));
    let fits = match c {
        _ if c == open => nests,
        _ if c == close => inner.starts_with(open),
        _ => Reader::new(&format!("{inner}{c}")).is_prefix(),
    };
    if fits { MarkerStep::Incomplete } else { MarkerStep::NotAMarker }
}

/// `<sup>1</sup>` or `<sup>[1]</sup>`, as far as it is written.
fn read_superscript(written: &str) -> MarkerStep {
    const OPEN: &str = "<sup>";
    const CLOSE: &str = "</sup>";
    let Some(inner) = written.strip_prefix(OPEN) else {
        return if OPEN.starts_with(written) { MarkerStep::Incomplete } else { MarkerStep::NotAMarker };
    };
    let (number, end) = inner.split_at(inner.find('<').unwrap_or(inner.len()));
    let fits = number.chars().all(|c| digit(c).is_some() || is_separator(c) || is_dash(c) || " []".contains(c));
    match end {
        CLOSE if fits => numbers(number.trim_matches(['[', ']'])).map_or(MarkerStep::NotAMarker, MarkerStep::Marker),
        _ if fits && CLOSE.starts_with(end) => MarkerStep::Incomplete,
        _ => MarkerStep::NotAMarker,
    }
}

/// The number of a run of superscript digits.
pub(super) fn superscript(written: &str) -> Option<u32> {
    let digits: Option<Vec<u32>> = written.chars().map(superscript_digit).collect();
    let value = digits?.into_iter().try_fold(0_u32, |value, digit| value.checked_mul(10)?.checked_add(digit))?;
    (1..=MAX_SOURCE_NUMBER).contains(&value).then_some(value)
}

pub(super) fn superscript_digit(c: char) -> Option<u32> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == c).and_then(|at| u32::try_from(at).ok())
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

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}')
}

/// The numbers of `1`, `^1`, `1, 2`, `1-3`, `1†source`, `4:0†source`, `Source 1`, `citation:1`, `[1]`; `None` if it is
/// anything else.
fn numbers(inner: &str) -> Option<Vec<u32>> {
    let mut reader = Reader::new(inner);
    let mut found = Vec::new();
    loop {
        let numbers = reader.entry()?;
        found.extend(numbers);
        match reader.next() {
            None => break,
            Some(c) if is_separator(c) => {}
            Some(_) => return None,
        }
    }
    // [0, 1] is an interval.
    let interval = found.len() > 1 && found.contains(&0);
    (!interval).then_some(found)
}

/// Reads the inside of a bracket.
struct Reader<'a> {
    rest: &'a str,
    /// Whether the text ended where more was expected.
    ended: bool,
}

impl<'a> Reader<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest, ended: false }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, within: fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(within);
    }

    /// Whether the text is the beginning of a marker.
    fn is_prefix(&mut self) -> bool {
        loop {
            if self.entry().is_none() {
                return self.ended;
            }
            match self.next() {
                None => return true,
                Some(c) if is_separator(c) => {}
                Some(_) => return false,
            }
        }
    }

    /// One entry of a list: a number or a range, with what may stand around it.
    fn entry(&mut self) -> Option<std::ops::RangeInclusive<u32>> {
        self.skip(is_space);
        let nested = matches!(self.peek(), Some('[' | '【' | '［'));
        if nested {
            self.next();
            self.skip(is_space);
        }
        let labelled = self.label()?;
        if self.peek() == Some('^') {
            self.next();
        }
        let mut first = self.number()?;
        let mut last = first;
        if self.peek() == Some(':') && !labelled {
            // `4:0†source`: the second number counts the sources of an answer from zero.
            self.next();
            first = self.number()? + 1;
            last = first;
            self.expect('†')?;
            self.name();
        } else if self.peek() == Some('†') {
            self.next();
            self.name();
        } else if labelled && matches!(self.peek(), Some(':')) {
            self.name();
        } else {
            self.skip(is_space);
            if self.peek().is_some_and(is_dash) {
                self.next();
                self.skip(is_space);
                self.label()?;
                last = self.number()?;
                self.skip(is_space);
            }
        }
        if nested {
            match self.next() {
                Some(']' | '】' | '］') => self.skip(is_space),
                Some(_) => return None,
                None => {
                    self.ended = true;
                    return None;
                }
            }
        }
        if last < first || last - first > MAX_RANGE {
            return None;
        }
        Some(first..=last)
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        match self.next() {
            Some(c) if c == wanted => Some(()),
            Some(_) => None,
            None => {
                self.ended = true;
                None
            }
        }
    }

    /// The name of a source up to the end of the bracket.
    fn name(&mut self) {
        let end = self.rest.find(['\n', '[', ']', '【', '】', '［', '］']).unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
    }

    /// Whether there is a label before the number; `None` if there are other letters.
    fn label(&mut self) -> Option<bool> {
        let is_letter = |c: char| c.is_alphabetic();
        let end = self.rest.find(|c| !is_letter(c)).unwrap_or(self.rest.len());
        let word = self.rest[..end].to_lowercase();
        if word.is_empty() {
            return Some(false);
        }
        if end == self.rest.len() && LABELS.iter().any(|label| label.starts_with(&word)) {
            self.ended = true;
            return None;
        }
        if !LABELS.contains(&word.as_str()) {
            return None;
        }
        self.rest = &self.rest[end..];
        self.skip(|c| is_space(c) || matches!(c, ':' | '#' | '№' | '.' | '_' | '-' | '：'));
        Some(true)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(digit) {
            self.next();
            value = Some(value.unwrap_or(0) * 10 + digit).filter(|value| *value <= MAX_SOURCE_NUMBER);
            value?;
        }
        if value.is_none() && self.rest.is_empty() {
            self.ended = true;
        }
        value
    }
}
