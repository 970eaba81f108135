//! Finds the citation markers in a model's text while it streams.
//!
//! Models write `[1]`, `[1][2]`, `[1, 2]`, `[1-3]`, `[^1]`, `【1】`, `【1†source】` or `［１］`, cut anywhere by the stream. What comes out is
//! text with markers of one form, `[n]`, only for sources that exist, and each cited sentence once it is complete. Code and links keep
//! their brackets. The result depends on the text only, never on how it was cut.

mod marker;
mod tracker;

use self::marker::Reading;
use self::tracker::Tracker;

/// What the resolver hands out, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that is ready to be sent.
    Text(String),
    /// A cited sentence, complete and already handed out as text. `start` and `end` count characters (Unicode scalar values) within all
    /// text handed out so far; `text` is that stretch, markers included.
    Sentence { start: usize, end: usize, text: String, sources: Vec<u32> },
}

/// A resolver for one answer.
#[derive(Debug)]
pub struct Resolver {
    /// Sources are numbered from 1 to this.
    known: u32,
    state: State,
    /// Spaces not yet handed out: they vanish with an unknown marker after them.
    spaces: String,
    /// Whether the current line has white space only so far.
    line_start: bool,
    text: String,
    tracker: Tracker,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum State {
    Text,
    /// Counting backticks or tildes that open code.
    Ticks {
        mark: char,
        count: usize,
    },
    /// In a bracket that may be a marker.
    Bracket {
        written: String,
    },
    /// After a bracket that is a marker unless a link follows.
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

impl Resolver {
    /// `known` is the number of sources; markers of any other number are dropped.
    #[must_use]
    pub fn new(known: u32) -> Self {
        Self {
            known,
            state: State::Text,
            spaces: String::new(),
            line_start: true,
            text: String::new(),
            tracker: Tracker::default(),
            pieces: Vec::new(),
        }
    }

    /// Takes the next piece of the model's text.
    pub fn push(&mut self, delta: &str) -> Vec<Piece> {
        for c in delta.chars() {
            self.step(c);
        }
        self.take()
    }

    /// The text is over: hands out what was held back. The resolver is ready for another text after it.
    pub fn finish(&mut self) -> Vec<Piece> {
        match std::mem::replace(&mut self.state, State::Text) {
            State::Bracket { written } => self.emit(&written),
            State::Closed { numbers, .. } => self.resolve(&numbers),
            _ => {}
        }
        self.emit("");
        self.sentences(Tracker::finish);
        let pieces = self.take();
        *self = Self::new(self.known);
        pieces
    }

    fn take(&mut self) -> Vec<Piece> {
        self.flush_text();
        std::mem::take(&mut self.pieces)
    }

    fn flush_text(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn step(&mut self, c: char) {
        match std::mem::replace(&mut self.state, State::Text) {
            State::Text => self.in_text(c),
            State::Ticks { mark, count } => self.in_ticks(c, mark, count),
            State::Bracket { written } => self.in_bracket(c, written),
            State::Closed { written, numbers } => self.after_bracket(c, &written, &numbers),
            State::Code { ticks, run, blank } => self.in_code(c, ticks, run, blank),
            State::Fence { mark, count, line } => self.in_fence(c, mark, count, line),
        }
    }

    fn in_text(&mut self, c: char) {
        match c {
            ' ' | '\t' | '\u{a0}' | '\u{202f}' => self.spaces.push(c),
            '[' | '【' | '［' => self.state = State::Bracket { written: c.to_string() },
            '`' => self.open_ticks(c),
            '~' if self.line_start => self.open_ticks(c),
            _ => self.emit_char(c),
        }
    }

    fn open_ticks(&mut self, mark: char) {
        let line_start = self.line_start;
        self.emit_char(mark);
        // Kept until the run is over: only a run that begins the line opens a fence.
        self.line_start = line_start;
        self.state = State::Ticks { mark, count: 1 };
    }

    fn in_ticks(&mut self, c: char, mark: char, count: usize) {
        let line_start = self.line_start;
        if c == mark {
            self.emit_char(c);
            self.line_start = line_start;
            self.state = State::Ticks { mark, count: count + 1 };
            return;
        }
        self.line_start = false;
        if line_start && count >= 3 {
            self.state = State::Fence { mark, count, line: String::new() };
        } else if mark == '`' {
            self.state = State::Code { ticks: count, run: 0, blank: false };
        }
        self.step(c);
    }

    fn in_bracket(&mut self, c: char, mut written: String) {
        match marker::read(&written, c) {
            Reading::More => {
                written.push(c);
                self.state = State::Bracket { written };
            }
            Reading::Closed(numbers) => {
                written.push(c);
                self.state = State::Closed { written, numbers };
            }
            Reading::Other => {
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
        // A paragraph's end closes what never was code: a lone backtick.
        if c == '\n' && blank {
            return;
        }
        let run = if c == '`' { run + 1 } else { 0 };
        let blank = c == '\n' || (blank && c.is_whitespace());
        self.state = State::Code { ticks, run, blank };
    }

    fn in_fence(&mut self, c: char, mark: char, count: usize, mut line: String) {
        self.emit_code(c);
        if c != '\n' {
            if line.len() < MAX_FENCE_LINE {
                line.push(c);
            }
            self.state = State::Fence { mark, count, line };
            return;
        }
        let fence = line.trim();
        if fence.chars().count() >= count && fence.chars().all(|c| c == mark) {
            return;
        }
        line.clear();
        self.state = State::Fence { mark, count, line };
    }

    /// Hands out the markers of the sources that exist; the spaces before a marker without any are dropped with it.
    fn resolve(&mut self, numbers: &[u32]) {
        let mut known: Vec<u32> = Vec::new();
        for number in numbers {
            if (1..=self.known).contains(number) && !known.contains(number) {
                known.push(*number);
            }
        }
        if known.is_empty() {
            self.spaces.clear();
            return;
        }
        for number in known {
            self.emit(&format!("[{number}]"));
            self.tracker.mark(number);
        }
    }

    fn emit(&mut self, written: &str) {
        for space in std::mem::take(&mut self.spaces).chars() {
            self.hand_out(space);
        }
        for c in written.chars() {
            self.hand_out(c);
        }
    }

    fn emit_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.emit(c.encode_utf8(&mut buffer));
    }

    fn hand_out(&mut self, c: char) {
        self.line_start = c == '\n' || (self.line_start && c.is_whitespace());
        self.text.push(c);
        self.sentences(|tracker, done| tracker.push(c, done));
    }

    fn emit_code(&mut self, c: char) {
        self.line_start = c == '\n';
        self.text.push(c);
        self.tracker.skip(c);
    }

    /// Lets the tracker work and hands out the sentences it completes, after the text they are in.
    fn sentences(&mut self, work: impl FnOnce(&mut Tracker, &mut Vec<Piece>)) {
        let mut done = Vec::new();
        work(&mut self.tracker, &mut done);
        if !done.is_empty() {
            self.flush_text();
            self.pieces.append(&mut done);
        }
    }
}
