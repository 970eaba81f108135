//! What a run does before it writes, on standard error: a line for each search that has ended and for each failure, and on a
//! terminal a last one that says what goes on now.

use serde::Deserialize;
use terminal::{Line, fitted, wrapped};

use crate::output::{self, errln};

/// Goes to the start of the line and clears it (ECMA-48, EL).
const CLEAR: &str = "\r\x1b[2K";
const INDENT: &str = "  ";
/// Columns of the title of a page that was not opened, or of a query, where there is no terminal to measure.
const TITLE_WIDTH: usize = 100;

#[derive(Deserialize)]
pub(super) struct Step {
    kind: String,
    status: String,
    #[serde(default)]
    title: String,
    count: Option<u64>,
    error: Option<String>,
}

impl Step {
    /// Whether an answer without a model begins.
    pub(super) fn is_extract(&self) -> bool {
        self.kind == "write" && self.title == "extract"
    }
}

/// The steps of one run.
pub(super) struct Progress {
    /// Columns of the terminal.
    columns: Option<usize>,
    /// Whether the last line says what goes on.
    has_status: bool,
    has_notes: bool,
    /// Pages opened since a search has ended.
    opened: u32,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { columns: output::columns(&std::io::stderr()), has_status: false, has_notes: false, opened: 0 }
    }

    pub(super) fn step(&mut self, step: &Step) {
        let Step { kind, status, title, count, error } = step;
        let error = error.as_deref().unwrap_or("unknown");
        match (kind.as_str(), status.as_str()) {
            (_, "failed") => self.note(&format!("failed: {} ({error})", self.title(title))),
            ("search", "started") => self.status(&format!("searching: {title}")),
            ("search", "done") => {
                let results = counted(count.unwrap_or_default(), "result");
                let opened = counted(std::mem::take(&mut self.opened).into(), "page");
                self.note(&format!("searched: {} ({results}, {opened} opened)", self.title(title)));
                if step.error.is_some() {
                    self.note(&format!("some engines failed: {error}"));
                }
            }
            ("retrieve", "started") => self.status(&format!("looking in files: {title}")),
            ("retrieve", "done") => {
                self.note(&format!("looked in files: {}", counted(count.unwrap_or_default(), "passage")));
            }
            ("open", _) => {
                self.opened += 1;
                self.status(&format!("opened {}: {title}", counted(self.opened.into(), "page")));
            }
            ("write", "started") => self.status(&format!("writing: {title}")),
            _ => {}
        }
    }

    /// Lines behind the answer, which stay.
    pub(super) fn add_notes(&mut self, notes: &[String]) {
        if notes.is_empty() {
            return;
        }
        self.clear();
        if self.columns.is_some() {
            output::print_error("\n");
        }
        for note in notes {
            self.note(note);
        }
    }

    /// A line that stays.
    fn note(&mut self, text: &str) {
        self.clear();
        match self.columns {
            Some(columns) => {
                for line in wrapped(INDENT, text, columns) {
                    output::print_error(&format!("{}\n", Line::dimmed(line.text())));
                }
            }
            None => errln!("{INDENT}{text}"),
        }
        self.has_notes = true;
    }

    /// Sets the answer apart from the notes on a terminal that shows both.
    pub(super) fn end_notes(&mut self) {
        self.clear();
        if std::mem::take(&mut self.has_notes) && self.columns.is_some() {
            output::print_error("\n");
        }
    }

    /// Makes room for a line of the answer.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.has_status) {
            output::print_error(CLEAR);
        }
    }

    /// The line that the next one overwrites: a longer one than the terminal is wide would stay in part.
    fn status(&mut self, text: &str) {
        let Some(columns) = self.columns else { return };
        let text = fitted(text, columns.saturating_sub(INDENT.len() + 1));
        output::print_error(&format!("{CLEAR}{}", Line::dimmed(&format!("{INDENT}{text}"))));
        self.has_status = true;
    }

    fn title(&self, title: &str) -> String {
        fitted(title, self.columns.map_or(TITLE_WIDTH, |columns| columns.min(TITLE_WIDTH) / 2))
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
