//! SQL of threads and messages. Every key starts with the organisation and the person.

pub(crate) mod search;

use access::Caller;
use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whose threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) org: Uuid,
    pub(crate) user: Uuid,
}

impl From<&Caller> for Owner {
    fn from(who: &Caller) -> Self {
        Self { org: who.org, user: who.user }
    }
}

/// A message to keep. `citations`, `sources` and `degraded` are JSON arrays.
#[derive(Debug)]
pub(crate) struct NewMessage {
    pub(crate) id: Uuid,
    pub(crate) run_id: Uuid,
    pub(crate) thread_id: Uuid,
    pub(crate) question: String,
    pub(crate) answer: String,
    pub(crate) status: String,
    pub(crate) mode: String,
    pub(crate) citations: String,
    pub(crate) sources: String,
    pub(crate) degraded: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// A message as it is kept.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub(crate) id: Uuid,
    pub(crate) run_id: Uuid,
    pub(crate) question: String,
    pub(crate) answer: String,
    pub(crate) status: String,
    pub(crate) mode: String,
    pub(crate) citations: String,
    pub(crate) sources: String,
    pub(crate) degraded: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// A thread without its messages.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ThreadRow {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) pinned: bool,
    /// Counts the edits of title and pin.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// How many.
    pub(crate) messages: i64,
}

/// Where a page of threads ends: pinned ones first, then by newest activity.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) pinned: bool,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) id: Uuid,
}

impl Position {
    /// Before every thread.
    pub(crate) fn start() -> Self {
        let updated_at = DateTime::from_timestamp(253_402_300_799, 0).expect("the year 9999 is in range");
        Self { pinned: true, updated_at, id: Uuid::max() }
    }
}

/// Makes writers of one thread take turns until their transactions end: no answer may slip in between the look for a
/// deletion and the deletion. SQLite has one writer anyway.
pub(crate) async fn lock(session: &mut Session, thread_id: Uuid) -> Result<(), DbError> {
    if let Session::Postgres(postgres) = session {
        let (high, low) = thread_id.as_u64_pair();
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind((high ^ low).cast_signed())
            .execute(&mut **postgres)
            .await?;
    }
    Ok(())
}

/// Whether the answer of a run is kept.
pub(crate) async fn has_run(session: &mut Session, owner: Owner, run_id: Uuid) -> Result<bool, DbError> {
    let row: Option<(i64,)> = on_db!(session, conn => sqlx::query_as(
        "SELECT CAST(1 AS BIGINT) FROM messages WHERE org = $1 AND user_id = $2 AND run_id = $3")
        .bind(owner.org)
        .bind(owner.user)
        .bind(run_id)
        .fetch_optional(conn)
        .await)?;
    Ok(row.is_some())
}

/// When a thread was last deleted, if it was.
pub(crate) async fn deleted_at(
    session: &mut Session,
    owner: Owner,
    thread_id: Uuid,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let row: Option<(DateTime<Utc>,)> = on_db!(session, conn => sqlx::query_as(
        "SELECT deleted_at FROM deleted_threads WHERE org = $1 AND user_id = $2 AND id = $3")
        .bind(owner.org)
        .bind(owner.user)
        .bind(thread_id)
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(|(deleted_at,)| deleted_at))
}

