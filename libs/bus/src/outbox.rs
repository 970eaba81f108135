//! Writing events beside the change they tell of.

use base::telemetry;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use db::{DbError, Session, execute};
use uuid::Uuid;

/// A fact. `subject` is `gooseek.<service>.<entity>.<fact>.v<version>`, `payload` the protobuf message of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Also the id a broker deduplicates by.
    pub id: Uuid,
    pub subject: String,
    pub org: Uuid,
    pub payload: Bytes,
    pub occurred_at: DateTime<Utc>,
    /// W3C `traceparent` of what caused it.
    pub trace: Option<String>,
}

impl Event {
    /// An event of this moment, caused by the current span.
    pub fn new(id: Uuid, subject: &str, org: Uuid, payload: impl Into<Bytes>, occurred_at: DateTime<Utc>) -> Self {
        let trace = telemetry::current_traceparent();
        Self { id, subject: subject.to_owned(), org, payload: payload.into(), occurred_at, trace }
    }
}

/// Writes `event` in the caller's transaction; call [`super::Relay::wake`] after the commit.
///
/// # Panics
/// When the event is another organisation's than the session.
pub async fn publish(session: &mut Session, event: &Event) -> Result<(), DbError> {
    let own = session.scope().org().is_none_or(|org| org == event.org);
    assert!(own, "an event of another organisation is published in the session of {}", session.scope());
    // The log of runs is written in one session for all organisations, so that the event says whose it is.
    execute!(
        session,
        unscoped: "INSERT INTO outbox (id, subject, org, payload, trace, fanned_out, occurred_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)",
        event.id,
        &event.subject,
        event.org,
        event.payload.as_ref(),
        &event.trace,
        false,
        event.occurred_at
    )?;
    Ok(())
}
