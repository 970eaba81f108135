//! SQL of revocations.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};
use uuid::Uuid;

/// Something that was taken back.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RevocationRow {
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) revoked_at: DateTime<Utc>,
}

/// It is no tenant's: sessions of any kind write what everybody reads.
pub(crate) async fn insert(
    session: &mut Session,
    id: Uuid,
    kind: &str,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO revocations (id, kind, subject, revoked_at) VALUES ($1, $2, $3, $4)",
        id,
        kind,
        subject,
        now
    )?;
    Ok(())
}

/// Those from `since` on, oldest first.
pub(crate) async fn list(session: &mut Session, since: DateTime<Utc>) -> Result<Vec<RevocationRow>, DbError> {
    fetch_all!(
        session,
        any: "SELECT kind, subject, revoked_at FROM revocations WHERE revoked_at >= $1 ORDER BY revoked_at",
        since
    )
}

pub(crate) async fn delete_before(session: &mut Session, before: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM revocations WHERE revoked_at < $1", before)?;
    Ok(())
}
