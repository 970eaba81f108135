//! An event as a message: the payload is the event's own, everything else is in headers. Dead letters are stored in the same
//! form, so that a message of a newer program can be read by that program later.

use std::str::FromStr;

use async_nats::{HeaderMap, HeaderValue, header::NATS_MESSAGE_ID};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::EventRecord;

/// Version of the envelope, not of the payload, whose version is in the subject. A message without one has the first.
const VERSION: &str = "Gooseek-Version";
const CURRENT_VERSION: &str = "1";
const ID: &str = "Gooseek-Id";
const SUBJECT: &str = "Gooseek-Subject";
const ORG: &str = "Gooseek-Org";
const OCCURRED_AT: &str = "Gooseek-Occurred-At";
const TRACE: &str = "traceparent";
/// Characters of an unknown version that are shown.
const VERSION_SHOWN_LIMIT: usize = 20;

/// Why a message cannot be read as an event.
#[derive(Debug, thiserror::Error)]
pub(super) enum EnvelopeError {
    #[error("not an event")]
    NotAnEvent,
    #[error("an envelope of version {0}, which this program does not know")]
    UnknownVersion(String),
}

/// What is known of a message that may be unreadable.
pub(super) struct PartialEnvelope {
    pub(super) id: Uuid,
    pub(super) subject: String,
    pub(super) org: Option<Uuid>,
    pub(super) occurred_at: DateTime<Utc>,
}

impl PartialEnvelope {
    /// What the headers say, and where they say nothing, what this says.
    pub(super) fn completed_by(self, headers: &HeaderMap) -> Self {
        Self {
            id: parsed(headers, ID).unwrap_or(self.id),
            subject: text(headers, SUBJECT).map_or(self.subject, single_line),
            org: parsed(headers, ORG).or(self.org),
            occurred_at: parsed(headers, OCCURRED_AT).unwrap_or(self.occurred_at),
        }
    }
}

/// The headers of `event`. The broker drops a second message with the same id within its duplicate window.
pub(super) fn message_headers(event: &EventRecord) -> HeaderMap {
    let mut headers = headers(event);
    headers.insert(NATS_MESSAGE_ID, event.id.to_string());
    headers
}

/// The envelope of `event`.
pub(super) fn headers(event: &EventRecord) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(VERSION, CURRENT_VERSION);
    headers.insert(ID, event.id.to_string());
    headers.insert(SUBJECT, single_line(&event.subject));
    headers.insert(ORG, event.org.to_string());
    headers.insert(OCCURRED_AT, event.occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true));
    if let Some(trace) = &event.trace {
        headers.insert(TRACE, single_line(trace));
    }
    headers
}

/// The event of a message.
pub(super) fn event(headers: &HeaderMap, payload: &Bytes) -> Result<EventRecord, EnvelopeError> {
    match text(headers, VERSION) {
        None | Some(CURRENT_VERSION) => {}
        Some(other) => {
            let shown = single_line(other).chars().take(VERSION_SHOWN_LIMIT).collect();
            return Err(EnvelopeError::UnknownVersion(shown));
        }
    }
    let read = || {
        Some(EventRecord {
            id: parsed(headers, ID)?,
            subject: text(headers, SUBJECT)?.to_owned(),
            org: parsed(headers, ORG)?,
            payload: payload.clone(),
            occurred_at: parsed(headers, OCCURRED_AT)?,
            trace: text(headers, TRACE).map(str::to_owned),
        })
    };
    read().ok_or(EnvelopeError::NotAnEvent)
}

/// Headers as JSON, a list of names and values.
pub(super) fn to_json(headers: &HeaderMap) -> String {
    let pairs =
        headers.iter().flat_map(|(name, values)| values.iter().map(move |value| (name.as_ref(), value.as_str())));
    serde_json::to_string(&pairs.collect::<Vec<(&str, &str)>>()).expect("pairs of strings are JSON")
}

/// Headers that [`to_json`] wrote; names and values that NATS does not allow are left out.
pub(super) fn from_json(text: &str) -> HeaderMap {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        if let (Ok(name), Ok(value)) = (name.parse::<async_nats::HeaderName>(), value.parse::<HeaderValue>()) {
            headers.append(name, value);
        }
    }
    headers
}

/// `text` as a header can carry it.
pub(super) fn single_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::as_str)
}

fn parsed<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}
