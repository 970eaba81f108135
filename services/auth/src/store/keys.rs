//! SQL of signing keys.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};

/// A signing key, by its number.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Epoch {
    pub(crate) epoch: i64,
    pub(crate) active_from: DateTime<Utc>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

/// Nothing when another process was first.
pub(crate) async fn insert(session: &mut Session, epoch: i64, active_from: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO signing_keys (epoch, active_from) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        epoch,
        active_from
    )?;
    Ok(())
}

pub(crate) async fn list(session: &mut Session) -> Result<Vec<Epoch>, DbError> {
    fetch_all!(session, any: "SELECT epoch, active_from, revoked_at FROM signing_keys ORDER BY epoch DESC LIMIT 10")
}

pub(crate) async fn revoke_all(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "UPDATE signing_keys SET revoked_at = $1 WHERE revoked_at IS NULL", now)?;
    Ok(())
}
