//! Checking several fields of a request and naming all faults at once.

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

    /// 400 with all of them, if there are any.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}
