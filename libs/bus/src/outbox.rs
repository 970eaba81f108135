//! Publishing: an event is a row of the outbox, written in the transaction of the change that it tells of.

use base::{
    telemetry,
    time::{Clock, Ids},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use proto::Event;
use uuid::Uuid;

/// An event as it is stored and sent, whatever its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Also the id by which a broker detects duplicates.
    pub id: Uuid,
    pub subject: String,
    pub org: Uuid,
    /// The encoded message.
    pub payload: Bytes,
    pub occurred_at: DateTime<Utc>,
    /// W3C `traceparent` of its cause.
    pub trace: Option<String>,
}

impl EventRecord {
    /// `message` as an event of `org`, caused by the current span.
    pub fn new<M: Event>(id: Uuid, org: Uuid, message: &M, occurred_at: DateTime<Utc>) -> Self {
        Self {
            id,
            subject: M::SUBJECT.to_owned(),
            org,
            payload: message.encode_to_vec().into(),
            occurred_at,
            trace: telemetry::current_traceparent(),
        }
    }
}

/// Publishes `message` as an event of `org` that occurred now, if the caller's transaction commits.
pub async fn publish<M: Event>(
    session: &mut Session,
    ids: &Ids,
    clock: &Clock,
    org: Uuid,
    message: &M,
) -> Result<(), DbError> {
    publish_record(session, &EventRecord::new(ids.next(), org, message, clock.now())).await
}

/// [`publish`] for an event that was made earlier.
pub async fn publish_record(session: &mut Session, event: &EventRecord) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO outbox (id, subject, org, payload, trace, expanded, occurred_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(event.id)
        .bind(&event.subject)
        .bind(event.org)
        .bind(event.payload.as_ref())
        .bind(&event.trace)
        .bind(false)
        .bind(event.occurred_at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}
