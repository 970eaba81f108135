//! Finds and normalizes citation markers in a model's text while it streams.
//!
//! Models write `[1]`, `[1][2]`, `[1, 2]`, `[1-3]`, `[^1]`, `【1】`, `【1†source】` or `［１］`, split anywhere by the stream.
//! The output is text with markers of the form `[n]`, only for sources that exist, and each cited sentence once it is
//! complete. Brackets in code and links are kept. The result depends on the text alone, not on how it was split.

mod marker;
mod tracker;

use self::marker::MarkerStep;
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
    state: ParserState,
    /// Spaces held back: they are dropped together with an unknown marker that follows.
    pending_spaces: String,
    /// Whether the current line has white space only so far.
    line_start: bool,
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
    },
    /// In a bracket that may be a marker.
    Bracket {
        written: String,
    },
    /// After a closed bracket, which is a marker unless a link follows.
    Closed {
        written: String,
        numbers: Vec<u32>,
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

/// A closing fence is not longer than this.
const MAX_FENCE_LINE: usize = 64;

impl CitationResolver {
    /// Sources are numbered from 1 to `source_count`; markers with other numbers are dropped.
    #[must_use]
    pub fn new(source_count: u32) -> Self {
        Self {
            source_count,
            state: ParserState::Text,
            pending_spaces: String::new(),
            line_start: true,
            text: String::new(),
            tracker: SentenceTracker::default(),
            output: Vec::new(),
        }
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
        match std::mem::replace(&mut self.state, ParserState::Text) {
            ParserState::Bracket { written } => self.emit(&written),
            ParserState::Closed { numbers, .. } => self.resolve(&numbers),
            _ => {}
        }
        self.emit("");
        self.track(SentenceTracker::finish);
        let output = self.take();
        *self = Self::new(self.source_count);
        output
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
            ParserState::Ticks { mark, count } => self.in_ticks(c, mark, count),
            ParserState::Bracket { written } => self.in_bracket(c, written),
            ParserState::Closed { written, numbers } => self.after_bracket(c, &written, &numbers),
            ParserState::Code { ticks, run, blank } => self.in_code(c, ticks, run, blank),
            ParserState::Fence { mark, count, line } => self.in_fence(c, mark, count, line),
        }
    }

    fn in_text(&mut self, c: char) {
        match c {
            ' ' | '\t' | '\u{a0}' | '\u{202f}' => self.pending_spaces.push(c),
            '[' | '【' | '［' => self.state = ParserState::Bracket { written: c.to_string() },
            '`' => self.open_ticks(c),
            '~' if self.line_start => self.open_ticks(c),
            _ => self.emit_char(c),
        }
    }

    fn open_ticks(&mut self, mark: char) {
        let line_start = self.line_start;
        self.emit_char(mark);
        // Restored until the run ends: only a run at the start of a line opens a fence.
        self.line_start = line_start;
        self.state = ParserState::Ticks { mark, count: 1 };
    }

    fn in_ticks(&mut self, c: char, mark: char, count: usize) {
        let line_start = self.line_start;
        if c == mark {
            self.emit_char(c);
            self.line_start = line_start;
            self.state = ParserState::Ticks { mark, count: count + 1 };
            return;
        }
        self.line_start = false;
        if line_start && count >= 3 {
            self.state = ParserState::Fence { mark, count, line: String::new() };
        } else if mark == '`' {
            self.state = ParserState::Code { ticks: count, run: 0, blank: false };
        }
        self.step(c);
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

    fn after_bracket(&mut self, c: char, written: &str, numbers: &[u32]) {
        let link = written.starts_with('[') && (c == '(' || (c == ':' && self.line_start));
        if link {
            self.emit(written);
            // The parenthesis is part of the link, not a place for markers.
            return self.emit_char(c);
        }
        self.resolve(numbers);
        self.step(c);
    }

    fn in_code(&mut self, c: char, ticks: usize, run: usize, blank: bool) {
        if c != '`' && run == ticks {
            return self.step(c);
        }
        self.emit_char(c);
        // A lone backtick never was code: the end of the paragraph closes it.
        if c == '\n' && blank {
            return;
        }
        let run = if c == '`' { run + 1 } else { 0 };
        let blank = c == '\n' || (blank && c.is_whitespace());
        self.state = ParserState::Code { ticks, run, blank };
    }

    fn in_fence(&mut self, c: char, mark: char, count: usize, mut line: String) {
        self.emit_code(c);
        if c != '\n' {
            if line.len() < MAX_FENCE_LINE {
                line.push(c);
            }
            self.state = ParserState::Fence { mark, count, line };
            return;
        }
        let fence = line.trim();
        if fence.chars().count() >= count && fence.chars().all(|c| c == mark) {
            return;
        }
        line.clear();
        self.state = ParserState::Fence { mark, count, line };
    }

    /// Outputs the markers of existing sources; if there are none, the pending spaces are dropped with the marker.
    fn resolve(&mut self, numbers: &[u32]) {
        let mut existing: Vec<u32> = Vec::new();
        for number in numbers {
            if (1..=self.source_count).contains(number) && !existing.contains(number) {
                existing.push(*number);
            }
        }
        if existing.is_empty() {
            self.pending_spaces.clear();
            return;
        }
        for number in existing {
            self.emit(&format!("[{number}]"));
            self.tracker.mark(number);
        }
    }

    fn emit(&mut self, written: &str) {
        for space in std::mem::take(&mut self.pending_spaces).chars() {
            self.emit_text(space);
        }
        for c in written.chars() {
            self.emit_text(c);
        }
    }

    fn emit_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.emit(c.encode_utf8(&mut buffer));
    }

    fn emit_text(&mut self, c: char) {
        self.line_start = c == '\n' || (self.line_start && c.is_whitespace());
        self.text.push(c);
        self.track(|tracker, completed| tracker.push(c, completed));
    }

    fn emit_code(&mut self, c: char) {
        self.line_start = c == '\n';
        self.text.push(c);
        self.tracker.skip(c);
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
