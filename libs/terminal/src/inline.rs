//! The text of one block: emphasis, code and links as spans.

use std::collections::HashSet;

use anstyle::{AnsiColor, Effects, Style};

use crate::line::Span;

/// Code stands out from the text around it.
pub(crate) fn code_style() -> Style {
    AnsiColor::Cyan.on_default()
}

/// Collects the text of a block.
#[derive(Default)]
pub(crate) struct Inline {
    spans: Vec<Span>,
    effects: Vec<Effects>,
    links: Vec<Link>,
}

struct Link {
    address: String,
    /// The first of its spans.
    from: usize,
}

impl Inline {
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.spans.push(Span::new(self.style(), text));
    }

    /// Text in which signs are meant as they stand.
    pub(crate) fn push_literal(&mut self, text: &str) {
        self.spans.push(Span::literal(self.style(), text));
    }

    pub(crate) fn push_code(&mut self, text: &str) {
        self.spans.push(Span::literal(code_style() | self.style().get_effects(), text));
    }

    /// What follows has this effect, too, until [`end`](Self::end).
    pub(crate) fn begin(&mut self, effect: Effects) {
        self.effects.push(effect);
    }

    pub(crate) fn end(&mut self) {
        self.effects.pop();
    }

    pub(crate) fn begin_link(&mut self, address: &str) {
        self.links.push(Link { address: address.to_owned(), from: self.spans.len() });
        self.begin(Effects::UNDERLINE);
    }

    /// Adds the address of the link that ends, unless the text is the address or `known` has it. A number is a citation mark.
    pub(crate) fn end_link(&mut self, known: &HashSet<String>) {
        self.end();
        let Some(Link { address, from }) = self.links.pop() else { return };
        let label: String = self.spans[from..].iter().map(Span::text).collect();
        if !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()) {
            self.spans.truncate(from);
            self.push(&format!("[{label}]"));
        }
        let bare = address.strip_prefix("mailto:").unwrap_or(&address);
        if !address.is_empty() && label != bare && label != address && !known.contains(address.trim_end_matches('/')) {
            let gap = if label.is_empty() { "" } else { " " };
            self.spans.push(Span::literal(Effects::DIMMED.into(), &format!("{gap}({address})")));
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.spans)
    }

    fn style(&self) -> Style {
        self.effects.iter().fold(Style::new(), |style, effect| style | *effect)
    }
}

/// Where text begins (bytes) that reads differently should a sign in it be closed by what follows, as `**` or `[`.
pub(crate) fn open_from(spans: &[Span]) -> Option<usize> {
    let mut before = (0, ' ');
    let mut open = Vec::new();
    // Of the last word: an address or an entity ends with it.
    let mut in_word = None;
    let mut signs = signs(spans).peekable();
    while let Some((at, char)) = signs.next() {
        let after = signs.peek().map(|(_, after)| *after);
        let before_word = after.is_none_or(|after| !after.is_whitespace());
        match char {
            '[' if before.1 == '!' => open.push(before.0),
            '[' | '`' => open.push(at),
            // The address of a link would stand at once behind it.
            ']' if after.is_some_and(|after| after != '(') => drop(open.pop()),
            ']' => break,
            '*' | '~' if before_word => open.push(at),
            '_' if before_word && !before.1.is_alphanumeric() => open.push(at),
            '<' | '&' => in_word = in_word.or(Some(at)),
            _ if char.is_whitespace() => in_word = None,
            _ => {}
        }
        before = (at, char);
    }
    open.first().copied().into_iter().chain(in_word).min()
}

/// The characters with their places; what is literal counts as one letter.
fn signs(spans: &[Span]) -> impl Iterator<Item = (usize, char)> {
    let starts = spans.iter().scan(0, |end, span| {
        let start = *end;
        *end += span.text().len();
        Some(start)
    });
    starts.zip(spans).flat_map(|(start, span)| {
        let text = if span.is_literal() { "x" } else { span.text() };
        text.char_indices().map(move |(at, char)| (start + at, char))
    })
}
