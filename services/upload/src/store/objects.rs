//! Rows of `orphan_objects`: objects that no file owns, because an upload is under way or a file was deleted.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};
use uuid::Uuid;

/// An object to be deleted.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct OrphanObject {
    pub(crate) org: Uuid,
    pub(crate) id: Uuid,
    pub(crate) owner: Uuid,
}

/// Notes that the object will belong to no file from `due_at` on.
pub(crate) async fn mark_orphan(session: &mut Session, id: Uuid, due_at: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO orphan_objects (org, owner, id, due_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (org, id) DO UPDATE SET due_at = excluded.due_at",
        id,
        due_at
    )?;
    Ok(())
}

/// The object belongs to a file now, or is gone. `false` when it was not on record as an orphan any more.
pub(crate) async fn unmark_orphan(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, org: "DELETE FROM orphan_objects WHERE org = $1 AND id = $2", id)? == 1)
}

/// Objects of every tenant that belong to no file.
pub(crate) async fn due(session: &mut Session, now: DateTime<Utc>) -> Result<Vec<OrphanObject>, DbError> {
    fetch_all!(
        session,
        any: "SELECT org, id, owner FROM orphan_objects WHERE due_at <= $1 ORDER BY due_at LIMIT 100",
        now
    )
}
