//! Dead letters: events given up on, each in the database of the consumer that could not handle it. Events that no broker
//! takes stay in the outbox and are in the same list.

use base::{Problem, Scope, problem::Code, time::Clock};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use db::{Db, DbError, Session, execute, fetch_all, fetch_optional};
use futures::TryFutureExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Consumer, DeliveryError, EventRecord, HandleError, Relay, envelope, retry, system};

/// Characters of a reason that are stored.
const REASON_LIMIT: usize = 500;

/// One event one consumer gave up on.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub struct DeadLetter {
    /// Of the event.
    #[sqlx(rename = "event_id")]
    pub id: Uuid,
    pub consumer: String,
    pub subject: String,
    /// Absent when the message names none that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<Uuid>,
    pub attempts: i64,
    /// Why the last attempt failed.
    pub reason: String,
    pub occurred_at: DateTime<Utc>,
}

impl DeadLetter {
    pub fn key(&self) -> DeadLetterKey {
        DeadLetterKey { id: self.id, consumer: self.consumer.clone() }
    }
}

/// Key of a dead letter; also the sort key of the list, which is roughly the order of the events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeadLetterKey {
    pub id: Uuid,
    pub consumer: String,
}

impl DeadLetterKey {
    /// Sorts before every letter.
    pub fn start() -> Self {
        Self { id: Uuid::nil(), consumer: String::new() }
    }
}

/// Why a replay did not succeed. The letter stays.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Db(#[from] DbError),
    /// The consumer failed again.
    #[error("{0}")]
    Failed(String),
    /// The consumer's database does not answer.
    #[error("{0}")]
    Unavailable(String),
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Db(error) => error.into(),
            ReplayError::Failed(reason) => Self::new(Code::ReplayFailed, format!("the event failed again: {reason}")),
            ReplayError::Unavailable(cause) => {
                tracing::warn!(cause, "dead letter not replayed; it stays");
                Self::unavailable("the database does not answer")
            }
        }
    }
}

/// A dead letter about to be stored.
pub(super) struct NewDeadLetter {
    pub(super) event_id: Uuid,
    pub(super) subject: String,
    pub(super) org: Option<Uuid>,
    /// The envelope, as JSON.
    pub(super) headers: String,
    pub(super) payload: Bytes,
    pub(super) attempts: i64,
    pub(super) reason: String,
    pub(super) occurred_at: DateTime<Utc>,
}

impl NewDeadLetter {
    pub(super) fn new(event: &EventRecord, attempts: i64, reason: &str) -> Self {
        Self {
            event_id: event.id,
            subject: event.subject.clone(),
            org: Some(event.org),
            headers: envelope::to_json(&envelope::headers(event)),
            payload: event.payload.clone(),
            attempts,
            reason: reason.to_owned(),
            occurred_at: event.occurred_at,
        }
    }
}

/// The dead letters of one service: those of its consumers, and the events of its outbox that no broker takes.
///
/// Every call is made in a scope: a tenant has the letters of its organisation, the system has all, also those of messages
/// whose organisation cannot be read.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    db: Db,
    clock: Clock,
    relay: Relay,
    consumers: Vec<Consumer>,
    /// Published in the commit of a change.
    record: Option<EventRecord>,
}

impl DeadLetters {
    pub fn new(db: Db, clock: Clock, relay: Relay, consumers: Vec<Consumer>) -> Self {
        Self { db, clock, relay, consumers, record: None }
    }

    /// For one change, in whose commit `record` is published: the audit record of it.
    #[must_use]
    pub fn recording(&self, record: EventRecord) -> Self {
        Self { record: Some(record), ..self.clone() }
    }

