//! SQL of threads and messages. Every key starts with the organisation and the user.

pub(crate) mod search;

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_one, fetch_optional};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    if !session.is_sqlite() {
        let (high, low) = thread_id.as_u64_pair();
        // A lock belongs to no tenant. Two threads whose ids give the same number wait for each other, which is rare and harmless.
        execute!(session, unscoped on postgres: "SELECT pg_advisory_xact_lock($1)", (high ^ low).cast_signed())?;
    }
    Ok(())
}

/// Whether the answer of a run is kept.
pub(crate) async fn has_run(session: &mut Session, run_id: Uuid) -> Result<bool, DbError> {
    let row: Option<(i64,)> = fetch_optional!(
        session,
        owner: "SELECT CAST(1 AS BIGINT) FROM messages WHERE org = $1 AND user_id = $2 AND run_id = $3",
        run_id
    )?;
    Ok(row.is_some())
}

/// When a thread was last deleted, if it was.
pub(crate) async fn deleted_at(session: &mut Session, thread_id: Uuid) -> Result<Option<DateTime<Utc>>, DbError> {
    let row: Option<(DateTime<Utc>,)> = fetch_optional!(
        session,
        owner: "SELECT deleted_at FROM deleted_threads WHERE org = $1 AND user_id = $2 AND id = $3",
        thread_id
    )?;
    Ok(row.map(|(deleted_at,)| deleted_at))
}

/// Makes the thread of `message` with `title`, or notes its new activity. The title it has now.
pub(crate) async fn touch_thread(
    session: &mut Session,
    message: &NewMessage,
    title: &str,
    active_at: DateTime<Utc>,
) -> Result<String, DbError> {
    let (title,): (String,) = fetch_one!(
        session,
        owner: "INSERT INTO threads (org, user_id, id, title, pinned, version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
            ON CONFLICT (org, user_id, id) DO UPDATE SET updated_at =
                CASE WHEN excluded.updated_at > threads.updated_at THEN excluded.updated_at ELSE threads.updated_at END
            RETURNING title",
        message.thread_id,
        title,
        false,
        message.created_at,
        active_at
    )?;
    Ok(title)
}

pub(crate) async fn insert_message(session: &mut Session, message: &NewMessage) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO messages (org, user_id, run_id, thread_id, id, question, answer, status, mode, citations,
                sources, degraded, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        message.run_id,
        message.thread_id,
        message.id,
        &message.question,
        &message.answer,
        &message.status,
        &message.mode,
        &message.citations,
        &message.sources,
        &message.degraded,
        message.created_at
    )?;
    Ok(())
}

/// Threads behind `after`.
pub(crate) async fn list(session: &mut Session, after: Position, limit: i64) -> Result<Vec<ThreadRow>, DbError> {
    fetch_all!(
        session,
        owner: "SELECT t.id, t.title, t.pinned, t.version, t.created_at, t.updated_at,
                (SELECT COUNT(*) FROM messages m
                 WHERE m.org = t.org AND m.user_id = t.user_id AND m.thread_id = t.id) AS messages
            FROM threads t
            WHERE t.org = $1 AND t.user_id = $2 AND (t.pinned, t.updated_at, t.id) < ($3, $4, $5)
            ORDER BY t.pinned DESC, t.updated_at DESC, t.id DESC LIMIT $6",
        after.pinned,
        after.updated_at,
        after.id,
        limit
    )
}

pub(crate) async fn thread(session: &mut Session, id: Uuid) -> Result<Option<ThreadRow>, DbError> {
    fetch_optional!(
        session,
        owner: "SELECT t.id, t.title, t.pinned, t.version, t.created_at, t.updated_at,
                (SELECT COUNT(*) FROM messages m
                 WHERE m.org = t.org AND m.user_id = t.user_id AND m.thread_id = t.id) AS messages
            FROM threads t WHERE t.org = $1 AND t.user_id = $2 AND t.id = $3",
        id
    )
}

/// The messages of a thread, the oldest first.
pub(crate) async fn messages(session: &mut Session, thread_id: Uuid) -> Result<Vec<MessageRow>, DbError> {
    fetch_all!(
        session,
        owner: "SELECT id, run_id, question, answer, status, mode, citations, sources, degraded, created_at FROM messages
            WHERE org = $1 AND user_id = $2 AND thread_id = $3 ORDER BY created_at, run_id",
        thread_id
    )
}

/// Writes title, pin and version.
pub(crate) async fn update(session: &mut Session, thread: &ThreadRow) -> Result<(), DbError> {
    execute!(
        session,
        owner: "UPDATE threads SET title = $4, pinned = $5, version = $6 WHERE org = $1 AND user_id = $2 AND id = $3",
        thread.id,
        &thread.title,
        thread.pinned,
        thread.version
    )?;
    Ok(())
}

/// Deletes a thread with its messages and leaves the mark of its deletion; whether there was one.
pub(crate) async fn delete(session: &mut Session, id: Uuid, now: DateTime<Utc>) -> Result<bool, DbError> {
    let deleted = execute!(session, owner: "DELETE FROM threads WHERE org = $1 AND user_id = $2 AND id = $3", id)? == 1;
    if !deleted {
        return Ok(false);
    }
    execute!(
        session,
        owner: "INSERT INTO deleted_threads (org, user_id, id, deleted_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (org, user_id, id) DO UPDATE SET deleted_at = excluded.deleted_at",
        id,
        now
    )?;
    Ok(true)
}
