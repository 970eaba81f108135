//! Statements of the relay's maintenance, which go over the outbox batch by batch. Every function runs in the caller's
//! transaction.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};
use uuid::Uuid;

/// Consecutive events that have delivery rows: those after `after` up to `last`, in the order of their ids.
pub(super) struct Batch {
    after: Uuid,
    pub(super) last: Uuid,
    /// When the first of them occurred.
    pub(super) oldest: DateTime<Utc>,
    /// Their ids and subjects.
    pub(super) events: Vec<(Uuid, String)>,
}

/// At most `limit` events that come after `after`; `None` when there are none.
pub(super) async fn next(session: &mut Session, after: Uuid, limit: i64) -> Result<Option<Batch>, DbError> {
    let rows: Vec<(Uuid, String, DateTime<Utc>)> = fetch_all!(
        session,
        any: "SELECT id, subject, occurred_at FROM outbox WHERE fanned_out AND id > $1 ORDER BY id LIMIT $2",
        after,
        limit
    )?;
    let oldest = rows.iter().map(|(.., occurred_at)| *occurred_at).min();
    let Some((last, oldest)) = rows.last().map(|(last, ..)| *last).zip(oldest) else { return Ok(None) };
    let events = rows.into_iter().map(|(id, subject, _)| (id, subject)).collect();
    Ok(Some(Batch { after, last, oldest, events }))
}

/// Deletes at most `limit` undelivered rows of the other kind of bus: with a broker those to consumers, which now get the same
/// events from it, without one those to the broker. Returns how many there were.
pub(super) async fn drop_obsolete_deliveries(
    session: &mut Session,
    broker: &str,
    with_broker: bool,
    limit: i64,
) -> Result<u64, DbError> {
    execute!(
        session,
        any: "DELETE FROM outbox_deliveries WHERE (event_id, consumer) IN (
                  SELECT event_id, consumer FROM outbox_deliveries
                  WHERE state IN ('pending', 'dead') AND (consumer = $1) <> $2 LIMIT $3)",
        broker,
        with_broker,
        limit
    )
}

/// Makes finished deliveries to `consumer` due again; returns how many.
pub(super) async fn requeue(
    session: &mut Session,
    consumer: &str,
    batch: &Batch,
    now: DateTime<Utc>,
) -> Result<u64, DbError> {
    execute!(
        session,
        any: "UPDATE outbox_deliveries SET state = 'pending', attempts = 0, next_at = $2
              WHERE consumer = $1 AND state = 'done' AND event_id > $3 AND event_id <= $4",
        consumer,
        now,
        batch.after,
        batch.last
    )
}

/// Deletes events that occurred before `before` and have no pending or dead delivery; returns how many.
pub(super) async fn prune(session: &mut Session, batch: &Batch, before: DateTime<Utc>) -> Result<u64, DbError> {
    execute!(
        session,
        any: "DELETE FROM outbox WHERE id > $2 AND id <= $3 AND occurred_at < $1 AND fanned_out AND NOT EXISTS (
                  SELECT 1 FROM outbox_deliveries d WHERE d.event_id = outbox.id AND d.state IN ('pending', 'dead'))",
        before,
        batch.after,
        batch.last
    )
}

/// Deletes at most `limit` inbox rows older than `before`; returns how many there were.
pub(super) async fn prune_inbox(session: &mut Session, before: DateTime<Utc>, limit: i64) -> Result<u64, DbError> {
    execute!(
        session,
        any: "DELETE FROM inbox WHERE (consumer, event_id) IN (
                  SELECT consumer, event_id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)",
        before,
        limit
    )
}
