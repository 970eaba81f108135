//! Idempotency keys: a request that is sent again under the same `Idempotency-Key` is answered with the stored answer of
//! the first one.
//!
//! The key is written before the work begins and the answer in the transaction of its effect, so that a crash in between
//! leaves either both or neither. While the first request is being answered a second one gets 409, and another request
//! under the same key 422. An attempt whose process died is taken over after [`ATTEMPT_TTL`].

use axum::http::StatusCode;
use base::{
    Problem, Scope,
    problem::Code,
    time::{Clock, Ids},
};
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, Session, execute, fetch_optional};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An attempt that has not ended after this is taken for dead.
pub const ATTEMPT_TTL: TimeDelta = TimeDelta::seconds(60);
/// Answers are kept at least this long.
pub const RETENTION: TimeDelta = TimeDelta::days(7);
/// The answer header that marks a stored answer.
pub const REPLAYED_HEADER: &str = "idempotent-replayed";
/// When a client whose first request is still being answered may ask again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// The keys of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct IdempotencyKeys {
    db: Db,
    clock: Clock,
    ids: Ids,
}

/// What a request with a key is.
#[derive(Debug)]
pub enum Begun {
    /// The first: to be worked on.
    New(Attempt),
    /// Sent again: to be answered with this.
    Replay(StoredAnswer),
}

/// The right to answer a request under its key. Complete it in the session of the effect, or release it.
#[derive(Debug, Clone)]
pub struct Attempt {
    id: Uuid,
    org: Uuid,
    user: Uuid,
    route: &'static str,
    key: String,
}

/// The answer of the first request.
#[derive(Debug, Clone)]
pub struct StoredAnswer {
    pub status: StatusCode,
    body: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    request_hash: Vec<u8>,
    status: Option<i64>,
    answer: Option<Vec<u8>>,
}

/// The hash that tells requests apart: of the JSON form of what was asked.
pub fn request_hash(request: &impl Serialize) -> Vec<u8> {
    Sha256::digest(serde_json::to_vec(request).unwrap_or_default()).to_vec()
}

impl IdempotencyKeys {
    pub fn new(db: Db, clock: Clock, ids: Ids) -> Self {
        Self { db, clock, ids }
    }

    /// Notes that a request under `key` begins. `route` names the operation, `hash` the request.
    ///
    /// 409 while the first request is being answered, 422 when the key belongs to another one.
    pub async fn begin(
        &self,
        scope: &Scope,
        route: &'static str,
        key: &str,
        hash: Vec<u8>,
    ) -> Result<Begun, Problem> {
        let now = self.clock.now();
        let mut session = self.db.begin(scope).await?;
        let attempt =
            Attempt { id: self.ids.next(), org: session.org(), user: session.user(), route, key: key.to_owned() };
        if attempt.insert(&mut session, &hash, now).await? {
            session.commit().await?;
            return Ok(Begun::New(attempt));
        }
        let row = find(&mut session, route, key).await?.ok_or_else(|| Problem::internal("an idempotency key vanished"))?;
        if row.request_hash != hash {
            return Err(Problem::new(Code::IdempotencyKeyReused, "this Idempotency-Key was used for another request"));
        }
        match (row.status, row.answer) {
            (Some(status), Some(body)) => Ok(Begun::Replay(StoredAnswer::new(status, body)?)),
            _ => Err(in_progress()),
        }
    }

    /// Gives the key back after a failure, so that the request may be sent again.
    pub async fn release(&self, scope: &Scope, attempt: &Attempt) {
        let released = async {
            let mut session = self.db.begin(scope).await?;
            execute!(
                &mut session,
                owner: "DELETE FROM idempotency_keys
                        WHERE org = $1 AND user_id = $2 AND route = $3 AND key = $4 AND attempt = $5 AND status IS NULL",
                attempt.route,
                attempt.key.as_str(),
                attempt.id
            )?;
            session.commit().await
        };
        if let Err(error) = released.await {
            tracing::warn!(%error, "failed to release idempotency key; it is free again after a minute");
        }
    }

    /// Deletes the answers of every organisation that are past their retention.
    pub async fn prune(&self, system: &Scope) -> Result<u64, DbError> {
        let mut session = self.db.begin(system).await?;
        let before = self.clock.now() - RETENTION;
        let pruned =
            execute!(&mut session, any: "DELETE FROM idempotency_keys WHERE created_at < $1", before)?;
        session.commit().await?;
        Ok(pruned)
    }
}

impl Attempt {
    /// Whether the key is this attempt's now: it was free, or its attempt has died.
    async fn insert(&self, session: &mut Session, hash: &[u8], now: DateTime<Utc>) -> Result<bool, DbError> {
        let taken: Option<(Uuid,)> = fetch_optional!(
            session,
            owner: "INSERT INTO idempotency_keys (org, user_id, route, key, request_hash, attempt, expires_at, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    ON CONFLICT (org, user_id, route, key) DO UPDATE
                    SET attempt = excluded.attempt, expires_at = excluded.expires_at
                    WHERE idempotency_keys.status IS NULL AND idempotency_keys.expires_at < excluded.created_at
                        AND idempotency_keys.request_hash = excluded.request_hash
                    RETURNING attempt",
            self.route,
            self.key.as_str(),
            hash,
            self.id,
            now + ATTEMPT_TTL,
            now
        )?;
        Ok(taken.is_some())
    }

    /// Stores the answer in the session of the effect. A problem when another attempt has taken over meanwhile: then the
    /// effect must not be committed.
    pub async fn complete(
        &self,
        session: &mut Session,
        status: StatusCode,
        answer: &impl Serialize,
    ) -> Result<(), AttemptError> {
        let body = serde_json::to_vec(answer).unwrap_or_default();
        // Written by whatever session has the effect, which may be the system's.
        let completed = execute!(
            session,
            unscoped: "UPDATE idempotency_keys SET status = $6, answer = $7
                       WHERE org = $1 AND user_id = $2 AND route = $3 AND key = $4 AND attempt = $5 AND status IS NULL",
            self.org,
            self.user,
            self.route,
            self.key.as_str(),
            self.id,
            i64::from(status.as_u16()),
            body
        )?;
        if completed == 1 { Ok(()) } else { Err(AttemptError::TakenOver) }
    }
}

/// Why an answer was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("another request under this Idempotency-Key has taken over")]
    TakenOver,
}

impl From<AttemptError> for Problem {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Db(error) => error.into(),
            AttemptError::TakenOver => in_progress(),
        }
    }
}

impl StoredAnswer {
    fn new(status: i64, body: Vec<u8>) -> Result<Self, Problem> {
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        Ok(Self { status: status.ok_or_else(|| Problem::internal("a stored answer has no status"))?, body })
    }

    /// The body as it was answered.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(Problem::internal)
    }
}

async fn find(session: &mut Session, route: &str, key: &str) -> Result<Option<KeyRow>, DbError> {
    fetch_optional!(
        session,
        owner: "SELECT request_hash, status, answer FROM idempotency_keys
                WHERE org = $1 AND user_id = $2 AND route = $3 AND key = $4",
        route,
        key
    )
}

fn in_progress() -> Problem {
    let detail = "the first request with this Idempotency-Key is still being answered";
    Problem { retry_after: Some(RETRY_AFTER_SECONDS), ..Problem::new(Code::RequestInProgress, detail) }
}
