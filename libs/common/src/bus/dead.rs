//! Events a consumer could not take: listed, replayed, dropped.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Relay;
use crate::{
    db::{Db, DbError, Scope, SystemScope},
    on_db,
    time::Clock,
};

/// One event one consumer gave up on.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub struct DeadLetter {
    pub id: Uuid,
    pub consumer: String,
    pub subject: String,
    pub org: Uuid,
    pub attempts: i64,
    pub error: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// The dead letters of one service's outbox.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    db: Db,
    clock: Clock,
    relay: Relay,
}

impl DeadLetters {
    pub fn new(db: Db, clock: Clock, relay: Relay) -> Self {
        Self { db, clock, relay }
    }

    /// Those of one organisation, the oldest first, at most 100.
    pub async fn list(&self, org: Uuid) -> Result<Vec<DeadLetter>, DbError> {
        let mut session = self.db.read(&Scope::from(SystemScope::new())).await?;
        let letters = on_db!(&mut session, conn => sqlx::query_as(
            "SELECT o.id, d.consumer, o.subject, o.org, d.attempts, d.error, o.occurred_at
             FROM outbox_deliveries d JOIN outbox o ON o.id = d.event_id
             WHERE d.state = 'dead' AND o.org = $1 ORDER BY o.id LIMIT 100")
            .bind(org)
            .fetch_all(conn)
            .await)?;
        Ok(letters)
    }

    /// Delivers again, with all attempts; whether there was such a letter.
    pub async fn replay(&self, id: Uuid, consumer: &str) -> Result<bool, DbError> {
        let mut session = self.db.begin(&Scope::from(SystemScope::new())).await?;
        let replayed = on_db!(&mut session, conn => sqlx::query(
            "UPDATE outbox_deliveries SET state = 'pending', attempts = 0, next_at = $3, error = NULL
             WHERE event_id = $1 AND consumer = $2 AND state = 'dead'")
            .bind(id)
            .bind(consumer)
            .bind(self.clock.now())
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0))?;
        session.commit().await?;
        self.relay.wake();
        Ok(replayed)
    }

    /// Gives the event up for this consumer; whether there was such a letter.
    pub async fn drop_letter(&self, id: Uuid, consumer: &str) -> Result<bool, DbError> {
        let mut session = self.db.begin(&Scope::from(SystemScope::new())).await?;
        let dropped = on_db!(&mut session, conn => sqlx::query(
            "UPDATE outbox_deliveries SET state = 'done' WHERE event_id = $1 AND consumer = $2 AND state = 'dead'")
            .bind(id)
            .bind(consumer)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0))?;
        session.commit().await?;
        Ok(dropped)
    }
}