/// Makes the thread of `message` with `title`, or notes its new activity. The title it has now.
pub(crate) async fn touch_thread(
    session: &mut Session,
    owner: Owner,
    message: &NewMessage,
    title: &str,
    active_at: DateTime<Utc>,
) -> Result<String, DbError> {
    let (title,): (String,) = on_db!(session, conn => sqlx::query_as(
        "INSERT INTO threads (org, user_id, id, title, pinned, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
         ON CONFLICT (org, user_id, id) DO UPDATE SET updated_at =
             CASE WHEN excluded.updated_at > threads.updated_at THEN excluded.updated_at ELSE threads.updated_at END
         RETURNING title")
        .bind(owner.org)
        .bind(owner.user)
        .bind(message.thread_id)
        .bind(title)
        .bind(false)
        .bind(message.created_at)
        .bind(active_at)
        .fetch_one(conn)
        .await)?;
    Ok(title)
}

pub(crate) async fn insert_message(session: &mut Session, owner: Owner, message: &NewMessage) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO messages (org, user_id, run_id, thread_id, id, question, answer, status, mode, citations,
             sources, degraded, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
        .bind(owner.org)
        .bind(owner.user)
        .bind(message.run_id)
        .bind(message.thread_id)
        .bind(message.id)
        .bind(&message.question)
        .bind(&message.answer)
        .bind(&message.status)
        .bind(&message.mode)
        .bind(&message.citations)
        .bind(&message.sources)
        .bind(&message.degraded)
        .bind(message.created_at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Threads behind `after`.
pub(crate) async fn list(
    session: &mut Session,
    owner: Owner,
    after: Position,
    limit: i64,
) -> Result<Vec<ThreadRow>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT t.id, t.title, t.pinned, t.version, t.created_at, t.updated_at,
             (SELECT COUNT(*) FROM messages m
              WHERE m.org = t.org AND m.user_id = t.user_id AND m.thread_id = t.id) AS messages
         FROM threads t
         WHERE t.org = $1 AND t.user_id = $2 AND (t.pinned, t.updated_at, t.id) < ($3, $4, $5)
         ORDER BY t.pinned DESC, t.updated_at DESC, t.id DESC LIMIT $6")
        .bind(owner.org)
        .bind(owner.user)
        .bind(after.pinned)
        .bind(after.updated_at)
        .bind(after.id)
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}

pub(crate) async fn thread(session: &mut Session, owner: Owner, id: Uuid) -> Result<Option<ThreadRow>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT t.id, t.title, t.pinned, t.version, t.created_at, t.updated_at,
             (SELECT COUNT(*) FROM messages m
              WHERE m.org = t.org AND m.user_id = t.user_id AND m.thread_id = t.id) AS messages
         FROM threads t WHERE t.org = $1 AND t.user_id = $2 AND t.id = $3")
        .bind(owner.org)
        .bind(owner.user)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}

/// The messages of a thread, the oldest first.
pub(crate) async fn messages(session: &mut Session, owner: Owner, thread_id: Uuid) -> Result<Vec<MessageRow>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, run_id, question, answer, status, mode, citations, sources, degraded, created_at FROM messages
         WHERE org = $1 AND user_id = $2 AND thread_id = $3 ORDER BY created_at, run_id")
        .bind(owner.org)
        .bind(owner.user)
        .bind(thread_id)
        .fetch_all(conn)
        .await)?)
}

/// Writes title, pin and version.
pub(crate) async fn update(session: &mut Session, owner: Owner, thread: &ThreadRow) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE threads SET title = $4, pinned = $5, version = $6 WHERE org = $1 AND user_id = $2 AND id = $3")
        .bind(owner.org)
        .bind(owner.user)
        .bind(thread.id)
        .bind(&thread.title)
        .bind(thread.pinned)
        .bind(thread.version)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Deletes a thread with its messages and leaves the mark of its deletion; whether there was one.
pub(crate) async fn delete(session: &mut Session, owner: Owner, id: Uuid, now: DateTime<Utc>) -> Result<bool, DbError> {
    let deleted = on_db!(&mut *session, conn => sqlx::query(
        "DELETE FROM threads WHERE org = $1 AND user_id = $2 AND id = $3")
        .bind(owner.org)
        .bind(owner.user)
        .bind(id)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?;
    if !deleted {
        return Ok(false);
    }
    on_db!(session, conn => sqlx::query(
        "INSERT INTO deleted_threads (org, user_id, id, deleted_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (org, user_id, id) DO UPDATE SET deleted_at = excluded.deleted_at")
        .bind(owner.org)
        .bind(owner.user)
        .bind(id)
        .bind(now)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(true)
}
