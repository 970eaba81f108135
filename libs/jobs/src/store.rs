//! Statements on the table `jobs`.
//!
//! | state | meaning | `run_at` | `claim` |
//! |---|---|---|---|
//! | `scheduled` | not due yet | when it is due | none |
//! | `available` | a worker may claim it | when it became due | none |
//! | `running` | claimed | the end of the lease | the worker's |
//! | `dead` | given up, kept for an administrator | when it was last claimed | none |
//!
//! A job that is done is deleted; the row of a schedule is `scheduled` again. Statements about one claim go by its id, in the
//! session of whomever the job works for, an organisation or the system: they are `unscoped`.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

/// A row to be written.
pub(crate) struct NewJob<'a> {
    pub(crate) id: Uuid,
    /// Nil for the system.
    pub(crate) org: Uuid,
    pub(crate) user: Uuid,
    pub(crate) kind: &'a str,
    pub(crate) payload: String,
    pub(crate) run_at: DateTime<Utc>,
    pub(crate) dedupe_key: Option<&'a str>,
    pub(crate) schedule: Option<&'a str>,
    pub(crate) trace: Option<String>,
    pub(crate) now: DateTime<Utc>,
}

fn state_at(run_at: DateTime<Utc>, now: DateTime<Utc>) -> &'static str {
    if run_at <= now { "available" } else { "scheduled" }
}

/// A job that a worker has.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ClaimedJob {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) payload: String,
    pub(crate) claim: Uuid,
    pub(crate) attempts: i64,
    pub(crate) crashes: i64,
    pub(crate) schedule: Option<String>,
    pub(crate) trace: Option<String>,
}

/// `false` when a row with the same key is there. That row is then locked until the session ends, so that no worker begins it
/// before the change that asked for this job is committed. Unscoped: the system enqueues for organisations.
pub(crate) async fn insert(session: &mut Session, new: &NewJob<'_>) -> Result<bool, DbError> {
    let statement = if new.schedule.is_some() {
        "INSERT INTO jobs (id, org, user_id, kind, payload, state, run_at, attempts, crashes, dedupe_key, schedule,
             trace, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING id"
    } else {
        "INSERT INTO jobs (id, org, user_id, kind, payload, state, run_at, attempts, crashes, dedupe_key, schedule,
             trace, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10, $11)
         ON CONFLICT (org, kind, dedupe_key) DO UPDATE SET kind = excluded.kind RETURNING id"
    };
    let row: Option<(Uuid,)> = fetch_optional!(
        session,
        unscoped: statement,
        new.id,
        new.org,
        new.user,
        new.kind,
        &new.payload,
        state_at(new.run_at, new.now),
        new.run_at,
        new.dedupe_key,
        new.schedule,
        &new.trace,
        new.now
    )?;
    Ok(row.is_some_and(|(id,)| id == new.id))
}

/// Adds the row of a schedule, or brings what this version says of it to the row; a run that is due or under way stays.
pub(crate) async fn upsert_schedule(session: &mut Session, new: &NewJob<'_>) -> Result<(), DbError> {
    if insert(session, new).await? {
        return Ok(());
    }
    execute!(
        session,
        any: "UPDATE jobs SET kind = $1, payload = $2 WHERE schedule = $3 AND state <> 'running'",
        new.kind,
        &new.payload,
        new.schedule
    )?;
    execute!(
        session,
        any: "UPDATE jobs SET run_at = $1 WHERE schedule = $2 AND state = 'scheduled' AND run_at > $1",
        new.run_at,
        new.schedule
    )?;
    Ok(())
}

/// Deletes a job that no worker has begun.
pub(crate) async fn cancel(session: &mut Session, org: Uuid, kind: &str, key: &str) -> Result<bool, DbError> {
    let cancelled = execute!(
        session,
        unscoped: "DELETE FROM jobs WHERE org = $1 AND kind = $2 AND dedupe_key = $3",
        org,
        kind,
        key
    )?;
    Ok(cancelled == 1)
}

/// When the next job becomes due, or the next lease ends.
pub(crate) async fn next_due(session: &mut Session) -> Result<Option<DateTime<Utc>>, DbError> {
    let due: Option<(DateTime<Utc>,)> = fetch_optional!(
        session,
        any: "SELECT run_at FROM jobs WHERE state IN ('scheduled', 'running') ORDER BY run_at LIMIT 1"
    )?;
    Ok(due.map(|(due,)| due))
}

pub(crate) async fn any_available(session: &mut Session) -> Result<bool, DbError> {
    let found: Option<(Uuid,)> =
        fetch_optional!(session, any: "SELECT id FROM jobs WHERE state = 'available' LIMIT 1")?;
    Ok(found.is_some())
}

