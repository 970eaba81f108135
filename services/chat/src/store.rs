//! SQL for runs and their events.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional, on_db};
use sqlx::QueryBuilder;
use uuid::Uuid;

/// A new run.
#[derive(Debug, Clone)]
pub(crate) struct NewRun {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) user: Uuid,
    pub(crate) thread_id: Uuid,
    pub(crate) question: String,
    /// The request as JSON, for the process that takes the run over.
    pub(crate) request: String,
    pub(crate) lease_owner: Uuid,
    pub(crate) lease_until: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A stored run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RunRow {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) thread_id: Uuid,
    pub(crate) request: String,
    pub(crate) attempts: i64,
    pub(crate) created_at: DateTime<Utc>,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub(crate) struct RunResult {
    /// `complete`, `partial`, `cancelled` or `error`.
    pub(crate) state: String,
    pub(crate) answer: String,
    pub(crate) at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) org: Uuid,
    pub(crate) run_id: Uuid,
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) data: String,
}

/// Rows per statement; its parameters are far below the limits of SQLite (32,766) and Postgres (65,535).
const MAX_ROWS: usize = 512;

/// An earlier question of the thread with its answer.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Turn {
    pub(crate) question: String,
    pub(crate) answer: Option<String>,
}

/// The log of runs is written in one session for all organisations, so that a run says whose it is.
pub(crate) async fn insert_run(session: &mut Session, run: &NewRun) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO runs (id, org, user_id, thread_id, question, request, state,
                  cancel_requested, lease_owner, lease_until, attempts, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $9, 1, $10)",
        run.id,
        run.org,
        run.user,
        run.thread_id,
        &run.question,
        &run.request,
        false,
        run.lease_owner,
        run.lease_until,
        run.created_at
    )?;
    Ok(())
}

pub(crate) async fn insert_events(session: &mut Session, mut events: &[&EventRow]) -> Result<(), DbError> {
    // Batch sizes are powers of two, so that a connection caches ten prepared statements instead of one per size.
    while !events.is_empty() {
        let size = (1 << events.len().ilog2()).min(MAX_ROWS);
        let (rows, rest) = events.split_at(size);
        events = rest;
        on_db!(session, conn => {
            let mut query = QueryBuilder::new("INSERT INTO run_events (org, run_id, seq, kind, data) ");
            query.push_values(rows, |mut row, event| {
                row.push_bind(event.org).push_bind(event.run_id).push_bind(event.seq);
                row.push_bind(event.kind).push_bind(event.data.as_str());
            });
            query.build().execute(conn).await.map(drop)
        })?;
    }
    Ok(())
}

pub(crate) async fn finish_run(session: &mut Session, id: Uuid, result: &RunResult) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE runs SET state = $2, answer = $3, finished_at = $4, lease_owner = NULL, lease_until = NULL
              WHERE id = $1",
        id,
        &result.state,
        &result.answer,
        result.at
    )?;
    Ok(())
}

/// The events of a run after `after`.
pub(crate) async fn events(
    session: &mut Session,
    run: Uuid,
    after: i64,
) -> Result<Vec<(i64, String, String)>, DbError> {
    fetch_all!(
        session,
        org: "SELECT seq, kind, data FROM run_events WHERE org = $1 AND run_id = $2 AND seq > $3 ORDER BY seq",
        run,
        after
    )
}

/// Whether a run of the user has ended; then its last event is stored.
pub(crate) async fn has_ended(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    let row: Option<(String,)> = fetch_optional!(
        session,
        owner: "SELECT state FROM runs WHERE org = $1 AND user_id = $2 AND id = $3",
        id
    )?;
    Ok(row.is_none_or(|(state,)| state != "running"))
}

/// A run of the user; `None` for another user's.
pub(crate) async fn run(session: &mut Session, id: Uuid) -> Result<Option<RunRow>, DbError> {
    fetch_optional!(
        session,
        owner: "SELECT id, org, user_id, thread_id, request, attempts, created_at
                FROM runs WHERE org = $1 AND user_id = $2 AND id = $3",
        id
    )
}

/// The newest run of a thread of the user.
pub(crate) async fn last_of_thread(session: &mut Session, thread: Uuid) -> Result<Option<RunRow>, DbError> {
    fetch_optional!(
        session,
        owner: "SELECT id, org, user_id, thread_id, request, attempts, created_at
                FROM runs WHERE org = $1 AND user_id = $2 AND thread_id = $3 ORDER BY id DESC LIMIT 1",
        thread
    )
}

/// The last turns of a thread of the user before the run `before`, oldest first.
pub(crate) async fn turns(session: &mut Session, thread: Uuid, before: Uuid, limit: i64) -> Result<Vec<Turn>, DbError> {
    let mut turns: Vec<Turn> = fetch_all!(
        session,
        owner: "SELECT question, answer FROM runs WHERE org = $1 AND user_id = $2 AND thread_id = $3 AND id < $4
                ORDER BY id DESC LIMIT $5",
        thread,
        before,
        limit
    )?;
    turns.reverse();
    Ok(turns)
}