    /// At most `limit` letters that come after `after`, in the order of their keys.
    pub async fn list(&self, scope: &Scope, after: &DeadLetterKey, limit: usize) -> Result<Vec<DeadLetter>, DbError> {
        let mut session = self.db.read(scope).await?;
        // Bound by hand: the system has everybody's.
        let letters = fetch_all!(
            &mut session,
            unscoped: "SELECT event_id, consumer, subject, org, attempts, reason, occurred_at FROM (
                     SELECT event_id, consumer, subject, org, attempts, reason, occurred_at FROM dead_letters
                     UNION ALL
                     SELECT d.event_id, d.consumer, o.subject, o.org, d.attempts, d.error, o.occurred_at
                     FROM outbox_deliveries d JOIN outbox o ON o.id = d.event_id WHERE d.state = 'dead') AS letters
                 WHERE ($1 IS NULL OR org = $1) AND (event_id, consumer) > ($2, $3)
                 ORDER BY event_id, consumer LIMIT $4",
            org(scope),
            after.id,
            &after.consumer,
            i64::try_from(limit).unwrap_or(i64::MAX)
        )?;
        Ok(letters)
    }

    /// Hands the event to its consumer once more and deletes the letter when that succeeds; `false` when there is no such
    /// letter. An event that no broker took is delivered again in the background, with all attempts.
    pub async fn replay(&self, scope: &Scope, key: &DeadLetterKey) -> Result<bool, ReplayError> {
        if self.change_delivery(scope, key, "pending").await? {
            self.relay.wake_consumers();
            return Ok(true);
        }
        let Some(letter) = self.find(scope, key).await? else { return Ok(false) };
        let Some(consumer) = self.consumers.iter().find(|consumer| consumer.name == key.consumer) else {
            return Err(ReplayError::Failed("this version has no such consumer".to_owned()));
        };
        let outcome = match envelope::event(&envelope::from_json(&letter.headers), &letter.payload.into()) {
            Ok(event) => {
                let handled = self.handle_again(consumer, key, &event).map_err(DeliveryError::from);
                retry::attempt(self.relay.delivery_timeout(), handled).await
            }
            Err(error) => Err(DeliveryError::Poison(error.to_string())),
        };
        retry::count(consumer.name, outcome.is_ok());
        match outcome {
            Ok(existed) => Ok(existed),
            Err(DeliveryError::Unavailable(cause)) => Err(ReplayError::Unavailable(cause)),
            Err(DeliveryError::Retry(reason) | DeliveryError::Poison(reason)) => {
                self.record_failure(scope, key, &reason).await?;
                Err(ReplayError::Failed(reason))
            }
        }
    }

    /// Gives the event up for this consumer, which does not get it from a resync either; `false` when there is no such letter.
    pub async fn drop_letter(&self, scope: &Scope, key: &DeadLetterKey) -> Result<bool, DbError> {
        if self.change_delivery(scope, key, "dropped").await? {
            return Ok(true);
        }
        let mut session = self.db.begin(scope).await?;
        if !delete(&mut session, key).await? {
            return Ok(false);
        }
        self.publish_record(&mut session).await?;
        session.commit().await?;
        Ok(true)
    }

    async fn find(&self, scope: &Scope, key: &DeadLetterKey) -> Result<Option<StoredMessage>, DbError> {
        let mut session = self.db.read(scope).await?;
        let found = fetch_optional!(
            &mut session,
            unscoped: "SELECT headers, payload FROM dead_letters
                       WHERE ($1 IS NULL OR org = $1) AND event_id = $2 AND consumer = $3",
            org(scope),
            key.id,
            &key.consumer
        )?;
        Ok(found)
    }

    /// Counts another failed attempt.
    async fn record_failure(&self, scope: &Scope, key: &DeadLetterKey, reason: &str) -> Result<(), DbError> {
        let mut session = self.db.begin(scope).await?;
        execute!(
            &mut session,
            unscoped: "UPDATE dead_letters SET attempts = attempts + 1, reason = $4
                       WHERE ($1 IS NULL OR org = $1) AND event_id = $2 AND consumer = $3",
            org(scope),
            key.id,
            &key.consumer,
            stored_reason(reason)
        )?;
        session.commit().await
    }

    /// Makes a dead delivery of the outbox `pending` or `dropped`; `false` when there is none.
    async fn change_delivery(&self, scope: &Scope, key: &DeadLetterKey, state: &str) -> Result<bool, DbError> {
        let mut session = self.db.begin(scope).await?;
        let changed = execute!(
            &mut session,
            unscoped: "UPDATE outbox_deliveries SET state = $4, attempts = 0, next_at = $5, error = NULL
                       WHERE event_id = $2 AND consumer = $3 AND state = 'dead'
                       AND EXISTS (SELECT 1 FROM outbox o WHERE o.id = $2 AND ($1 IS NULL OR o.org = $1))",
            org(scope),
            key.id,
            &key.consumer,
            state,
            self.clock.now()
        )?;
        if changed == 0 {
            return Ok(false);
        }
        self.publish_record(&mut session).await?;
        session.commit().await?;
        Ok(true)
    }

    async fn publish_record(&self, session: &mut Session) -> Result<(), DbError> {
        match &self.record {
            // The event may be of another organisation than who changes its letter: the operator without accounts has all.
            Some(record) => {
                session.enter(system()).await?;
                self.relay.outbox().publish_record(session, record).await
            }
            None => Ok(()),
        }
    }

    /// Handles the event and deletes the letter, in one transaction; `false` when the letter is gone.
    async fn handle_again(
        &self,
        consumer: &Consumer,
        key: &DeadLetterKey,
        event: &EventRecord,
    ) -> Result<bool, HandleError> {
        let Some(mut session) = consumer.replay(key, event).await? else { return Ok(false) };
        self.publish_record(&mut session).await?;
        session.commit().await?;
        Ok(true)
    }
}

/// The envelope and payload of a letter.
#[derive(sqlx::FromRow)]
struct StoredMessage {
    headers: String,
    payload: Vec<u8>,
}

/// Stores a letter of `consumer`.
pub(super) async fn insert(session: &mut Session, consumer: &str, letter: &NewDeadLetter) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO dead_letters
                  (event_id, consumer, subject, org, headers, payload, attempts, reason, occurred_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        letter.event_id,
        consumer,
        &letter.subject,
        letter.org,
        &letter.headers,
        letter.payload.as_ref(),
        letter.attempts,
        stored_reason(&letter.reason),
        letter.occurred_at
    )?;
    Ok(())
}

/// Deletes a letter that the session's scope has; `false` when there is none.
pub(super) async fn delete(session: &mut Session, key: &DeadLetterKey) -> Result<bool, DbError> {
    let org = org(session.scope());
    let deleted = execute!(
        session,
        unscoped: "DELETE FROM dead_letters WHERE ($1 IS NULL OR org = $1) AND event_id = $2 AND consumer = $3",
        org,
        key.id,
        &key.consumer
    )?;
    Ok(deleted > 0)
}

/// The organisation whose letters a scope has; `None` in the system's scope, which has all.
fn org(scope: &Scope) -> Option<Uuid> {
    assert!(scope.org().is_some() || scope.is_system(), "dead letters are not public");
    scope.org()
}

/// Without control characters, of which Postgres cannot store all, and not too long.
fn stored_reason(reason: &str) -> String {
    envelope::single_line(reason).chars().take(REASON_LIMIT).collect()
}
