//! Finds and normalizes citation markers in a model's text while it streams.
//!
//! Models write `[1]`, `[1][2]`, `[1, 2]`, `[1-3]`, `[^1]`, `[[1]]`, `[Source 1]`, `[citation:1]`, `【1】`, `【1†source】`,
//! `【4:0†source】`, `［１］`, `<sup>1</sup>` or `¹`, split anywhere by the stream. The output is text with markers of the
//! form `[n]`, only for sources that exist, and each cited sentence once it is complete. References to the tools of
//! other products (`citeturn0search0`) are removed. Brackets in code and links are kept, and so are those that a source
//! has in the same place. The result depends on the text alone, not on how it was split.

mod code;
mod foreign;
mod marker;
mod source_brackets;
mod tool_reference;
mod tracker;

use self::marker::MarkerStep;
use self::source_brackets::SourceBrackets;
use self::tracker::SentenceTracker;

/// Output of the resolver, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CitationOutput {
    /// Text to send to the client.
    Text(String),
    /// A cited sentence that has been output as text. `start` and `end` count characters (Unicode scalar values) within
    /// all text output so far; `text` is that range, markers included.
    Sentence { start: usize, end: usize, text: String, sources: Vec<u32> },
}

/// A resolver for one answer.
#[derive(Debug)]
pub struct CitationResolver {
    /// Number of sources.
    source_count: u32,
    source_brackets: SourceBrackets,
    state: ParserState,
    /// Spaces and an opening parenthesis held back: they are dropped together with an unknown marker that follows.
    pending: String,
    /// The last characters of the output on the current line.
    written: String,
    text: String,
    tracker: SentenceTracker,
    output: Vec<CitationOutput>,
}

#[derive(Debug)]
enum ParserState {
    Text,
    /// In a run of backticks or tildes that may open code.
    Ticks {
        mark: char,
        count: usize,
        opens_line: bool,
    },
    /// In a bracket or tag that may be a marker.
    Bracket {
        written: String,
    },
    /// After a closed bracket, which is a marker unless a link follows.
    Closed {
        written: String,
        numbers: Vec<u32>,
    },
    /// After a dropped marker in parentheses, whose closing one is dropped too.
    Dropped,
    /// In superscript digits.
    Superscript {
        written: String,
    },
    /// In a word that may refer to a tool of another product.
    ToolReference {
        written: String,
    },
    /// After the private-use character that opens such a reference, up to the one that closes it.
    Private {
        length: usize,
    },
    /// In inline code; `run` counts the backticks that may close it.
    Code {
        ticks: usize,
        run: usize,
        blank: bool,
    },
    /// In a fenced block; `line` is the current line as far as it can be a closing fence.
    Fence {
        mark: char,
        count: usize,
        line: String,
    },
}

/// Characters of the output that are remembered.
const MAX_WRITTEN: usize = 32;

impl CitationResolver {
    /// Sources are numbered from 1 to `source_count`; markers with other numbers are dropped.
    #[must_use]
    pub fn new(source_count: u32) -> Self {
        Self {
            source_count,
            source_brackets: SourceBrackets::default(),
            state: ParserState::Text,
            pending: String::new(),
            written: String::new(),
            text: String::new(),
            tracker: SentenceTracker::default(),
            output: Vec::new(),
        }
    }

