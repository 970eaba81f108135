//! `<think>…</think>` inside the text of an answer, as models without a field for reasoning send it.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Which side of the tags a piece of text is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Answer,
    Thinking,
}

/// Tells answer from thinking in a text that comes in pieces; a tag may be cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct Think {
    inside: bool,
    /// What may be the beginning of a tag.
    held: String,
    /// Until the answer begins, blank lines after the thinking are dropped.
    thought: bool,
    answered: bool,
}

impl Think {
    /// Calls `out` with the parts of `text` that are decided.
    pub(crate) fn feed(&mut self, text: &str, out: &mut impl FnMut(Side, &str)) {
        if self.held.is_empty() {
            self.split(text, out);
            return;
        }
        let mut whole = std::mem::take(&mut self.held);
        whole.push_str(text);
        self.split(&whole, out);
    }

    /// Hands out what was held back: no tag came of it.
    pub(crate) fn end(&mut self, out: &mut impl FnMut(Side, &str)) {
        let held = std::mem::take(&mut self.held);
        self.emit(&held, out);
    }

    fn split(&mut self, text: &str, out: &mut impl FnMut(Side, &str)) {
        let mut rest = text;
        loop {
            let tag = if self.inside { CLOSE } else { OPEN };
            if let Some(at) = rest.find(tag) {
                self.emit(&rest[..at], out);
                rest = &rest[at + tag.len()..];
                self.thought |= self.inside;
                self.inside = !self.inside;
                continue;
            }
            let sure = rest.len() - tag_start_at_end(rest, tag);
            self.emit(&rest[..sure], out);
            self.held.push_str(&rest[sure..]);
            return;
        }
    }

    fn emit(&mut self, text: &str, out: &mut impl FnMut(Side, &str)) {
        if self.inside {
            if !text.is_empty() {
                out(Side::Thinking, text);
            }
            return;
        }
        let text = if self.thought && !self.answered { text.trim_start() } else { text };
        if !text.is_empty() {
            self.answered = true;
            out(Side::Answer, text);
        }
    }
}

/// How many bytes at the end of `text` could be the beginning of `tag`.
fn tag_start_at_end(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|&length| text.ends_with(&tag[..length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&str]) -> (String, String) {
        let (mut answer, mut thinking) = (String::new(), String::new());
        let mut think = Think::default();
        let mut out = |side, text: &str| match side {
            Side::Answer => answer.push_str(text),
            Side::Thinking => thinking.push_str(text),
        };
        for piece in pieces {
            think.feed(piece, &mut out);
        }
        think.end(&mut out);
        (answer, thinking)
    }

    #[test]
    fn tags_cut_anywhere_are_found() {
        let text = "<think>hm, 1 < 2 </ thé</think>\n\nIt is <b>7</b><think>sure?</think> and a <th";
        let expected = ("It is <b>7</b> and a <th".to_owned(), "hm, 1 < 2 </ thésure?".to_owned());
        assert_eq!(split(&[text]), expected);
        for (cut, _) in text.char_indices() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(split(&[head, tail]), expected, "cut at {cut}");
        }
    }
}
