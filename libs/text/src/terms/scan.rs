//! Tokenizer: words as in UAX 29, but connected names (`ERR_CONN_42`, `e-mail`, `2.4.1`) stay whole.

use unicode_normalization::char::is_combining_mark;

/// A word of a text.
#[derive(Clone, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// A run of a script that is written without spaces.
    pub(crate) unsegmented: bool,
    /// The text after it, for `C++` and `C#`.
    pub(crate) rest: &'a str,
}

/// The words of a text as they are written.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    Tokens::new(text).map(|token| token.text)
}

pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (skipped, first) = self.text[self.at..].char_indices().find(|(_, c)| c.is_alphanumeric())?;
        let start = self.at + skipped;
        let unsegmented = is_unsegmented(first);
        let tail = &self.text[start..];
        let len = if unsegmented { run_len(tail, is_unsegmented) } else { word_len(tail) };
        self.at = start + len;
        let (text, rest) = tail.split_at(len);
        Some(Token { text, unsegmented, rest })
    }
}

fn run_len(text: &str, within: fn(char) -> bool) -> usize {
    text.find(|c| !within(c) && !is_combining_mark(c)).unwrap_or(text.len())
}

/// Length of the word at the start of `text`, with its inner connectors.
fn word_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut previous = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if in_word(c) {
            previous = c;
            continue;
        }
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let connected = match c {
            '-' | '_' | '.' | '@' | '\'' | '’' | 'ʼ' | '‐' | '‑' => in_word(next),
            ',' => previous.is_ascii_digit() && next.is_ascii_digit(),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => {
                previous.is_ascii_digit() && is_digit_group(&bytes[at + c.len_utf8()..])
            }
            '\u{ad}' | '\u{200d}' | '\u{200c}' => in_word(next),
            _ => false,
        };
        if !connected {
            return at;
        }
        previous = c;
    }
    text.len()
}

fn in_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    (c.is_alphanumeric() || is_combining_mark(c)) && !is_unsegmented(c)
}

/// Whether exactly three digits come next.
fn is_digit_group(bytes: &[u8]) -> bool {
    bytes.len() >= 3
        && bytes[..3].iter().all(u8::is_ascii_digit)
        && !bytes.get(3).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether a character is of a script that does not separate words: Han, kana, Thai, Lao, Myanmar or Khmer.
pub(crate) fn is_unsegmented(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}
