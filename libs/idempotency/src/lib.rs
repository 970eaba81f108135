//! Idempotency keys: a request that is sent again under the same `Idempotency-Key` gets the stored answer of the first one.
//!
//! The key is written before the work begins, and the answer in the transaction of the effect, so that a crash leaves both or
//! neither. While the first request is being answered another one gets 409, and a different request under the same key 422. An
//! attempt that has not ended after [`ATTEMPT_TIMEOUT`] is given up: the next request takes the key over, and the late one
//! cannot commit any more.

mod store;

use base::{
    Problem, Scope,
    problem::Code,
    time::{Clock, Ids},
};
use chrono::TimeDelta;
use db::{Db, DbError, Session};
use http::{HeaderName, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use store::KeyRow;
use uuid::Uuid;

/// How long an attempt may take from [`IdempotencyKeys::begin`] to the commit of its effect.
pub const ATTEMPT_TIMEOUT: TimeDelta = TimeDelta::seconds(10);
/// Answers are kept this long, and up to a day longer.
pub const RETENTION: TimeDelta = TimeDelta::days(7);
/// The header of an answer that was stored.
pub const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotent-replayed");
/// When a client whose first request is still being answered may send it again.
const RETRY_AFTER_SECONDS: u64 = 1;

/// The keys of one service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct IdempotencyKeys {
    db: Db,
    clock: Clock,
    ids: Ids,
}

/// What a request is.
#[derive(Debug)]
pub enum Begun {
    /// The first of its key, or without one: to be worked on.
    New(Attempt),
    /// Sent again.
    Replay(StoredAnswer),
}

/// The right to answer a request: [`complete`](Self::complete) it in the session of the effect, or
/// [`release`](IdempotencyKeys::release) it. Without a key it does nothing.
#[derive(Debug, Clone)]
pub struct Attempt(Option<KeyedAttempt>);

#[derive(Debug, Clone)]
struct KeyedAttempt {
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

impl IdempotencyKeys {
    pub fn new(db: Db, clock: Clock, ids: Ids) -> Self {
        Self { db, clock, ids }
    }

    /// Begins a request of the user of `scope`. `route` names the operation; `request` is what makes a request another one.
    ///
    /// # Errors
    /// 409 while the first request with this key is being answered, 422 when the key belongs to another request.
    pub async fn begin(
        &self,
        scope: &Scope,
        route: &'static str,
        key: Option<&str>,
        request: &(impl Serialize + Sync),
    ) -> Result<Begun, Problem> {
        let Some(key) = key else { return Ok(Begun::New(Attempt(None))) };
        let hash = Sha256::digest(serde_json::to_vec(request).map_err(Problem::internal)?);
        let now = self.clock.now();
        let mut session = self.db.begin(scope).await?;
        let (org, user) = (session.org(), session.user());
        let attempt = KeyedAttempt { id: self.ids.next(), org, user, route, key: key.to_owned() };
        if store::begin(&mut session, &attempt, &hash, now, now + ATTEMPT_TIMEOUT).await? {
            session.commit().await?;
            return Ok(Begun::New(Attempt(Some(attempt))));
        }
        // Released meanwhile, if it is gone.
        let row = store::find(&mut session, route, key).await?.ok_or_else(in_progress)?;
        if row.request_hash != hash.as_slice() {
            return Err(Problem::new(Code::IdempotencyKeyReused, "this Idempotency-Key was used for another request"));
        }
        StoredAnswer::of(row).map(Begun::Replay).ok_or_else(in_progress)
    }

    /// Gives the key back after a failure, so that the request may be sent again at once.
    pub async fn release(&self, scope: &Scope, attempt: Attempt) {
        let Some(attempt) = attempt.0 else { return };
        let released = async {
            let mut session = self.db.begin(scope).await?;
            store::release(&mut session, &attempt).await?;
            session.commit().await
        };
        if let Err(error) = released.await {
            tracing::warn!(%error, "failed to release an idempotency key; the request gets 409 until the attempt times out");
        }
    }

    /// Deletes the answers of every organisation that were kept long enough. `system` is the scope of the system.
    pub async fn prune(&self, system: &Scope) -> Result<u64, DbError> {
        let mut session = self.db.begin(system).await?;
        let pruned = store::prune(&mut session, self.clock.now() - RETENTION).await?;
        session.commit().await?;
        Ok(pruned)
    }
}

impl Attempt {
    /// Stores the answer in the session of the effect, which may be the system's.
    ///
    /// # Errors
    /// [`AttemptError::TimedOut`]: the effect must not be committed.
    pub async fn complete(
        &self,
        session: &mut Session,
        status: StatusCode,
        answer: &(impl Serialize + Sync),
    ) -> Result<(), AttemptError> {
        let Some(attempt) = &self.0 else { return Ok(()) };
        let body = serde_json::to_vec(answer).map_err(AttemptError::Unserializable)?;
        if store::complete(session, attempt, status, &body).await? { Ok(()) } else { Err(AttemptError::TimedOut) }
    }
}

/// Why an answer was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the answer has no JSON form: {0}")]
    Unserializable(serde_json::Error),
    /// Another request under the key may have begun.
    #[error("the request took too long; it may be sent again with the same Idempotency-Key")]
    TimedOut,
}

impl From<AttemptError> for Problem {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Db(error) => error.into(),
            AttemptError::Unserializable(error) => Self::internal(error),
            AttemptError::TimedOut => Self::unavailable(error.to_string()),
        }
    }
}

impl StoredAnswer {
    /// `None` while the row has no answer.
    fn of(row: KeyRow) -> Option<Self> {
        let status = StatusCode::from_u16(u16::try_from(row.status?).ok()?).ok()?;
        Some(Self { status, body: row.answer? })
    }

    /// The body as it was answered.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(Problem::internal)
    }
}

fn in_progress() -> Problem {
    let detail = "the first request with this Idempotency-Key is still being answered";
    Problem { retry_after: Some(RETRY_AFTER_SECONDS), ..Problem::new(Code::RequestInProgress, detail) }
}
