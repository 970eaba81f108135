//! Consumers: the effect of an event and its inbox row are committed in one transaction.

use std::{fmt, marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use base::{telemetry, time::Clock};
use chrono::{DateTime, Utc};
use db::{Db, DbError, Session, fetch_all};
use proto::{Event, convert::InvalidId};
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use super::{
    DeliveryError, EventRecord, EventSink, SYSTEM, SubjectPattern,
    dead_letters::{self, DeadLetterKey, NewDeadLetter},
    ids::as_json,
    system,
};

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    #[error(transparent)]
    Db(#[from] DbError),
    /// The event can never be handled: a wrong schema, a broken invariant.
    #[error("{0}")]
    Poison(String),
}

impl From<InvalidId> for HandleError {
    fn from(error: InvalidId) -> Self {
        Self::Poison(error.to_string())
    }
}

impl From<HandleError> for DeliveryError {
    fn from(error: HandleError) -> Self {
        match error {
            // An unreachable database says nothing about the event.
            HandleError::Db(error @ DbError::Unavailable(_)) => Self::Unavailable(error.to_string()),
            HandleError::Db(error) => Self::Retry(error.to_string()),
            HandleError::Poison(reason) => Self::Poison(reason),
        }
    }
}

/// An event as its handler gets it.
#[derive(Debug, Clone)]
pub struct Received<M> {
    pub id: Uuid,
    pub org: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub message: M,
}

/// Applies events of one message. A payload that is not such a message never gets here; it becomes a dead letter.
#[async_trait]
pub trait Handler<M: Event>: Send + Sync {
    /// Writes the effect of `event` in `session`, which is that of the event's organisation; a handler that knows the user
    /// narrows it ([`Session::narrow_to`]). It does nothing else: the transaction may hold the effects of other events and is
    /// rolled back when one of them fails.
    async fn handle(&self, session: &mut Session, event: &Received<M>) -> Result<(), HandleError>;
}

/// Applies events whatever their message; for consumers of a pattern of subjects.
#[async_trait]
pub trait RecordHandler: Send + Sync {
    /// See [`Handler::handle`].
    async fn handle(&self, session: &mut Session, event: &EventRecord) -> Result<(), HandleError>;
}

/// A service's interest in the events of some subjects.
#[derive(Clone)]
pub struct Consumer {
    /// Unique over all services: `<service>.<what it does>`. Part of the inbox key, so it never changes.
    pub name: &'static str,
    pub subjects: SubjectPattern,
    pub(super) db: Db,
    handler: Arc<dyn RecordHandler>,
}

impl Consumer {
    /// Receives the events of one message.
    pub fn new<M: Event>(name: &'static str, db: Db, handler: impl Handler<M> + 'static) -> Self {
        Self::of_subjects(name, SubjectPattern::new(M::SUBJECT), db, Decoding { handler, message: PhantomData })
    }

    /// Receives the events of all subjects of a pattern.
    pub fn of_subjects(
        name: &'static str,
        subjects: SubjectPattern,
        db: Db,
        handler: impl RecordHandler + 'static,
    ) -> Self {
        Self { name, subjects, db, handler: Arc::new(handler) }
    }

    /// Delivers to this consumer inside one process.
    pub fn in_process(self, clock: Clock) -> Arc<dyn EventSink> {
        Arc::new(InProcess { consumer: self, clock })
    }

    /// Handles `events` in one transaction, all or none. Those that were handled before are skipped.
    pub(super) async fn process(&self, clock: &Clock, events: &[EventRecord]) -> Result<(), DeliveryError> {
        self.try_process(clock, events).await.map_err(DeliveryError::from)
    }

    /// Stores an event that is given up, and remembers it as handled, so that a redelivery changes nothing.
    pub(super) async fn dead_letter(&self, clock: &Clock, letter: NewDeadLetter) -> Result<(), DbError> {
        let mut session = self.db.begin(&system()).await?;
        if insert_inbox(&mut session, self.name, &[letter.event_id], clock.now()).await?.is_empty() {
            return Ok(());
        }
        dead_letters::insert(&mut session, self.name, &letter).await?;
        session.commit().await?;
        tracing::error!(id = %letter.event_id, consumer = self.name, reason = letter.reason, "event became a dead letter");
        Ok(())
    }

    /// Handles the event of a dead letter and deletes the letter in a session that is to be committed; `None` when the letter
    /// is gone.
    pub(super) async fn replay(
        &self,
        key: &DeadLetterKey,
        event: &EventRecord,
    ) -> Result<Option<Session>, HandleError> {
        let mut session = self.db.begin(&system()).await?;
        if !dead_letters::delete(&mut session, key).await? {
            return Ok(None);
        }
        self.handle(&mut session, event).await?;
        Ok(Some(session))
    }

    async fn try_process(&self, clock: &Clock, events: &[EventRecord]) -> Result<(), HandleError> {
        let mut session = self.db.begin(&system()).await?;
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let mut fresh = insert_inbox(&mut session, self.name, &ids, clock.now()).await?;
        for event in events {
            // The same event twice in one batch is handled once.
            let Some(position) = fresh.iter().position(|id| *id == event.id) else { continue };
            fresh.swap_remove(position);
            self.handle(&mut session, event).await?;
        }
        Ok(session.commit().await?)
    }

    async fn handle(&self, session: &mut Session, event: &EventRecord) -> Result<(), HandleError> {
        let span = tracing::info_span!("event", trace_id = Empty, subject = %event.subject, consumer = self.name, id = %event.id);
        telemetry::set_parent(&span, event.trace.as_deref());
        session.enter(SYSTEM.organisation(event.org)).await?;
        self.handler.handle(session, event).instrument(span).await
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("name", &self.name).field("subjects", &self.subjects).finish_non_exhaustive()
    }
}

/// A handler of one message behind the common trait.
struct Decoding<M, H> {
    handler: H,
    message: PhantomData<fn() -> M>,
}

#[async_trait]
impl<M: Event, H: Handler<M>> RecordHandler for Decoding<M, H> {
    async fn handle(&self, session: &mut Session, event: &EventRecord) -> Result<(), HandleError> {
        let message = M::decode(event.payload.clone())
            .map_err(|error| HandleError::Poison(format!("not a message of {}: {error}", M::SUBJECT)))?;
        let received = Received { id: event.id, org: event.org, occurred_at: event.occurred_at, message };
        self.handler.handle(session, &received).await
    }
}

struct InProcess {
    consumer: Consumer,
    clock: Clock,
}

#[async_trait]
impl EventSink for InProcess {
    async fn deliver(&self, event: &EventRecord) -> Result<(), DeliveryError> {
        self.consumer.process(&self.clock, std::slice::from_ref(event)).await
    }

    async fn dead_letter(&self, event: &EventRecord, attempts: i64, reason: &str) -> Result<bool, DeliveryError> {
        let stored = self.consumer.dead_letter(&self.clock, NewDeadLetter::new(event, attempts, reason)).await;
        stored.map(|()| true).map_err(|error| HandleError::from(error).into())
    }
}

/// Writes the inbox rows of `events`; returns those that had none.
async fn insert_inbox(
    session: &mut Session,
    consumer: &str,
    events: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbError> {
    let mut ids = events.to_vec();
    // In one order everywhere, or two replicas with the same events could deadlock.
    ids.sort_unstable();
    let fresh: Vec<(Uuid,)> = if session.is_sqlite() {
        fetch_all!(
            session,
            any on sqlite: "INSERT INTO inbox (consumer, event_id, handled_at)
                SELECT $1, unhex(value), $3 FROM json_each($2) WHERE TRUE ON CONFLICT DO NOTHING RETURNING event_id",
            consumer,
            as_json(&ids),
            now
        )?
    } else {
        fetch_all!(
            session,
            any on postgres: "INSERT INTO inbox (consumer, event_id, handled_at)
                SELECT $1, id, $3 FROM UNNEST($2) AS id ON CONFLICT DO NOTHING RETURNING event_id",
            consumer,
            &ids,
            now
        )?
    };
    Ok(fresh.into_iter().map(|(id,)| id).collect())
}
