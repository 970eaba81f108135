//! Splits a stream of byte chunks into lines: NDJSON as it is, and the basis of [`crate::sse`].

/// A line or an event exceeds the limit of its parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLong {
    #[error("a line is too long")]
    Line,
    #[error("an event is too long")]
    Event,
}

/// Splits chunks into lines ended by LF or CRLF. A line within one chunk is passed on without a copy; the rest of a
/// chunk is buffered until the next one, so characters cut in two come out whole.
#[derive(Debug)]
pub struct LineSplitter {
    partial: Vec<u8>,
    limit: usize,
}

impl LineSplitter {
    /// A line that does not end within `limit` buffered bytes is an error.
    pub fn new(limit: usize) -> Self {
        Self { partial: Vec::new(), limit }
    }

    /// Calls `on_line` for every line that `chunk` completes.
    ///
    /// # Errors
    /// [`TooLong::Line`], or the first error of `on_line`.
    pub fn feed<E: From<TooLong>>(
        &mut self,
        chunk: &[u8],
        mut on_line: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let head = &rest[..end];
            rest = &rest[end + 1..];
            if self.partial.is_empty() {
                on_line(without_cr(head))?;
                continue;
            }
            self.buffer(head)?;
            on_line(without_cr(&self.partial))?;
            self.partial.clear();
        }
        Ok(self.buffer(rest)?)
    }

    /// Calls `on_line` for a last line without a line end.
    ///
    /// # Errors
    /// The error of `on_line`.
    pub fn finish<E>(&mut self, on_line: impl FnOnce(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let last = std::mem::take(&mut self.partial);
        if last.is_empty() { Ok(()) } else { on_line(without_cr(&last)) }
    }

    fn buffer(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.partial.len() + bytes.len() > self.limit {
            return Err(TooLong::Line);
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
