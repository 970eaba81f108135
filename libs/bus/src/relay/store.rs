//! Statements of the relay. Every function runs in the caller's transaction.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

use super::super::{EventRecord, ids::as_json};

/// The delivery of one event to one subscription.
pub(super) struct Delivery {
    pub(super) event: EventRecord,
    /// Failed attempts so far.
    pub(super) attempts: i64,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    subject: String,
    org: Uuid,
    payload: Vec<u8>,
    occurred_at: DateTime<Utc>,
    trace: Option<String>,
    attempts: i64,
}

impl From<DueRow> for Delivery {
    fn from(row: DueRow) -> Self {
        let event = EventRecord {
            id: row.id,
            subject: row.subject,
            org: row.org,
            payload: row.payload.into(),
            occurred_at: row.occurred_at,
            trace: row.trace,
        };
        Self { event, attempts: row.attempts }
    }
}

/// Events without delivery rows, ids and subjects. On Postgres they are locked, and those locked by another replica are
/// skipped; on SQLite one transaction writes at a time.
pub(super) async fn claim_new(session: &mut Session, limit: i64) -> Result<Vec<(Uuid, String)>, DbError> {
    let events = if session.is_sqlite() {
        fetch_all!(
            session,
            any on sqlite: "SELECT id, subject FROM outbox WHERE NOT fanned_out ORDER BY id LIMIT $1",
            limit
        )?
    } else {
        fetch_all!(
            session,
            any on postgres: "SELECT id, subject FROM outbox WHERE NOT fanned_out ORDER BY id LIMIT $1
                              FOR UPDATE SKIP LOCKED",
            limit
        )?
    };
    Ok(events)
}

/// A pending delivery of each of these events to `consumer`, where there is none yet.
pub(super) async fn add_deliveries(
    session: &mut Session,
    events: &[Uuid],
    consumer: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    if session.is_sqlite() {
        execute!(
            session,
            any on sqlite: "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
                            SELECT unhex(value), $2, 'pending', 0, $3 FROM json_each($1) WHERE TRUE
                            ON CONFLICT DO NOTHING",
            as_json(events),
            consumer,
            now
        )?;
    } else {
        execute!(
            session,
            any on postgres: "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
                              SELECT id, $2, 'pending', 0, $3 FROM UNNEST($1) AS id
                              ON CONFLICT DO NOTHING",
            events,
            consumer,
            now
        )?;
    }
    Ok(())
}

pub(super) async fn mark_fanned_out(session: &mut Session, events: &[Uuid]) -> Result<(), DbError> {
    if session.is_sqlite() {
        execute!(
            session,
            any on sqlite: "UPDATE outbox SET fanned_out = TRUE WHERE id IN (SELECT unhex(value) FROM json_each($1))",
            as_json(events)
        )?;
    } else {
        execute!(session, any on postgres: "UPDATE outbox SET fanned_out = TRUE WHERE id = ANY($1)", events)?;
    }
    Ok(())
}

/// What is due for one subscription. On Postgres no other replica gets it before `lease`; SQLite has one process.
pub(super) async fn claim_due(
    session: &mut Session,
    consumer: &str,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Delivery>, DbError> {
    let rows: Vec<DueRow> = if session.is_sqlite() {
        fetch_all!(
            session,
            any on sqlite: "SELECT o.id, o.subject, o.org, o.payload, o.occurred_at, o.trace, d.attempts
                            FROM outbox_deliveries d JOIN outbox o ON o.id = d.event_id
                            WHERE d.consumer = $1 AND d.state = 'pending' AND d.next_at <= $2
                            ORDER BY d.next_at, o.id LIMIT $3",
            consumer,
            now,
            limit
        )?
    } else {
        fetch_all!(
            session,
            any on postgres: "WITH due AS (
                     SELECT event_id FROM outbox_deliveries
                     WHERE consumer = $1 AND state = 'pending' AND next_at <= $2
                     ORDER BY next_at, event_id LIMIT $3 FOR UPDATE SKIP LOCKED),
                 claimed AS (
                     UPDATE outbox_deliveries d SET next_at = $4 FROM due
                     WHERE d.consumer = $1 AND d.event_id = due.event_id RETURNING d.event_id, d.attempts)
                 SELECT o.id, o.subject, o.org, o.payload, o.occurred_at, o.trace, c.attempts
                 FROM claimed c JOIN outbox o ON o.id = c.event_id ORDER BY o.id",
            consumer,
            now,
            limit,
            lease
        )?
    };
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// When the next pending delivery to `consumer` is due; for one that is being delivered, the end of its lease.
pub(super) async fn next_due(session: &mut Session, consumer: &str) -> Result<Option<DateTime<Utc>>, DbError> {
    let next: Option<(DateTime<Utc>,)> = fetch_optional!(
        session,
        any: "SELECT next_at FROM outbox_deliveries WHERE consumer = $1 AND state = 'pending'
              ORDER BY next_at LIMIT 1",
        consumer
    )?;
    Ok(next.map(|(at,)| at))
}

/// Marks deliveries that succeeded.
pub(super) async fn mark_done(session: &mut Session, consumer: &str, events: &[Uuid]) -> Result<(), DbError> {
    if session.is_sqlite() {
        execute!(
            session,
            any on sqlite: "UPDATE outbox_deliveries SET state = 'done', attempts = attempts + 1, error = NULL
                            WHERE consumer = $1 AND state = 'pending'
                            AND event_id IN (SELECT unhex(value) FROM json_each($2))",
            consumer,
            as_json(events)
        )?;
    } else {
        execute!(
            session,
            any on postgres: "UPDATE outbox_deliveries SET state = 'done', attempts = attempts + 1, error = NULL
                              WHERE consumer = $1 AND state = 'pending' AND event_id = ANY($2)",
            consumer,
            events
        )?;
    }
    Ok(())
}

/// What becomes of a delivery that failed.
pub(super) struct FailedDelivery {
    pub(super) state: &'static str,
    pub(super) attempts: i64,
    pub(super) next_at: DateTime<Utc>,
    pub(super) error: Option<String>,
}

impl FailedDelivery {
    /// To be attempted again at `next_at`.
    pub(super) fn pending(attempts: i64, next_at: DateTime<Utc>, error: Option<String>) -> Self {
        Self { state: "pending", attempts, next_at, error }
    }
}

pub(super) async fn record_failure(
    session: &mut Session,
    consumer: &str,
    event: Uuid,
    failure: &FailedDelivery,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE outbox_deliveries SET state = $3, attempts = $4, next_at = $5, error = $6
              WHERE event_id = $1 AND consumer = $2 AND state = 'pending'",
        event,
        consumer,
        failure.state,
        failure.attempts,
        failure.next_at,
        &failure.error
    )?;
    Ok(())
}
