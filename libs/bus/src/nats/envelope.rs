//! An event as a message: the payload is the event's, everything else is in headers.

use std::str::FromStr;

use async_nats::{HeaderMap, HeaderValue, header::NATS_MESSAGE_ID};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::super::Event;

/// Of the envelope, not of the payload, whose version is in the subject. A message that names none is of the first.
const VERSION: &str = "Gooseek-Version";
const CURRENT: &str = "1";
/// The version of what is no event at all.
const NONE: &str = "none";
/// Characters of a foreign version that are shown.
const SHOWN: usize = 20;
const ID: &str = "Gooseek-Id";
const SUBJECT: &str = "Gooseek-Subject";
const ORG: &str = "Gooseek-Org";
const OCCURRED_AT: &str = "Gooseek-Occurred-At";
const TRACE: &str = "traceparent";
/// Says that the operator gave an event up, in place of the event.
const DROPPED: &str = "Gooseek-Dropped";

/// Why a message is no event to us.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("not an event")]
    Foreign,
    #[error("an envelope of version {0}, which this program does not know")]
    Version(String),
}

/// What can be told of a message that may be unreadable.
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) subject: String,
    pub(super) org: Option<Uuid>,
    pub(super) occurred_at: DateTime<Utc>,
}

/// The headers of `event`; the broker drops a second message of the same `message_id` within its duplicate window.
pub(super) fn headers(event: &Event, message_id: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(message_id) = message_id {
        headers.insert(NATS_MESSAGE_ID, message_id);
    }
    headers.insert(VERSION, CURRENT);
    headers.insert(ID, event.id.to_string());
    headers.insert(SUBJECT, line(&event.subject));
    headers.insert(ORG, event.org.to_string());
    headers.insert(OCCURRED_AT, time(event.occurred_at));
    if let Some(trace) = &event.trace {
        headers.insert(TRACE, line(trace));
    }
    headers
}

/// The event of a message.
pub(super) fn event(headers: Option<&HeaderMap>, payload: &Bytes) -> Result<Event, Unreadable> {
    let headers = headers.ok_or(Unreadable::Foreign)?;
    match text(headers, VERSION) {
        None | Some(CURRENT) => {}
        Some(NONE) => return Err(Unreadable::Foreign),
        Some(other) => return Err(Unreadable::Version(line(other).chars().take(SHOWN).collect())),
    }
    let Known { id, subject, org, occurred_at } = known(headers).ok_or(Unreadable::Foreign)?;
    let org = org.ok_or(Unreadable::Foreign)?;
    let trace = text(headers, TRACE).map(str::to_owned);
    Ok(Event { id, subject, org, payload: payload.clone(), occurred_at, trace })
}

/// `None` when it cannot even be named.
pub(super) fn known(headers: &HeaderMap) -> Option<Known> {
    Some(Known {
        id: parsed(headers, ID)?,
        subject: text(headers, SUBJECT)?.to_owned(),
        org: parsed(headers, ORG),
        occurred_at: parsed(headers, OCCURRED_AT)?,
    })
}

/// Adds what an unreadable message lacks from `seen`; what can be told of it then. What has no version gets one that is
/// none, so that it is not taken for an event from then on.
pub(super) fn complete(headers: &mut HeaderMap, seen: Known) -> Known {
    if text(headers, VERSION).is_none_or(|version| version == CURRENT) {
        headers.insert(VERSION, NONE);
    }
    let found = Known {
        id: parsed(headers, ID).unwrap_or(seen.id),
        subject: text(headers, SUBJECT).map_or(seen.subject, line),
        org: parsed(headers, ORG),
        occurred_at: parsed(headers, OCCURRED_AT).unwrap_or(seen.occurred_at),
    };
    if parsed::<Uuid>(headers, ID).is_none() {
        headers.insert(ID, found.id.to_string());
    }
    if parsed::<DateTime<Utc>>(headers, OCCURRED_AT).is_none() {
        headers.insert(OCCURRED_AT, time(found.occurred_at));
    }
    headers.insert(SUBJECT, found.subject.as_str());
    found
}

/// The headers whose names are `wanted`.
pub(super) fn copied(headers: &HeaderMap, wanted: impl Fn(&str) -> bool) -> HeaderMap {
    let mut copy = HeaderMap::new();
    for (name, values) in headers.iter().filter(|(name, _)| wanted(name.as_ref())) {
        for value in values {
            copy.append(name.clone(), value.clone());
        }
    }
    copy
}

/// The headers that say of an event that it was given up.
pub(super) fn dropping(event: Uuid) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(VERSION, CURRENT);
    headers.insert(DROPPED, event.to_string());
    headers
}

/// The event that the operator gave up, if this says so.
pub(super) fn dropped(headers: Option<&HeaderMap>) -> Option<Uuid> {
    parsed(headers?, DROPPED)
}

/// The value of a header.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::as_str)
}

fn parsed<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// `text` as a header can carry it: on one line.
pub(super) fn line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
