//! Server-sent events of a response, one at a time.

use std::collections::VecDeque;

use fetch::sse::EventParser;
use reqwest::Response;

/// The largest event that is read (bytes): far more than a whole answer with its sources.
const EVENT_SIZE_LIMIT: usize = 16 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Sequence number of the last event that had one.
    pub(super) id: Option<i64>,
    pub(super) name: String,
    pub(super) data: String,
}

/// The events of a response as they arrive.
pub(super) struct EventStream {
    response: Response,
    parser: EventParser,
    parsed: VecDeque<Event>,
}

impl EventStream {
    pub(super) fn new(response: Response) -> Self {
        Self { response, parser: EventParser::new(EVENT_SIZE_LIMIT), parsed: VecDeque::new() }
    }

    /// The next event; `None` at the end of the response. An event cut off by the end is dropped.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            if let Some(event) = self.parsed.pop_front() {
                return Ok(Some(event));
            }
            let Some(chunk) = self.response.chunk().await? else { return Ok(None) };
            self.parser.feed(&chunk, |event| {
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let id = text(event.last_id).parse().ok();
                self.parsed.push_back(Event { id, name: text(event.name), data: text(event.data) });
                anyhow::Ok(())
            })?;
        }
    }
}
