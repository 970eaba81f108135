//! Events a consumer could not take: listed, replayed, dropped.

use base::{Problem, time::Clock};
use chrono::{DateTime, Utc};
use db::{Db, DbError, on_db};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Nats, NatsError, Relay, system};

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

impl DeadLetter {
    /// Where it stands in a list.
    pub fn key(&self) -> LetterKey {
        LetterKey { id: self.id, consumer: self.consumer.clone() }
    }
}

/// Which letter: letters are in the order of these, which is about that of their events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LetterKey {
    pub id: Uuid,
    pub consumer: String,
}

impl LetterKey {
    /// Before every letter.
    pub fn start() -> Self {
        Self { id: Uuid::nil(), consumer: String::new() }
    }
}

/// Why dead letters cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Broker(#[from] NatsError),
}

impl From<BusError> for Problem {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Db(error) => error.into(),
            BusError::Broker(error) => {
                tracing::error!(%error, "broker unavailable");
                Self::unavailable("the broker does not answer")
            }
        }
    }
}

/// The dead letters of one service's events: those its outbox could not deliver, and with a broker those that consumers
/// put aside there.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    service: &'static str,
    db: Db,
    clock: Clock,
    relay: Relay,
    broker: Option<Nats>,
}

impl DeadLetters {
    pub fn new(service: &'static str, db: Db, clock: Clock, relay: Relay, broker: Option<Nats>) -> Self {
        Self { service, db, clock, relay, broker }
    }

    /// At most `limit` letters of one organisation, and of nobody, that come after `after`, in the order of their keys.
    pub async fn list(&self, org: Uuid, after: &LetterKey, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        let mut letters = self.undelivered(org, after, limit).await?;
        if let Some(broker) = &self.broker {
            letters.extend(broker.letters(self.service, org, after, limit).await?);
            letters.sort_by_key(DeadLetter::key);
            letters.truncate(limit);
        }
        Ok(letters)
    }

    /// Delivers to this consumer again, with all attempts; whether there was such a letter of this organisation or of nobody.
    pub async fn replay(&self, org: Uuid, key: &LetterKey) -> Result<bool, BusError> {
        if self.settle(org, key, "pending").await? {
            self.relay.wake_takers();
            return Ok(true);
        }
        match &self.broker {
            Some(broker) => Ok(broker.replay_letter(self.service, org, key).await?),
            None => Ok(false),
        }
    }

    /// Gives the event up for this consumer, who will not get it from a resync either; whether there was such a letter of this
    /// organisation.
    pub async fn drop_letter(&self, org: Uuid, key: &LetterKey) -> Result<bool, BusError> {
        if self.settle(org, key, "dropped").await? {
            return Ok(true);
        }
        match &self.broker {
            Some(broker) => Ok(broker.drop_letter(self.service, Some(org), key).await?),
            None => Ok(false),
        }
    }

    /// Whether there is such a letter that no organisation can be read from.
    pub async fn is_nobodys(&self, key: &LetterKey) -> Result<bool, BusError> {
        match &self.broker {
            Some(broker) => Ok(broker.is_nobodys(self.service, key).await?),
            None => Ok(false),
        }
    }

    /// [`drop_letter`](Self::drop_letter) for a letter that no organisation can be read from. For those who answer for all
    /// organisations.
    pub async fn drop_nobodys(&self, key: &LetterKey) -> Result<bool, BusError> {
        match &self.broker {
            Some(broker) => Ok(broker.drop_letter(self.service, None, key).await?),
            None => Ok(false),
        }
    }

    async fn undelivered(&self, org: Uuid, after: &LetterKey, limit: usize) -> Result<Vec<DeadLetter>, DbError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut session = self.db.read(&system()).await?;
        let letters = on_db!(&mut session, conn => sqlx::query_as(
            "SELECT o.id, d.consumer, o.subject, o.org, d.attempts, d.error, o.occurred_at
             FROM outbox_deliveries d JOIN outbox o ON o.id = d.event_id
             WHERE d.state = 'dead' AND o.org = $1 AND (o.id, d.consumer) > ($2, $3)
             ORDER BY o.id, d.consumer LIMIT $4")
            .bind(org)
            .bind(after.id)
            .bind(&after.consumer)
            .bind(limit)
            .fetch_all(conn)
            .await)?;
        Ok(letters)
    }

    /// Makes a dead delivery of the outbox `pending` or `dropped`; whether there was one.
    async fn settle(&self, org: Uuid, key: &LetterKey, state: &str) -> Result<bool, DbError> {
        let mut session = self.db.begin(&system()).await?;
        let settled = on_db!(&mut session, conn => sqlx::query(
            "UPDATE outbox_deliveries SET state = $4, attempts = 0, next_at = $5, error = NULL
             WHERE event_id = $1 AND consumer = $2 AND state = 'dead'
             AND EXISTS (SELECT 1 FROM outbox o WHERE o.id = $1 AND o.org = $3)")
            .bind(key.id)
            .bind(&key.consumer)
            .bind(org)
            .bind(state)
            .bind(self.clock.now())
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0))?;
        session.commit().await?;
        Ok(settled)
    }
}
