//! SQL of items.

use db::{DbError, Session, on_db};
use uuid::Uuid;

use crate::items::ExampleItem;

pub(crate) async fn insert(session: &mut Session, org: Uuid, user: Uuid, item: &ExampleItem) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO items (id, org, title, created_by, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(item.id)
        .bind(org)
        .bind(&item.title)
        .bind(user)
        .bind(item.created_at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

pub(crate) async fn get(session: &mut Session, org: Uuid, id: Uuid) -> Result<Option<ExampleItem>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as("SELECT id, title, created_at FROM items WHERE org = $1 AND id = $2")
        .bind(org)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}

/// Items older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(
    session: &mut Session,
    org: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ExampleItem>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, title, created_at FROM items WHERE org = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3")
        .bind(org)
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}
