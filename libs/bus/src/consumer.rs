//! Taking events: effect and inbox row in one transaction.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base::{telemetry, time::Clock};
use chrono::{DateTime, Utc};
use db::{Db, DbError, Session, on_db};
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use super::{Courier, CourierError, Event, ids::as_json, system};

/// Why a handler did not take an event.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    #[error(transparent)]
    Db(#[from] DbError),
    /// The payload can never be handled: a wrong schema, a broken invariant.
    #[error("{0}")]
    Poison(String),
}

impl From<HandleError> for CourierError {
    fn from(error: HandleError) -> Self {
        match error {
            // The database's absence is not the event's fault.
            HandleError::Db(error @ DbError::Unavailable(_)) => Self::Unavailable(error.to_string()),
            HandleError::Db(error) => Self::Retry(error.to_string()),
            HandleError::Poison(reason) => Self::Poison(reason),
        }
    }
}

/// The effect of an event, written in the database session it is given. Nothing else: that may hold the effects of other
/// events too, and is rolled back when one of them fails.
#[async_trait]
pub trait Handler: Send + Sync {
    async fn handle(&self, session: &mut Session, event: &Event) -> Result<(), HandleError>;
}

/// A service's interest in one subject.
#[derive(Clone)]
pub struct Consumer {
    /// Unique over all services: `<service>.<what it does>`. Part of the inbox key, so it never changes.
    pub name: &'static str,
    pub subject: &'static str,
    pub db: Db,
    pub handler: Arc<dyn Handler>,
}

impl Consumer {
    /// The way from an outbox to this consumer inside one process.
    pub fn in_process(self, clock: Clock) -> Arc<dyn Courier> {
        Arc::new(InProcess { consumer: self, clock })
    }

    /// Takes `events` in one transaction, all or none. Those it has taken before are passed over.
    pub(super) async fn take(&self, clock: &Clock, events: &[Event]) -> Result<(), CourierError> {
        self.try_take(clock, events).await.map_err(CourierError::from)
    }

    /// Remembers an event as taken without taking it.
    pub(super) async fn pass_over(&self, clock: &Clock, event: Uuid) -> Result<(), DbError> {
        let mut session = self.db.begin(&system()).await?;
        enter(&mut session, self.name, &[event], clock.now()).await?;
        session.commit().await
    }

    /// Whether it remembers the event.
    pub(super) async fn has_taken(&self, event: Uuid) -> Result<bool, DbError> {
        let mut session = self.db.read(&system()).await?;
        let found: Option<(Uuid,)> = on_db!(&mut session, conn => sqlx::query_as(
            "SELECT event_id FROM inbox WHERE consumer = $1 AND event_id = $2")
            .bind(self.name)
            .bind(event)
            .fetch_optional(conn)
            .await)?;
        Ok(found.is_some())
    }

    async fn try_take(&self, clock: &Clock, events: &[Event]) -> Result<(), HandleError> {
        let mut session = self.db.begin(&system()).await?;
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let mut fresh = enter(&mut session, self.name, &ids, clock.now()).await?;
        for event in events {
            // The same event twice in one batch is handled once.
            let Some(position) = fresh.iter().position(|id| *id == event.id) else { continue };
            fresh.swap_remove(position);
            let span = tracing::info_span!("event", trace_id = Empty, subject = %event.subject, consumer = self.name, id = %event.id);
            telemetry::set_parent(&span, event.trace.as_deref());
            self.handler.handle(&mut session, event).instrument(span).await?;
        }
        Ok(session.commit().await?)
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("name", &self.name).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Writes the inbox rows; which of the events were not there before.
async fn enter(
    session: &mut Session,
    consumer: &str,
    events: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbError> {
    let mut ids = events.to_vec();
    // In one order everywhere, or two replicas with the same events could wait for each other.
    ids.sort_unstable();
    let fresh: Vec<(Uuid,)> = match session {
        Session::Sqlite(conn) => {
            sqlx::query_as(
                "INSERT INTO inbox (consumer, event_id, handled_at)
                 SELECT $1, unhex(value), $3 FROM json_each($2) WHERE TRUE ON CONFLICT DO NOTHING RETURNING event_id",
            )
            .bind(consumer)
            .bind(as_json(&ids))
            .bind(now)
            .fetch_all(&mut **conn)
            .await?
        }
        Session::Postgres(conn) => {
            sqlx::query_as(
                "INSERT INTO inbox (consumer, event_id, handled_at)
                 SELECT $1, id, $3 FROM UNNEST($2) AS id ON CONFLICT DO NOTHING RETURNING event_id",
            )
            .bind(consumer)
            .bind(&ids)
            .bind(now)
            .fetch_all(&mut **conn)
            .await?
        }
    };
    Ok(fresh.into_iter().map(|(id,)| id).collect())
}

struct InProcess {
    consumer: Consumer,
    clock: Clock,
}

#[async_trait]
impl Courier for InProcess {
    async fn deliver(&self, event: &Event) -> Result<(), CourierError> {
        self.consumer.take(&self.clock, std::slice::from_ref(event)).await
    }
}
