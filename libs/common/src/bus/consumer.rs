//! Taking events: effect and inbox row in one transaction.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{Courier, CourierError, Event};
use crate::{
    db::{Db, DbError, Scope, Session, SystemScope},
    on_db,
    time::Clock,
};

/// Why a handler did not take an event.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    #[error(transparent)]
    Db(#[from] DbError),
    /// The payload can never be handled: a wrong schema, a broken invariant.
    #[error("{0}")]
    Poison(String),
}

/// The effect of an event, written in the session it is given.
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
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("name", &self.name).field("subject", &self.subject).finish_non_exhaustive()
    }
}

struct InProcess {
    consumer: Consumer,
    clock: Clock,
}

#[async_trait]
impl Courier for InProcess {
    async fn deliver(&self, event: &Event) -> Result<(), CourierError> {
        take(&self.consumer, &self.clock, event).await.map_err(|error| match error {
            HandleError::Db(error) => CourierError::Retry(error.to_string()),
            HandleError::Poison(reason) => CourierError::Poison(reason),
        })
    }
}

async fn take(consumer: &Consumer, clock: &Clock, event: &Event) -> Result<(), HandleError> {
    let scope = Scope::from(SystemScope::new());
    let mut session = consumer.db.begin(&scope).await?;
    let fresh = on_db!(&mut session, conn => sqlx::query(
        "INSERT INTO inbox (consumer, event_id, handled_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(consumer.name)
        .bind(event.id)
        .bind(clock.now())
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
    .map_err(DbError::from)?;
    if !fresh {
        return Ok(());
    }
    consumer.handler.handle(&mut session, event).await?;
    session.commit().await?;
    Ok(())
}
