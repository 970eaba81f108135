//! Publishing: an event is a row of the outbox, written in the transaction of the change that it tells of.

use base::{
    telemetry,
    time::{Clock, Ids},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use db::{DbError, Session, execute};
use proto::Event;
use tokio::sync::watch;
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

/// Publishes the events of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outbox {
    ids: Ids,
    clock: Clock,
    published: watch::Sender<()>,
}

impl Outbox {
    pub fn new(ids: Ids, clock: Clock) -> Self {
        Self { ids, clock, published: watch::Sender::new(()) }
    }

    /// Publishes `message` as an event of the session's organisation that occurs now, if the session commits.
    ///
    /// # Panics
    /// In a session of no organisation.
    pub async fn publish<M: Event>(&self, session: &mut Session, message: &M) -> Result<(), DbError> {
        let event = EventRecord::new(self.ids.next(), session.org(), message, self.clock.now());
        self.publish_record(session, &event).await
    }

    /// [`publish`](Self::publish) for an event that was made earlier.
    ///
    /// # Panics
    /// In a session of another organisation than the event's.
    pub async fn publish_record(&self, session: &mut Session, event: &EventRecord) -> Result<(), DbError> {
        let own = session.scope().org().is_none_or(|org| org == event.org);
        assert!(own, "an event of another organisation is published in the session of {}", session.scope());
        // The log of runs is written in one session for all organisations, so the event says whose it is.
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
        let published = self.published.clone();
        session.on_commit(move || published.send_replace(()));
        Ok(())
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Changes when events were published.
    pub(super) fn published(&self) -> watch::Receiver<()> {
        self.published.subscribe()
    }
}
