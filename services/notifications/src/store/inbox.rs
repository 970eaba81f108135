//! Notifications of users.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_one, fetch_optional};
use uuid::Uuid;

use crate::inbox::{NewNotification, Notification};

/// Adds a notification and returns its number.
pub(crate) async fn add(
    session: &mut Session,
    user: Uuid,
    id: Uuid,
    new: &NewNotification<'_>,
    now: DateTime<Utc>,
) -> Result<i64, DbError> {
    let (seq,): (i64,) = fetch_one!(
        session,
        any: "INSERT INTO inboxes (user_id, last_seq) VALUES ($1, 1)
              ON CONFLICT (user_id) DO UPDATE SET last_seq = inboxes.last_seq + 1 RETURNING last_seq",
        user
    )?;
    execute!(
        session,
        any: "INSERT INTO notifications (user_id, seq, id, kind, title, text, link, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        user,
        seq,
        id,
        new.kind,
        new.title,
        new.text,
        new.link,
        now
    )?;
    Ok(seq)
}

/// The number of the newest there ever was; 0 before the first.
pub(crate) async fn last_seq(session: &mut Session, user: Uuid) -> Result<i64, DbError> {
    let last: Option<(i64,)> = fetch_optional!(session, any: "SELECT last_seq FROM inboxes WHERE user_id = $1", user)?;
    Ok(last.map_or(0, |(seq,)| seq))
}

pub(crate) async fn unread(session: &mut Session, user: Uuid) -> Result<i64, DbError> {
    let (unread,): (i64,) = fetch_one!(
        session,
        any: "SELECT COUNT(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL",
        user
    )?;
    Ok(unread)
}

/// Those before number `before`, newest first.
pub(crate) async fn list(
    session: &mut Session,
    user: Uuid,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Notification>, DbError> {
    fetch_all!(
        session,
        any: "SELECT seq, id, kind, title, text, link, created_at, read_at FROM notifications
              WHERE user_id = $1 AND ($2 IS NULL OR seq < $2) ORDER BY seq DESC LIMIT $3",
        user,
        before,
        limit
    )
}

/// Those after number `after`, oldest first.
pub(crate) async fn after(
    session: &mut Session,
    user: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<Notification>, DbError> {
    fetch_all!(
        session,
        any: "SELECT seq, id, kind, title, text, link, created_at, read_at FROM notifications
              WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        user,
        after,
        limit
    )
}

/// `false` when the user has no such notification.
pub(crate) async fn mark_read(
    session: &mut Session,
    user: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let marked = execute!(
        session,
        any: "UPDATE notifications SET read_at = COALESCE(read_at, $3) WHERE user_id = $1 AND id = $2",
        user,
        id,
        now
    )?;
    Ok(marked == 1)
}

pub(crate) async fn mark_all_read(session: &mut Session, user: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL",
        user,
        now
    )?;
    Ok(())
}

pub(crate) async fn delete_created(session: &mut Session, before: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM notifications WHERE created_at < $1", before)?;
    Ok(())
}
