//! The outbox as its upkeep sees it, some events at a time. Every function takes the caller's transaction.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};
use uuid::Uuid;

/// Some events that have delivery rows: those after `after` up to `last`, in the order of their ids.
pub(super) struct Piece {
    after: Uuid,
    pub(super) last: Uuid,
    /// When the first of them occurred.
    pub(super) oldest: DateTime<Utc>,
}

/// At most `limit` events that come after `after`; `None` when there are none.
pub(super) async fn next(session: &mut Session, after: Uuid, limit: i64) -> Result<Option<Piece>, DbError> {
    let rows: Vec<(Uuid, DateTime<Utc>)> = fetch_all!(
        session,
        any: "SELECT id, occurred_at FROM outbox WHERE fanned_out AND id > $1 ORDER BY id LIMIT $2",
        after,
        limit
    )?;
    let oldest = rows.iter().map(|(_, occurred_at)| *occurred_at).min();
    Ok(rows.last().zip(oldest).map(|((last, _), oldest)| Piece { after, last: *last, oldest }))
}

/// A taker that is new, or that was not here when they were fanned out, gets these events.
pub(super) async fn backfill(
    session: &mut Session,
    consumer: &str,
    subject: Option<&str>,
    piece: &Piece,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
            SELECT o.id, $1, 'pending', 0, $2 FROM outbox o
            WHERE o.id > $4 AND o.id <= $5 AND o.fanned_out AND ($3 IS NULL OR o.subject = $3) AND NOT EXISTS (
                SELECT 1 FROM outbox_deliveries d WHERE d.event_id = o.id AND d.consumer = $1)
            ON CONFLICT DO NOTHING",
        consumer,
        now,
        subject,
        piece.after,
        piece.last
    )?;
    Ok(())
}

/// Forgets what was not delivered when the bus was another one: with a broker to consumers (who now take the same events from
/// it), without one to the broker.
pub(super) async fn leave_other_bus(
    session: &mut Session,
    broker: &str,
    with_broker: bool,
    piece: &Piece,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "DELETE FROM outbox_deliveries WHERE event_id > $3 AND event_id <= $4
            AND state IN ('pending', 'dead') AND (consumer = $1) <> $2",
        broker,
        with_broker,
        piece.after,
        piece.last
    )?;
    Ok(())
}

/// Makes what `consumer` has taken due again; how much that is.
pub(super) async fn repeat(
    session: &mut Session,
    consumer: &str,
    piece: &Piece,
    now: DateTime<Utc>,
) -> Result<u64, DbError> {
    let repeated = execute!(
        session,
        any: "UPDATE outbox_deliveries SET state = 'pending', attempts = 0, next_at = $2
            WHERE consumer = $1 AND state = 'done' AND event_id > $3 AND event_id <= $4",
        consumer,
        now,
        piece.after,
        piece.last
    )?;
    Ok(repeated)
}

/// Deletes what was told before `before` and is settled; how much that is.
pub(super) async fn prune(session: &mut Session, piece: &Piece, before: DateTime<Utc>) -> Result<u64, DbError> {
    let pruned = execute!(
        session,
        any: "DELETE FROM outbox WHERE id > $2 AND id <= $3 AND occurred_at < $1 AND fanned_out AND NOT EXISTS (
            SELECT 1 FROM outbox_deliveries d WHERE d.event_id = outbox.id AND d.state IN ('pending', 'dead'))",
        before,
        piece.after,
        piece.last
    )?;
    Ok(pruned)
}

/// Deletes at most `limit` inbox rows that are older than `before`; how many there were.
pub(super) async fn forget(session: &mut Session, before: DateTime<Utc>, limit: i64) -> Result<u64, DbError> {
    let forgotten = execute!(
        session,
        any: "DELETE FROM inbox WHERE (consumer, event_id) IN (
            SELECT consumer, event_id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)",
        before,
        limit
    )?;
    Ok(forgotten)
}
