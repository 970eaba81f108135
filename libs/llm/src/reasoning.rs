//! Separates `<think>…</think>` from the text of an answer: some models send their reasoning that way.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// What a piece of text belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    Answer,
    Reasoning,
}

/// Splits streamed text into answer and reasoning; a tag may be cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct ReasoningSplitter {
    inside: bool,
    /// Text at the end that may be the beginning of a tag.
    partial_tag: String,
    /// White space between the first reasoning and the beginning of the answer is dropped.
    seen_reasoning: bool,
    seen_answer: bool,
}

impl ReasoningSplitter {
    /// Calls `out` with the segments of `text`, except for a possible partial tag at its end.
    pub(crate) fn feed(&mut self, text: &str, out: &mut impl FnMut(Segment, &str)) {
        if self.partial_tag.is_empty() {
            self.split(text, out);
            return;
        }
        let mut whole = std::mem::take(&mut self.partial_tag);
        whole.push_str(text);
        self.split(&whole, out);
    }

    /// Emits a partial tag that was never completed.
    pub(crate) fn finish(&mut self, out: &mut impl FnMut(Segment, &str)) {
        let rest = std::mem::take(&mut self.partial_tag);
        self.emit(&rest, out);
    }

    fn split(&mut self, text: &str, out: &mut impl FnMut(Segment, &str)) {
        let mut rest = text;
        loop {
            let tag = if self.inside { CLOSE } else { OPEN };
            if let Some(at) = rest.find(tag) {
                self.emit(&rest[..at], out);
                rest = &rest[at + tag.len()..];
                self.seen_reasoning |= self.inside;
                self.inside = !self.inside;
                continue;
            }
            let decided = rest.len() - tag_start_at_end(rest, tag);
            self.emit(&rest[..decided], out);
            self.partial_tag.push_str(&rest[decided..]);
            return;
        }
    }

    fn emit(&mut self, text: &str, out: &mut impl FnMut(Segment, &str)) {
        if self.inside {
            if !text.is_empty() {
                out(Segment::Reasoning, text);
            }
            return;
        }
        let text = if self.seen_reasoning && !self.seen_answer { text.trim_start() } else { text };
        if !text.is_empty() {
            self.seen_answer = true;
            out(Segment::Answer, text);
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
        let (mut answer, mut reasoning) = (String::new(), String::new());
        let mut splitter = ReasoningSplitter::default();
        let mut out = |side, text: &str| match side {
            Segment::Answer => answer.push_str(text),
            Segment::Reasoning => reasoning.push_str(text),
        };
        for piece in pieces {
            splitter.feed(piece, &mut out);
        }
        splitter.finish(&mut out);
        (answer, reasoning)
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
