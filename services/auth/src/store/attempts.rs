//! SQL of failed attempts.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_one};

/// Counts one more failure unless the key is blocked, and keeps others from counting until the session ends: how many there are,
/// and until when it is blocked.
pub(crate) async fn count(
    session: &mut Session,
    key: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(i64, DateTime<Utc>), DbError> {
    fetch_one!(
        session,
        any: "INSERT INTO attempts (key, failures, blocked_until, expires_at) VALUES ($1, 1, $2, $3)
              ON CONFLICT (key) DO UPDATE SET
                  failures = CASE WHEN attempts.expires_at <= $2 THEN 1
                                  WHEN attempts.blocked_until > $2 THEN attempts.failures
                                  ELSE attempts.failures + 1 END,
                  expires_at = excluded.expires_at
              RETURNING failures, blocked_until",
        key,
        now,
        expires_at
    )
}

pub(crate) async fn block(session: &mut Session, key: &str, until: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "UPDATE attempts SET blocked_until = $2 WHERE key = $1", key, until)?;
    Ok(())
}

pub(crate) async fn delete(session: &mut Session, key: &str) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM attempts WHERE key = $1", key)?;
    Ok(())
}

pub(crate) async fn delete_expired(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM attempts WHERE expires_at <= $1", now)?;
    Ok(())
}
