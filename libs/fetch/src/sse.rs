//! Parser of server-sent events (WHATWG HTML §9.2.6), fed with the chunks of a response body.
//!
//! Comments and `retry` are skipped, and so are events without data. Lines end in LF or CRLF; a lone CR, which the
//! standard also allows, is not a line end here, because no server sends it.

use crate::lines::{LineSplitter, TooLong};

/// One event, borrowed from the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event` field; empty when there was none.
    pub name: &'a [u8],
    /// The `data` fields, joined by LF.
    pub data: &'a [u8],
    /// The last `id` of the stream so far; empty when there was none.
    pub last_id: &'a [u8],
}

/// Assembles events from byte chunks.
#[derive(Debug)]
pub struct EventParser {
    lines: LineSplitter,
    event: PartialEvent,
}

#[derive(Debug)]
struct PartialEvent {
    name: Vec<u8>,
    data: Vec<u8>,
    last_id: Vec<u8>,
    /// Whether there was a `data` field: an event whose data is empty is still an event.
    has_data: bool,
    is_first_line: bool,
    limit: usize,
}

impl EventParser {
    /// A line or an event of more than `limit` bytes is an error.
    pub fn new(limit: usize) -> Self {
        let (name, data, last_id) = (Vec::new(), Vec::new(), Vec::new());
        let event = PartialEvent { name, data, last_id, has_data: false, is_first_line: true, limit };
        Self { lines: LineSplitter::new(limit), event }
    }

    /// Calls `on_event` for every event that `chunk` completes.
    ///
    /// # Errors
    /// [`TooLong`], or the first error of `on_event`.
    pub fn feed<E: From<TooLong>>(
        &mut self,
        chunk: &[u8],
        mut on_event: impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { lines, event } = self;
        lines.feed(chunk, |line| event.line(line, &mut on_event))
    }

    /// Calls `on_event` for a last event without a blank line after it. The standard discards it, but some model
    /// servers close the connection right after their last event.
    ///
    /// # Errors
    /// As for [`EventParser::feed`].
    pub fn finish<E: From<TooLong>>(&mut self, mut on_event: impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        let Self { lines, event } = self;
        lines.finish(|line| event.line(line, &mut on_event))?;
        event.dispatch(&mut on_event)
    }
}

impl PartialEvent {
    fn line<E: From<TooLong>>(
        &mut self,
        line: &[u8],
        on_event: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if line.is_empty() {
            return self.dispatch(on_event);
        }
        // The stream may begin with a byte order mark.
        let line = if self.is_first_line { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line) } else { line };
        self.is_first_line = false;
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.append_data(value)?,
            b"event" => value.clone_into(&mut self.name),
            b"id" if !value.contains(&0) => value.clone_into(&mut self.last_id),
            _ => {}
        }
        Ok(())
    }

    fn append_data(&mut self, value: &[u8]) -> Result<(), TooLong> {
        if self.data.len() + value.len() > self.limit {
            return Err(TooLong::Event);
        }
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        self.data.extend_from_slice(value);
        Ok(())
    }

    fn dispatch<E>(&mut self, on_event: &mut impl FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        let result = if self.has_data {
            on_event(Event { name: &self.name, data: &self.data, last_id: &self.last_id })
        } else {
            Ok(())
        };
        self.has_data = false;
        self.name.clear();
        self.data.clear();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    /// `name|data|last_id` of each event.
    fn events(chunks: &[&[u8]]) -> Result<Vec<String>, TooLong> {
        let mut found = Vec::new();
        let mut on_event = |event: Event<'_>| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            found.push(format!("{}|{}|{}", text(event.name), text(event.data), text(event.last_id)));
            Ok(())
        };
        let mut parser = EventParser::new(LIMIT);
        for chunk in chunks {
            parser.feed(chunk, &mut on_event)?;
        }
        parser.finish(&mut on_event)?;
        Ok(found)
    }

    #[test]
    fn a_stream_cut_anywhere_parses_the_same() {
        let stream = "\u{feff}: hello\r\nid: 7\r\nevent: x\r\ndata: {\"a\":\"é€😀\"}\r\n\r\n\n\ndata:one\ndata: two\nretry: 9\n\n\
                      event: no data\n\ndata\n\nid:8\ndata:  last";
        let whole = events(&[stream.as_bytes()]).unwrap();
        assert_eq!(whole, ["x|{\"a\":\"é€😀\"}|7", "|one\ntwo|7", "||7", "| last|8"]);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            assert_eq!(events(&[head, tail]).unwrap(), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(events(&bytes).unwrap(), whole);
    }

    #[test]
    fn an_endless_line_or_event_is_refused() {
        let piece = vec![b'x'; 64 * 1024];
        let endless = std::iter::repeat_n(piece.as_slice(), 17).collect::<Vec<_>>();
        assert_eq!(events(&endless), Err(TooLong::Line));

        let line = [b"data: ".as_slice(), &piece, b"\n"].concat();
        let endless = std::iter::repeat_n(line.as_slice(), 17).collect::<Vec<_>>();
        assert_eq!(events(&endless), Err(TooLong::Event));
    }
}