/// Makes available what has become due, and what was left by workers whose lease ended: their processes died.
pub(crate) async fn promote(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE jobs SET state = 'available', claim = NULL,
               crashes = crashes + CASE state WHEN 'running' THEN 1 ELSE 0 END
            WHERE state IN ('scheduled', 'running') AND run_at <= $1",
        now
    )?;
    Ok(())
}

/// Takes a job of the organisation whose turn it is: the first after `last_org` that has one, in the order of their ids.
pub(crate) async fn claim(
    session: &mut Session,
    kind: &str,
    last_org: Uuid,
    claim: Uuid,
    lease_end: DateTime<Utc>,
) -> Result<Option<ClaimedJob>, DbError> {
    if session.is_sqlite() {
        fetch_optional!(
            session,
            any on sqlite: "UPDATE jobs SET state = 'running', claim = $1, run_at = $2, attempts = attempts + 1, dedupe_key = NULL
                WHERE id = COALESCE(
                    (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org > $4
                        ORDER BY org, run_at, id LIMIT 1),
                    (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org <= $4
                        ORDER BY org, run_at, id LIMIT 1))
                RETURNING id, org, user_id, payload, claim, attempts, crashes, schedule, trace",
            claim,
            lease_end,
            kind,
            last_org
        )
    } else {
        fetch_optional!(
            session,
            any on postgres: "UPDATE jobs SET state = 'running', claim = $1, run_at = $2, attempts = attempts + 1, dedupe_key = NULL
                WHERE id = COALESCE(
                    (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org > $4
                        ORDER BY org, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),
                    (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org <= $4
                        ORDER BY org, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED))
                RETURNING id, org, user_id, payload, claim, attempts, crashes, schedule, trace",
            claim,
            lease_end,
            kind,
            last_org
        )
    }
}

/// Prolongs the lease; `false` when the claim is lost.
pub(crate) async fn renew(session: &mut Session, job: &ClaimedJob, lease_end: DateTime<Utc>) -> Result<bool, DbError> {
    let renewed = execute!(
        session,
        unscoped: "UPDATE jobs SET run_at = $1 WHERE id = $2 AND claim = $3",
        lease_end,
        job.id,
        job.claim
    )?;
    Ok(renewed == 1)
}

/// The job is done; `false` when the claim is lost.
pub(crate) async fn delete_claimed(session: &mut Session, job: &ClaimedJob) -> Result<bool, DbError> {
    Ok(execute!(session, unscoped: "DELETE FROM jobs WHERE id = $1 AND claim = $2", job.id, job.claim)? == 1)
}

/// A run of a schedule is done; `false` when the claim is lost.
pub(crate) async fn reschedule(
    session: &mut Session,
    job: &ClaimedJob,
    run_at: DateTime<Utc>,
) -> Result<bool, DbError> {
    let rescheduled = execute!(
        session,
        unscoped: "UPDATE jobs SET state = 'scheduled', claim = NULL, run_at = $1, attempts = 0, crashes = 0, error = NULL
            WHERE id = $2 AND claim = $3",
        run_at,
        job.id,
        job.claim
    )?;
    Ok(rescheduled == 1)
}

/// How a job goes back into the queue.
pub(crate) struct Requeue {
    pub(crate) run_at: DateTime<Utc>,
    pub(crate) attempts: i64,
    pub(crate) crashes: i64,
    pub(crate) error: Option<String>,
}

/// Gives a job back. Nothing is changed when the claim is lost.
pub(crate) async fn requeue(
    session: &mut Session,
    job: &ClaimedJob,
    requeue: &Requeue,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        unscoped: "UPDATE jobs SET state = $1, claim = NULL, run_at = $2, attempts = $3, crashes = $4, error = $5
            WHERE id = $6 AND claim = $7",
        state_at(requeue.run_at, now),
        requeue.run_at,
        requeue.attempts,
        requeue.crashes,
        &requeue.error,
        job.id,
        job.claim
    )?;
    Ok(())
}

/// Gives a job up; `false` when the claim is lost.
pub(crate) async fn make_dead(session: &mut Session, job: &ClaimedJob, reason: &str) -> Result<bool, DbError> {
    let is_dead = execute!(
        session,
        unscoped: "UPDATE jobs SET state = 'dead', claim = NULL, schedule = NULL, error = $1 WHERE id = $2 AND claim = $3",
        reason,
        job.id,
        job.claim
    )?;
    Ok(is_dead == 1)
}

/// How many jobs of each kind wait for a worker.
pub(crate) async fn count_available(session: &mut Session) -> Result<Vec<(String, i64)>, DbError> {
    fetch_all!(session, any: "SELECT kind, COUNT(*) FROM jobs WHERE state = 'available' GROUP BY kind")
}
