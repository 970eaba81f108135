//! The events of a run, as a client receives them.

use reqwest::Response;
use serde_json::Value;

use super::TEST_TIMEOUT;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number in the run; `None` when it is not of the log.
    pub id: Option<i64>,
    pub kind: String,
    pub data: Value,
}

impl Event {
    /// Whether the run ends with it.
    pub fn is_terminal(&self) -> bool {
        matches!(self.kind.as_str(), "done" | "error")
    }
}

/// Events as they arrive. Dropped, the connection is cut.
#[derive(Debug)]
pub struct Events {
    response: Response,
    buffer: Vec<u8>,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        assert_eq!(kind, Some("text/event-stream"), "status {}", response.status());
        Self { response, buffer: Vec::new() }
    }

    /// The next event; `None` when the connection has ended, well or not.
    ///
    /// # Panics
    /// When nothing comes for [`TEST_TIMEOUT`].
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.take() {
                return Some(event);
            }
            if !self.receive().await {
                return None;
            }
        }
    }

    /// Everything up to the end of the connection.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// Everything up to and including the first event of this kind.
    ///
    /// # Panics
    /// When the connection ends before.
    pub async fn until(&mut self, kind: &str) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            let found = event.kind == kind;
            events.push(event);
            if found {
                return events;
            }
        }
        panic!("no {kind} among {events:#?}");
    }

    /// The whole events in the first `bytes` bytes of the connection, which is then cut, and whether it had ended before.
    pub async fn cut_after(mut self, bytes: usize) -> (Vec<Event>, bool) {
        let mut ended = false;
        while self.buffer.len() < bytes && !ended {
            ended = !self.receive().await;
        }
        self.buffer.truncate(bytes);
        (std::iter::from_fn(|| self.take()).collect(), ended)
    }

    /// Takes what has come; whether anything has.
    async fn receive(&mut self) -> bool {
        let chunk = tokio::time::timeout(TEST_TIMEOUT, self.response.chunk()).await.expect("something comes in time");
        let Ok(Some(chunk)) = chunk else { return false };
        self.buffer.extend_from_slice(&chunk);
        true
    }

    fn take(&mut self) -> Option<Event> {
        loop {
            let end = self.buffer.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let block = String::from_utf8(block).expect("events are UTF-8");
            if let Some(event) = parse(&block) {
                return Some(event);
            }
        }
    }
}

/// Strict about the frame: each field at most once, in one order. `None` for a comment.
fn parse(block: &str) -> Option<Event> {
    let mut lines = block.trim_end().lines().peekable();
    if lines.peek()?.starts_with(':') {
        return None;
    }
    let id = lines.next_if(|line| line.starts_with("id: ")).map(|line| line["id: ".len()..].parse().expect("a number"));
    let kind = lines.next().and_then(|line| line.strip_prefix("event: ")).expect("a type").to_owned();
    let data = lines.next().and_then(|line| line.strip_prefix("data: ")).expect("data");
    assert_eq!(lines.next(), None, "one line of data: {block}");
    Some(Event { id, kind, data: serde_json::from_str(data).expect("JSON") })
}

/// The answer's text.
pub fn text(events: &[Event]) -> String {
    let deltas = events.iter().filter(|event| event.kind == "delta");
    deltas.map(|delta| delta.data["text"].as_str().expect("a delta has text")).collect()
}

/// Checks the log of a run that has ended: numbered from 1 without a gap, `run` first and once, and exactly one terminal
/// event, which is the last and is returned.
///
/// # Panics
/// When the log is not like that.
pub fn check_log(events: &[Event]) -> &Event {
    let ids: Vec<Option<i64>> = events.iter().map(|event| event.id).collect();
    let wanted: Vec<Option<i64>> = (1..).take(events.len()).map(Some).collect();
    assert_eq!(ids, wanted, "{events:#?}");
    let places = |wanted: fn(&Event) -> bool| -> Vec<usize> {
        events.iter().enumerate().filter(|(_, event)| wanted(event)).map(|(place, _)| place).collect()
    };
    assert_eq!(places(|event| event.kind == "run"), [0], "{events:#?}");
    assert_eq!(places(Event::is_terminal), [events.len() - 1], "{events:#?}");
    &events[events.len() - 1]
}
