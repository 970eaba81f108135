//! SQL of items.

use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

use crate::items::ExampleItem;

pub(crate) async fn insert(session: &mut Session, item: &ExampleItem) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO items (org, created_by, id, title, version, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        item.id,
        &item.title,
        item.version,
        item.created_at
    )?;
    Ok(())
}

pub(crate) async fn get(session: &mut Session, id: Uuid) -> Result<Option<ExampleItem>, DbError> {
    fetch_optional!(session, org: "SELECT id, title, version, created_at FROM items WHERE org = $1 AND id = $2", id)
}

/// Counts an edit, and keeps others from making one until the session ends. The item with its new version.
pub(crate) async fn begin_edit(session: &mut Session, id: Uuid) -> Result<Option<ExampleItem>, DbError> {
    fetch_optional!(
        session,
        org: "UPDATE items SET version = version + 1 WHERE org = $1 AND id = $2
              RETURNING id, title, version, created_at",
        id
    )
}

pub(crate) async fn set_title(session: &mut Session, id: Uuid, title: &str) -> Result<(), DbError> {
    execute!(session, org: "UPDATE items SET title = $3 WHERE org = $1 AND id = $2", id, title)?;
    Ok(())
}

/// `false` when there is none.
pub(crate) async fn delete(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, org: "DELETE FROM items WHERE org = $1 AND id = $2", id)? == 1)
}

/// Items older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(session: &mut Session, before: Option<Uuid>, limit: i64) -> Result<Vec<ExampleItem>, DbError> {
    fetch_all!(
        session,
        org: "SELECT id, title, version, created_at FROM items
              WHERE org = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        before,
        limit
    )
}
