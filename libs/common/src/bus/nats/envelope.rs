//! An event as a message: the payload is the event's, everything else is in headers.

use async_nats::{HeaderMap, HeaderValue, header::NATS_MESSAGE_ID};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};

use super::super::Event;

const ID: &str = "Gooseek-Id";
const SUBJECT: &str = "Gooseek-Subject";
const ORG: &str = "Gooseek-Org";
const OCCURRED_AT: &str = "Gooseek-Occurred-At";
const TRACE: &str = "traceparent";

/// The headers of `event`; the broker drops a second message of the same `message_id` within its duplicate window.
pub(super) fn headers(event: &Event, message_id: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(message_id) = message_id {
        headers.insert(NATS_MESSAGE_ID, message_id);
    }
    headers.insert(ID, event.id.to_string());
    headers.insert(SUBJECT, line(&event.subject));
    headers.insert(ORG, event.org.to_string());
    headers.insert(OCCURRED_AT, event.occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true));
    if let Some(trace) = &event.trace {
        headers.insert(TRACE, line(trace));
    }
    headers
}

/// The event of a message; `None` when it is none of ours.
pub(super) fn event(headers: Option<&HeaderMap>, payload: &Bytes) -> Option<Event> {
    let headers = headers?;
    Some(Event {
        id: text(headers, ID)?.parse().ok()?,
        subject: text(headers, SUBJECT)?.to_owned(),
        org: text(headers, ORG)?.parse().ok()?,
        payload: payload.clone(),
        occurred_at: text(headers, OCCURRED_AT)?.parse::<DateTime<Utc>>().ok()?,
        trace: text(headers, TRACE).map(str::to_owned),
    })
}

/// The value of a header.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::as_str)
}

/// `text` as a header can carry it: on one line.
pub(super) fn line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
