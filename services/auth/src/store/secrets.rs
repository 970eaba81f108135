//! SQL of secrets that come back once.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_optional};
use uuid::Uuid;

pub(crate) async fn insert(
    session: &mut Session,
    hash: &[u8],
    kind: &str,
    user: Uuid,
    data: &str,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO one_time_secrets (hash, kind, user_id, data, expires_at) VALUES ($1, $2, $3, $4, $5)",
        hash,
        kind,
        user,
        data,
        expires_at
    )?;
    Ok(())
}

/// Uses a secret up: whose it is and what it stands for; `None` when it is unknown, used or expired.
pub(crate) async fn take(
    session: &mut Session,
    hash: &[u8],
    kind: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, String)>, DbError> {
    fetch_optional!(
        session,
        any: "DELETE FROM one_time_secrets WHERE hash = $1 AND kind = $2 AND expires_at > $3 RETURNING user_id, data",
        hash,
        kind,
        now
    )
}

/// The same without using it up.
pub(crate) async fn get(
    session: &mut Session,
    hash: &[u8],
    kind: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, String)>, DbError> {
    fetch_optional!(
        session,
        any: "SELECT user_id, data FROM one_time_secrets WHERE hash = $1 AND kind = $2 AND expires_at > $3",
        hash,
        kind,
        now
    )
}

/// Those of a user that were sent before: only the newest is good.
pub(crate) async fn delete_of(session: &mut Session, user: Uuid, kind: &str) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM one_time_secrets WHERE user_id = $1 AND kind = $2", user, kind)?;
    Ok(())
}

pub(crate) async fn delete_expired(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM one_time_secrets WHERE expires_at <= $1", now)?;
    Ok(())
}
