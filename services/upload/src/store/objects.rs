//! Rows of `loose_objects`: objects that no file owns, because an upload is under way or a file was deleted.

use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use uuid::Uuid;

/// An object to be deleted.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Loose {
    pub(crate) org: Uuid,
    pub(crate) id: Uuid,
    pub(crate) owner: Uuid,
}

/// Notes that the object will belong to nobody from `due_at` on.
pub(crate) async fn loosen(
    session: &mut Session,
    org: Uuid,
    id: Uuid,
    owner: Uuid,
    due_at: DateTime<Utc>,
) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO loose_objects (org, id, owner, due_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (org, id) DO UPDATE SET due_at = excluded.due_at")
        .bind(org)
        .bind(id)
        .bind(owner)
        .bind(due_at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// The object has an owner now, or is gone. `false` when nobody had it as loose any more.
pub(crate) async fn settle(session: &mut Session, org: Uuid, id: Uuid) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query("DELETE FROM loose_objects WHERE org = $1 AND id = $2")
        .bind(org)
        .bind(id)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// Objects of every tenant that belong to nobody.
pub(crate) async fn due(session: &mut Session, now: DateTime<Utc>) -> Result<Vec<Loose>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT org, id, owner FROM loose_objects WHERE due_at <= $1 ORDER BY due_at LIMIT 100")
        .bind(now)
        .fetch_all(conn)
        .await)?)
}
