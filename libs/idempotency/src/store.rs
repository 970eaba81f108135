//! SQL of idempotency keys.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_optional};
use http::StatusCode;
use uuid::Uuid;

use crate::KeyedAttempt;

#[derive(sqlx::FromRow)]
pub(crate) struct KeyRow {
    pub(crate) request_hash: Vec<u8>,
    pub(crate) status: Option<i64>,
    pub(crate) answer: Option<Vec<u8>>,
}

/// Whether the key is this attempt's now: it was free, or its attempt has timed out.
pub(crate) async fn begin(
    session: &mut Session,
    attempt: &KeyedAttempt,
    request_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<bool, DbError> {
    let begun: Option<(Uuid,)> = fetch_optional!(
        session,
        owner: "INSERT INTO idempotency_keys
                    (org, user_id, route, key, request_hash, attempt, expires_at, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (org, user_id, route, key) DO UPDATE
                SET attempt = excluded.attempt, expires_at = excluded.expires_at
                WHERE idempotency_keys.status IS NULL AND idempotency_keys.expires_at < excluded.created_at
                    AND idempotency_keys.request_hash = excluded.request_hash
                RETURNING attempt",
        attempt.route,
        attempt.key.as_str(),
        request_hash,
        attempt.id,
        expires_at,
        now
    )?;
    Ok(begun.is_some())
}

pub(crate) async fn find(session: &mut Session, route: &str, key: &str) -> Result<Option<KeyRow>, DbError> {
    fetch_optional!(
        session,
        owner: "SELECT request_hash, status, answer FROM idempotency_keys
                WHERE org = $1 AND user_id = $2 AND route = $3 AND key = $4",
        route,
        key
    )
}

/// `false` when the key is another attempt's by now.
pub(crate) async fn complete(
    session: &mut Session,
    attempt: &KeyedAttempt,
    status: StatusCode,
    answer: &[u8],
) -> Result<bool, DbError> {
    // The effect may be written in a session for all organisations, so that the attempt says whose it is.
    let completed = execute!(
        session,
        unscoped: "UPDATE idempotency_keys SET status = $6, answer = $7
                   WHERE org = $1 AND user_id = $2 AND route = $3 AND key = $4 AND attempt = $5 AND status IS NULL",
        attempt.org,
        attempt.user,
        attempt.route,
        attempt.key.as_str(),
        attempt.id,
        i64::from(status.as_u16()),
        answer
    )?;
    Ok(completed == 1)
}

pub(crate) async fn release(session: &mut Session, attempt: &KeyedAttempt) -> Result<(), DbError> {
    execute!(
        session,
        owner: "DELETE FROM idempotency_keys
                WHERE org = $1 AND user_id = $2 AND route = $3 AND key = $4 AND attempt = $5 AND status IS NULL",
        attempt.route,
        attempt.key.as_str(),
        attempt.id
    )?;
    Ok(())
}

/// Deletes the keys of every organisation that were used before `before`.
pub(crate) async fn prune(session: &mut Session, before: DateTime<Utc>) -> Result<u64, DbError> {
    execute!(session, any: "DELETE FROM idempotency_keys WHERE created_at < $1", before)
}
