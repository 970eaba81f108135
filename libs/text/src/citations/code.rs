//! Code in a model's text: brackets in it are no markers.

use super::{CitationResolver, ParserState};

/// A closing fence is not longer than this.
const MAX_FENCE_LINE: usize = 64;

impl CitationResolver {
    pub(super) fn open_ticks(&mut self, mark: char) {
        let opens_line = self.line_start();
        self.emit_char(mark);
        self.state = ParserState::Ticks { mark, count: 1, opens_line };
    }

    pub(super) fn in_ticks(&mut self, c: char, mark: char, count: usize, opens_line: bool) {
        if c == mark {
            self.emit_char(c);
            self.state = ParserState::Ticks { mark, count: count + 1, opens_line };
            return;
        }
        // Only a run at the start of a line opens a fence.
        if opens_line && count >= 3 {
            self.state = ParserState::Fence { mark, count, line: String::new() };
        } else if mark == '`' {
            self.state = ParserState::Code { ticks: count, run: 0, blank: false };
        }
        self.step(c);
    }

    pub(super) fn in_code(&mut self, c: char, ticks: usize, run: usize, blank: bool) {
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

    pub(super) fn in_fence(&mut self, c: char, mark: char, count: usize, mut line: String) {
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

    pub(super) fn emit_code(&mut self, c: char) {
        self.remember(c.encode_utf8(&mut [0; 4]));
        self.text.push(c);
        self.tracker.skip(c);
    }
}
