//! Server-sent events (WHATWG HTML §9.2.6), as far as model servers use them: `data` fields and blank lines.
//! Comments and other fields are skipped. Lines end in LF or CRLF.

use crate::{
    LlmError,
    lines::{Lines, MAX_FRAME},
};

/// Puts the frames of an event stream together from byte chunks.
#[derive(Debug, Default)]
pub(crate) struct Sse {
    lines: Lines,
    frame: Frame,
}

#[derive(Debug, Default)]
struct Frame {
    data: Vec<u8>,
    /// An empty `data:` line is a frame too.
    started: bool,
}

impl Sse {
    /// Calls `frame` with the data of every event that `chunk` completes.
    pub(crate) fn feed(
        &mut self,
        chunk: &[u8],
        mut frame: impl FnMut(&[u8]) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        let Self { lines, frame: open } = self;
        lines.feed(chunk, |line| open.line(line, &mut frame))
    }

    /// Calls `frame` for a last event that no blank line follows; some servers close right after it.
    pub(crate) fn end(&mut self, mut frame: impl FnMut(&[u8]) -> Result<(), LlmError>) -> Result<(), LlmError> {
        let Self { lines, frame: open } = self;
        lines.end(|line| open.line(line, &mut frame))?;
        open.line(b"", &mut frame)
    }
}

impl Frame {
    fn line(&mut self, line: &[u8], frame: &mut impl FnMut(&[u8]) -> Result<(), LlmError>) -> Result<(), LlmError> {
        if line.is_empty() {
            if !self.started {
                return Ok(());
            }
            self.started = false;
            let result = frame(&self.data);
            self.data.clear();
            return result;
        }
        let Some(value) = line.strip_prefix(b"data:") else { return Ok(()) };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if self.data.len() + value.len() > MAX_FRAME {
            return Err(LlmError::Garbage("a frame is too long"));
        }
        if self.started {
            self.data.push(b'\n');
        }
        self.started = true;
        self.data.extend_from_slice(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(chunks: &[&[u8]]) -> Result<Vec<String>, LlmError> {
        let mut found = Vec::new();
        let mut keep = |data: &[u8]| {
            found.push(String::from_utf8_lossy(data).into_owned());
            Ok(())
        };
        let mut sse = Sse::default();
        for chunk in chunks {
            sse.feed(chunk, &mut keep)?;
        }
        sse.end(&mut keep)?;
        Ok(found)
    }

    #[test]
    fn a_stream_cut_anywhere_reads_the_same() {
        let stream =
            ": hello\r\nevent: x\r\ndata: {\"a\":\"é€😀\"}\r\n\r\n\n\ndata:one\ndata: two\n\ndata\n\ndata: last";
        let whole = frames(&[stream.as_bytes()]).unwrap();
        assert_eq!(whole, ["{\"a\":\"é€😀\"}", "one\ntwo", "last"]);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            assert_eq!(frames(&[head, tail]).unwrap(), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(frames(&bytes).unwrap(), whole);
    }

    #[test]
    fn a_line_or_frame_without_end_is_refused() {
        let piece = vec![b'x'; 64 * 1024];
        let endless = std::iter::repeat_n(piece.as_slice(), 17).collect::<Vec<_>>();
        assert_eq!(frames(&endless), Err(LlmError::Garbage("a line is too long")));

        let line = [b"data: ".as_slice(), &piece, b"\n"].concat();
        let endless = std::iter::repeat_n(line.as_slice(), 17).collect::<Vec<_>>();
        assert_eq!(frames(&endless), Err(LlmError::Garbage("a frame is too long")));
    }
}