    /// Makes the texts of the sources known: a bracket that one of them has in the same place is text.
    #[must_use]
    pub fn with_source_texts<'a>(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        for text in texts {
            self.source_brackets.add(text);
        }
        self
    }

    /// Outputs text of a source as it is: its brackets are no markers.
    pub fn quote(&mut self, text: &str) -> Vec<CitationOutput> {
        self.settle();
        self.emit(text);
        self.take()
    }

    /// Processes the next part of the model's text.
    pub fn push(&mut self, delta: &str) -> Vec<CitationOutput> {
        for c in delta.chars() {
            self.step(c);
        }
        self.take()
    }

    /// Ends the text and returns what was held back. The resolver can be used for another text afterwards.
    pub fn finish(&mut self) -> Vec<CitationOutput> {
        self.settle();
        self.emit("");
        self.track(SentenceTracker::finish);
        let output = self.take();
        let source_brackets = std::mem::take(&mut self.source_brackets);
        *self = Self { source_brackets, ..Self::new(self.source_count) };
        output
    }

    /// Decides what is held back, as nothing of it follows.
    fn settle(&mut self) {
        match std::mem::replace(&mut self.state, ParserState::Text) {
            ParserState::Bracket { written } => self.emit(&written),
            ParserState::Closed { numbers, written } => self.after_bracket(None, &written, &numbers),
            ParserState::Superscript { written } => self.after_superscript(&written),
            ParserState::ToolReference { written } => self.after_reference(&written),
            ParserState::Dropped => self.state = ParserState::Dropped,
            _ => {}
        }
        if matches!(std::mem::replace(&mut self.state, ParserState::Text), ParserState::Dropped) {
            self.pending.clear();
        }
    }

    fn take(&mut self) -> Vec<CitationOutput> {
        self.flush_text();
        std::mem::take(&mut self.output)
    }

    fn flush_text(&mut self) {
        if !self.text.is_empty() {
            self.output.push(CitationOutput::Text(std::mem::take(&mut self.text)));
        }
    }

    fn step(&mut self, c: char) {
        match std::mem::replace(&mut self.state, ParserState::Text) {
            ParserState::Text => self.in_text(c),
            ParserState::Ticks { mark, count, opens_line } => self.in_ticks(c, mark, count, opens_line),
            ParserState::Bracket { written } => self.in_bracket(c, written),
            ParserState::Closed { written, numbers } => {
                self.after_bracket(Some(c), &written, &numbers);
                self.step(c);
            }
            ParserState::Dropped => self.after_dropped(c),
            ParserState::Superscript { written } => self.in_superscript(c, written),
            ParserState::ToolReference { written } => self.in_reference(c, written),
            ParserState::Private { length } => self.in_private(c, length),
            ParserState::Code { ticks, run, blank } => self.in_code(c, ticks, run, blank),
            ParserState::Fence { mark, count, line } => self.in_fence(c, mark, count, line),
        }
    }

    fn in_text(&mut self, c: char) {
        match c {
            ' ' | '\t' | '\u{a0}' | '\u{202f}' | '\u{3000}' => self.pending.push(c),
            '(' | '（' => {
                if self.pending.ends_with(['(', '（']) {
                    self.emit("");
                }
                self.pending.push(c);
            }
            '[' | '【' | '［' | '<' => self.state = ParserState::Bracket { written: c.to_string() },
            '`' => self.open_ticks(c),
            '~' if self.line_start() => self.open_ticks(c),
            _ if tool_reference::is_delimiter(c) => self.open_private(c),
            't' | 'c' | 'f' | 'n' if self.begins_word() => {
                self.state = ParserState::ToolReference { written: c.to_string() };
            }
            _ if marker::superscript_digit(c).is_some() => {
                self.state = ParserState::Superscript { written: c.to_string() };
            }
            _ => self.emit_char(c),
        }
    }

    /// Whether the current line has white space only so far.
    fn line_start(&self) -> bool {
        self.written.chars().all(char::is_whitespace) && self.pending.chars().all(char::is_whitespace)
    }

    fn begins_word(&self) -> bool {
        !self.pending.is_empty() || !self.written.ends_with(char::is_alphanumeric)
    }

    fn in_bracket(&mut self, c: char, mut written: String) {
        match marker::read(&written, c) {
            MarkerStep::Incomplete => {
                written.push(c);
                self.state = ParserState::Bracket { written };
            }
            MarkerStep::Marker(numbers) => {
                written.push(c);
                self.state = ParserState::Closed { written, numbers };
            }
            MarkerStep::NotAMarker => {
                self.emit(&written);
                self.step(c);
            }
        }
    }

    /// Decides what a closed bracket is by what follows: a link, text of a source or a marker.
    fn after_bracket(&mut self, next: Option<char>, written: &str, numbers: &[u32]) {
        let is_definition = next == Some(':') && self.line_start();
        let is_link = written.starts_with('[') && (next == Some('(') || is_definition);
        let before = format!("{}{}", self.written, self.pending);
        if is_link || self.source_brackets.contain(&before, written, next) {
            return self.emit(written);
        }
        let is_exponent = written.starts_with('<') && !written.contains('[') && !self.is_note(numbers);
        if is_exponent { self.emit(written) } else { self.resolve(numbers) }
    }

    /// Drops the parenthesis after a dropped marker, if the one before it was held back.
    fn after_dropped(&mut self, c: char) {
        if matches!(c, ')' | '）') {
            self.pending.clear();
            return;
        }
        self.step(c);
    }

    /// Drops the spaces before a dropped marker, and the parenthesis once its closing one is there.
    fn drop_pending(&mut self) {
        match self.pending.ends_with(['(', '（']) {
            true => self.state = ParserState::Dropped,
            false => self.pending.clear(),
        }
    }

    /// Outputs the markers of existing sources; if there are none, what is pending is dropped with the marker.
    fn resolve(&mut self, numbers: &[u32]) {
        let mut existing: Vec<u32> = Vec::new();
        for number in numbers {
            if (1..=self.source_count).contains(number) && !existing.contains(number) {
                existing.push(*number);
            }
        }
        if existing.is_empty() {
            return self.drop_pending();
        }
        for number in existing {
            // The wide space of Chinese and Japanese would part the marker from its sentence.
            let spaces = std::mem::take(&mut self.pending).replace('\u{3000}', "");
            let mark = format!("[{number}]");
            self.remember(&spaces);
            self.remember(&mark);
            self.text.push_str(&spaces);
            self.text.push_str(&mark);
            self.tracker.push_mark(&spaces, &mark, number);
        }
    }

    fn emit(&mut self, written: &str) {
        let pending = std::mem::take(&mut self.pending);
        for c in pending.chars().chain(written.chars()) {
            self.text.push(c);
            self.track(|tracker, completed| tracker.push(c, completed));
        }
        self.remember(&pending);
        self.remember(written);
    }

    fn emit_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.emit(c.encode_utf8(&mut buffer));
    }

    /// Keeps the last characters of the line.
    fn remember(&mut self, output: &str) {
        if let Some(line) = output.rfind('\n') {
            self.written.clear();
            self.written.push_str(&output[line + 1..]);
        } else {
            self.written.push_str(output);
        }
        if self.written.len() > 8 * MAX_WRITTEN {
            let cut = self.written.char_indices().rev().nth(MAX_WRITTEN).map_or(0, |(at, _)| at);
            self.written.drain(..cut);
        }
    }

    /// Advances the tracker and outputs the sentences it completes, after their text.
    fn track(&mut self, advance: impl FnOnce(&mut SentenceTracker, &mut Vec<CitationOutput>)) {
        let mut completed = Vec::new();
        advance(&mut self.tracker, &mut completed);
        if !completed.is_empty() {
            self.flush_text();
            self.output.append(&mut completed);
        }
    }
}
