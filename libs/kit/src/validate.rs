//! Checks of the fields of a request that name every violation at once.

use base::problem::{Problem, Violation};

/// Collects the violations of a request.
#[derive(Debug, Default)]
pub struct Validator(Vec<Violation>);

impl Validator {
    /// Notes a violation at `pointer` unless `ok`.
    pub fn ensure(&mut self, ok: bool, pointer: &str, detail: impl Into<String>) {
        if !ok {
            self.0.push(Violation::new(pointer, detail));
        }
    }

    /// Notes a violation unless `text` is 1 to `max` characters on one line, not all of them blank. In a schema:
    /// `pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"`.
    pub fn ensure_line(&mut self, text: &str, max: usize, pointer: &str) {
        let ok = text.chars().count() <= max && !text.trim().is_empty() && !text.contains(char::is_control);
        self.ensure(ok, pointer, format!("1 to {max} characters on one line"));
    }

    /// 400 with all of them, if there are any.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}
