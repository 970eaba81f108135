//! The outbox as the relay sees it. Every function takes the caller's transaction.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};
use uuid::Uuid;

use super::super::{Event, ids::as_json};

/// An event on its way to one taker.
pub(super) struct Delivery {
    pub(super) event: Event,
    /// Those that failed so far.
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
        let event = Event {
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

/// Events without delivery rows. On Postgres they are locked, and what another replica has locked is left to it; on SQLite
/// one transaction at a time writes.
pub(super) async fn claim_new(session: &mut Session, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let rows: Vec<(Uuid,)> = if session.is_sqlite() {
        fetch_all!(
            session,
            any on sqlite: "SELECT id FROM outbox WHERE NOT fanned_out ORDER BY id LIMIT $1",
            limit
        )?
    } else {
        fetch_all!(
            session,
            any on postgres: "SELECT id FROM outbox WHERE NOT fanned_out ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
            limit
        )?
    };
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// A delivery for each of these events that `consumer` takes; `subject` is `None` when it takes every one.
pub(super) async fn add_deliveries(
    session: &mut Session,
    events: &[Uuid],
    consumer: &str,
    subject: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    if session.is_sqlite() {
        execute!(
            session,
            any on sqlite: "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
                            SELECT id, $2, 'pending', 0, $4 FROM outbox
                            WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND ($3 IS NULL OR subject = $3)
                            ON CONFLICT DO NOTHING",
            as_json(events),
            consumer,
            subject,
            now
        )?;
    } else {
        execute!(
            session,
            any on postgres: "INSERT INTO outbox_deliveries (event_id, consumer, state, attempts, next_at)
                              SELECT id, $2, 'pending', 0, $4 FROM outbox
                              WHERE id = ANY($1) AND ($3 IS NULL OR subject = $3)
                              ON CONFLICT DO NOTHING",
            events,
            consumer,
            subject,
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

/// What is due for one taker. On Postgres nobody else gets it before `lease` is over; SQLite has one process.
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

/// Marks what was taken.
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

/// What becomes of a delivery that was not taken.
pub(super) struct Setback {
    pub(super) state: &'static str,
    pub(super) attempts: i64,
    pub(super) next_at: DateTime<Utc>,
    pub(super) error: Option<String>,
}

/// Writes a [`Setback`] down.
pub(super) async fn set_back(
    session: &mut Session,
    consumer: &str,
    event: Uuid,
    setback: &Setback,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE outbox_deliveries SET state = $3, attempts = $4, next_at = $5, error = $6
              WHERE event_id = $1 AND consumer = $2 AND state = 'pending'",
        event,
        consumer,
        setback.state,
        setback.attempts,
        setback.next_at,
        &setback.error
    )?;
    Ok(())
}
