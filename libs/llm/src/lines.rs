//! Lines out of a stream of byte chunks: the ground of server-sent events, and all there is to NDJSON.

use crate::LlmError;

/// The longest line or frame that is read. A token is some hundred bytes; a whole answer in one frame fits too.
pub(crate) const MAX_FRAME: usize = 1 << 20;

/// Splits chunks into lines ended by LF or CRLF. A line within one chunk is handed on without a copy; what is left
/// at the end of a chunk waits for the next one, so characters cut in two come out whole.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Calls `line` for every line that `chunk` completes.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut line: impl FnMut(&[u8]) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        let mut rest = chunk;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let head = &rest[..end];
            rest = &rest[end + 1..];
            if self.partial.is_empty() {
                line(without_cr(head))?;
                continue;
            }
            self.hold(head)?;
            line(without_cr(&self.partial))?;
            self.partial.clear();
        }
        self.hold(rest)
    }

    /// Calls `line` for a last line that was not ended.
    pub(crate) fn end(&mut self, line: impl FnOnce(&[u8]) -> Result<(), LlmError>) -> Result<(), LlmError> {
        let last = std::mem::take(&mut self.partial);
        if last.is_empty() { Ok(()) } else { line(without_cr(&last)) }
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), LlmError> {
        if self.partial.len() + bytes.len() > MAX_FRAME {
            return Err(LlmError::Garbage("a line is too long"));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