pub(crate) async fn request_cancel(session: &mut Session, id: Uuid) -> Result<(), DbError> {
    execute!(
        session,
        owner: "UPDATE runs SET cancel_requested = $4
                WHERE org = $1 AND user_id = $2 AND id = $3 AND state = 'running'",
        id,
        true
    )?;
    Ok(())
}

/// Extends the leases of the runs `owner` is working on.
pub(crate) async fn heartbeat(
    session: &mut Session,
    owner: Uuid,
    runs: &[Uuid],
    until: DateTime<Utc>,
) -> Result<(), DbError> {
    on_db!(session, conn => {
        let mut query = QueryBuilder::new("UPDATE runs SET lease_until = ");
        query.push_bind(until).push(" WHERE lease_owner = ").push_bind(owner).push(" AND state = 'running' AND id IN (");
        let mut ids = query.separated(", ");
        for run in runs {
            ids.push_bind(*run);
        }
        query.push(")");
        query.build().persistent(false).execute(conn).await.map(drop)
    })?;
    Ok(())
}

/// Releases the leases of `owner`, which is shutting down; this does not count as a failed attempt.
pub(crate) async fn release(session: &mut Session, owner: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE runs SET lease_until = $2, attempts = attempts - 1 WHERE lease_owner = $1 AND state = 'running'",
        owner,
        now
    )?;
    Ok(())
}

/// How many of `runs` are still leased by `owner`.
pub(crate) async fn owned(session: &mut Session, owner: Uuid, runs: &[Uuid]) -> Result<usize, DbError> {
    let (count,): (i64,) = on_db!(session, conn => {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM runs WHERE lease_owner = ");
        query.push_bind(owner).push(" AND state = 'running' AND id IN (");
        let mut ids = query.separated(", ");
        for run in runs {
            ids.push_bind(*run);
        }
        query.push(")");
        query.build_query_as().persistent(false).fetch_one(conn).await
    })?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Records that a run of the user is watched until `until`, unless a later time is recorded.
pub(crate) async fn watch(session: &mut Session, id: Uuid, until: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        owner: "UPDATE runs SET watched_until = $4 WHERE org = $1 AND user_id = $2 AND id = $3
                AND state = 'running' AND (watched_until IS NULL OR watched_until < $4)",
        id,
        until
    )?;
    Ok(())
}

/// When the detach grace of watchers in other processes ends; `None` if there were none.
pub(crate) async fn watched_until(session: &mut Session, id: Uuid) -> Result<Option<DateTime<Utc>>, DbError> {
    let row: Option<(Option<DateTime<Utc>>,)> = fetch_optional!(
        session,
        owner: "SELECT watched_until FROM runs WHERE org = $1 AND user_id = $2 AND id = $3",
        id
    )?;
    Ok(row.and_then(|(until,)| until))
}

/// The runs of `owner` whose cancellation is requested.
pub(crate) async fn cancelled(session: &mut Session, owner: Uuid) -> Result<Vec<Uuid>, DbError> {
    let rows: Vec<(Uuid,)> = fetch_all!(
        session,
        any: "SELECT id FROM runs WHERE lease_owner = $1 AND state = 'running' AND cancel_requested",
        owner
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Takes over one run whose lease ended before `expired`, except runs of `except`; `None` if there is none. The
/// condition on the old lease ensures that only one of several processes succeeds.
pub(crate) async fn claim(
    session: &mut Session,
    owner: Uuid,
    except: Option<Uuid>,
    expired: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<RunRow>, DbError> {
    fetch_optional!(
        session,
        any: "UPDATE runs SET lease_owner = $1, lease_until = $3, attempts = attempts + 1
              WHERE state = 'running' AND lease_until < $2 AND id = (
                  SELECT id FROM runs WHERE state = 'running' AND lease_until < $2
                  AND ($4 IS NULL OR lease_owner <> $4) ORDER BY lease_until LIMIT 1)
              RETURNING id, org, user_id, thread_id, request, attempts, created_at",
        owner,
        expired,
        until,
        except
    )
}

/// Whether any process works on a run, or did until it died.
pub(crate) async fn is_any_running(session: &mut Session) -> Result<bool, DbError> {
    let any: Option<(Uuid,)> = fetch_optional!(session, any: "SELECT id FROM runs WHERE state = 'running' LIMIT 1")?;
    Ok(any.is_some())
}

/// Deletes the ended runs of a thread of the user, with their events, that were started at or before `deleted_at`.
/// Inclusive, as in library-svc, which drops answers to questions asked until then.
pub(crate) async fn forget_thread(
    session: &mut Session,
    thread: Uuid,
    deleted_at: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        owner: "DELETE FROM runs WHERE org = $1 AND user_id = $2 AND thread_id = $3
                AND state <> 'running' AND created_at <= $4",
        thread,
        deleted_at
    )?;
    Ok(())
}
