//! Rows of `files`, asked for in a tenant's name.

use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use uuid::Uuid;

use crate::files::{Row, Staged};

/// A file to be made.
pub(crate) struct NewFile<'a> {
    pub(crate) project: Uuid,
    pub(crate) staged: &'a Staged,
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) now: DateTime<Utc>,
}

pub(crate) async fn insert(session: &mut Session, org: Uuid, user: Uuid, new: &NewFile<'_>) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO files (org, id, project, uploaded_by, idempotency_key, name, format, size, sha256, stage,
            attempts, crashes, next_at, chunks, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'received', 0, 0, $10, 0, $11)")
        .bind(org)
        .bind(new.staged.id)
        .bind(new.project)
        .bind(user)
        .bind(new.idempotency_key)
        .bind(&new.staged.name)
        .bind(&new.staged.format)
        .bind(new.staged.size)
        .bind(new.staged.sha256.as_slice())
        .bind(new.now)
        .bind(new.now)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

pub(crate) async fn by_id(session: &mut Session, org: Uuid, id: Uuid) -> Result<Option<Row>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, project, name, size, sha256, stage, error, attempts, title, pages, chunks, created_at
         FROM files WHERE org = $1 AND id = $2")
        .bind(org)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}

pub(crate) async fn by_content(
    session: &mut Session,
    org: Uuid,
    project: Uuid,
    sha256: &[u8],
) -> Result<Option<Row>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, project, name, size, sha256, stage, error, attempts, title, pages, chunks, created_at
         FROM files WHERE org = $1 AND project = $2 AND sha256 = $3")
        .bind(org)
        .bind(project)
        .bind(sha256)
        .fetch_optional(conn)
        .await)?)
}

/// The file that a person made with this `Idempotency-Key`.
pub(crate) async fn by_key(session: &mut Session, org: Uuid, user: Uuid, key: &str) -> Result<Option<Row>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, project, name, size, sha256, stage, error, attempts, title, pages, chunks, created_at
         FROM files WHERE org = $1 AND uploaded_by = $2 AND idempotency_key = $3")
        .bind(org)
        .bind(user)
        .bind(key)
        .fetch_optional(conn)
        .await)?)
}

/// Files older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(
    session: &mut Session,
    org: Uuid,
    project: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Row>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, project, name, size, sha256, stage, error, attempts, title, pages, chunks, created_at
         FROM files WHERE org = $1 AND ($2 IS NULL OR project = $2) AND ($3 IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4")
        .bind(org)
        .bind(project)
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}

/// Files of a selection that nothing can be found in yet.
pub(crate) async fn unread(
    session: &mut Session,
    org: Uuid,
    project: Option<Uuid>,
    files: &[Uuid],
) -> Result<i64, DbError> {
    if files.is_empty() {
        let (count,): (i64,) = on_db!(session, conn => sqlx::query_as(
            "SELECT COUNT(*) FROM files WHERE org = $1 AND ($2 IS NULL OR project = $2) AND stage = 'received'")
            .bind(org)
            .bind(project)
            .fetch_one(conn)
            .await)?;
        return Ok(count);
    }
    let mut count = 0;
    for id in files {
        let file = by_id(session, org, *id).await?;
        let selected = file.filter(|file| project.is_none_or(|project| project == file.project));
        count += i64::from(selected.is_some_and(|file| file.stage == crate::files::Stage::Received));
    }
    Ok(count)
}

/// Where the chunks of a file are: the first of them and how many.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Place {
    pub(crate) project: Uuid,
    pub(crate) first_seq: Option<i64>,
    pub(crate) chunks: i64,
}

pub(crate) async fn place(session: &mut Session, org: Uuid, id: Uuid) -> Result<Option<Place>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT project, first_seq, chunks FROM files WHERE org = $1 AND id = $2")
        .bind(org)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}

/// Deletes the row; the text and the chunks go with it by their foreign keys.
pub(crate) async fn delete(session: &mut Session, org: Uuid, id: Uuid) -> Result<Option<Place>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "DELETE FROM files WHERE org = $1 AND id = $2 RETURNING project, first_seq, chunks")
        .bind(org)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}
