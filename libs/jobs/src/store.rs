//! Statements on the table `jobs`.
//!
//! | state | meaning | `run_at` | `claim` |
//! |---|---|---|---|
//! | `scheduled` | not due yet | when it is due | none |
//! | `available` | a worker may claim it | when it became due | none |
//! | `running` | claimed | the end of the lease | the worker's |
//! | `dead` | given up, kept for an administrator | when it was given up | none |
//!
//! A job that is done is deleted; the row of a schedule is `scheduled` again.

use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
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

impl NewJob<'_> {
    fn state(&self) -> &'static str {
        state_at(self.run_at, self.now)
    }
}

fn state_at(run_at: DateTime<Utc>, now: DateTime<Utc>) -> &'static str {
    if run_at <= now { "available" } else { "scheduled" }
}

/// A job that a worker has.
#[derive(Debug, sqlx::FromRow)]
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

/// `false` when a row with the same key is there.
pub(crate) async fn insert(session: &mut Session, new: &NewJob<'_>) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query(
        "INSERT INTO jobs (id, org, user_id, kind, payload, state, run_at, attempts, crashes, dedupe_key, schedule,
            trace, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10, $11) ON CONFLICT DO NOTHING")
        .bind(new.id)
        .bind(new.org)
        .bind(new.user)
        .bind(new.kind)
        .bind(&new.payload)
        .bind(new.state())
        .bind(new.run_at)
        .bind(new.dedupe_key)
        .bind(new.schedule)
        .bind(&new.trace)
        .bind(new.now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// Adds the row of a schedule, or brings what this version says of it to the row; a run that is due or under way stays.
pub(crate) async fn upsert_schedule(session: &mut Session, new: &NewJob<'_>) -> Result<(), DbError> {
    if insert(session, new).await? {
        return Ok(());
    }
    on_db!(session, conn => sqlx::query("UPDATE jobs SET kind = $1, payload = $2 WHERE schedule = $3 AND state <> 'running'")
        .bind(new.kind)
        .bind(&new.payload)
        .bind(new.schedule)
        .execute(conn)
        .await
        .map(drop))?;
    on_db!(session, conn => sqlx::query(
        "UPDATE jobs SET run_at = $1 WHERE schedule = $2 AND state = 'scheduled' AND run_at > $1")
        .bind(new.run_at)
        .bind(new.schedule)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Deletes a job that no worker has begun.
pub(crate) async fn cancel(session: &mut Session, org: Uuid, kind: &str, key: &str) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query("DELETE FROM jobs WHERE org = $1 AND kind = $2 AND dedupe_key = $3")
        .bind(org)
        .bind(kind)
        .bind(key)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// When the next job becomes due, or the next lease ends.
pub(crate) async fn next_due(session: &mut Session) -> Result<Option<DateTime<Utc>>, DbError> {
    let due: Option<(DateTime<Utc>,)> = on_db!(session, conn => sqlx::query_as(
        "SELECT run_at FROM jobs WHERE state IN ('scheduled', 'running') ORDER BY run_at LIMIT 1")
        .fetch_optional(conn)
        .await)?;
    Ok(due.map(|(due,)| due))
}

pub(crate) async fn any_available(session: &mut Session) -> Result<bool, DbError> {
    let found: Option<(Uuid,)> = on_db!(session, conn => sqlx::query_as(
        "SELECT id FROM jobs WHERE state = 'available' LIMIT 1")
        .fetch_optional(conn)
        .await)?;
    Ok(found.is_some())
}

/// Makes available what has become due, and what was left by workers whose lease ended: their processes died.
pub(crate) async fn promote(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE jobs SET state = 'available', claim = NULL,
            crashes = crashes + CASE state WHEN 'running' THEN 1 ELSE 0 END
         WHERE state IN ('scheduled', 'running') AND run_at <= $1")
        .bind(now)
        .execute(conn)
        .await
        .map(drop))?;
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
    let job =
        match session {
            Session::Sqlite(conn) => sqlx::query_as(
                "UPDATE jobs SET state = 'running', claim = $1, run_at = $2, attempts = attempts + 1, dedupe_key = NULL
                 WHERE id = COALESCE(
                     (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org > $4
                         ORDER BY org, run_at, id LIMIT 1),
                     (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org <= $4
                         ORDER BY org, run_at, id LIMIT 1))
                 RETURNING id, org, user_id, payload, claim, attempts, crashes, schedule, trace",
            )
            .bind(claim)
            .bind(lease_end)
            .bind(kind)
            .bind(last_org)
            .fetch_optional(&mut **conn)
            .await?,
            Session::Postgres(conn) => sqlx::query_as(
                "UPDATE jobs SET state = 'running', claim = $1, run_at = $2, attempts = attempts + 1, dedupe_key = NULL
                 WHERE id = COALESCE(
                     (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org > $4
                         ORDER BY org, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),
                     (SELECT id FROM jobs WHERE state = 'available' AND kind = $3 AND org <= $4
                         ORDER BY org, run_at, id LIMIT 1 FOR UPDATE SKIP LOCKED))
                 RETURNING id, org, user_id, payload, claim, attempts, crashes, schedule, trace",
            )
            .bind(claim)
            .bind(lease_end)
            .bind(kind)
            .bind(last_org)
            .fetch_optional(&mut **conn)
            .await?,
        };
    Ok(job)
}

/// Prolongs the lease; `false` when the claim is lost.
pub(crate) async fn renew(session: &mut Session, job: &ClaimedJob, lease_end: DateTime<Utc>) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query("UPDATE jobs SET run_at = $1 WHERE id = $2 AND claim = $3")
        .bind(lease_end)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// The job is done; `false` when the claim is lost.
pub(crate) async fn delete_claimed(session: &mut Session, job: &ClaimedJob) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query("DELETE FROM jobs WHERE id = $1 AND claim = $2")
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// A run of a schedule is done; `false` when the claim is lost.
pub(crate) async fn reschedule(
    session: &mut Session,
    job: &ClaimedJob,
    run_at: DateTime<Utc>,
) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query(
        "UPDATE jobs SET state = 'scheduled', claim = NULL, run_at = $1, attempts = 0, crashes = 0, error = NULL
         WHERE id = $2 AND claim = $3")
        .bind(run_at)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
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
    on_db!(session, conn => sqlx::query(
        "UPDATE jobs SET state = $1, claim = NULL, run_at = $2, attempts = $3, crashes = $4, error = $5
         WHERE id = $6 AND claim = $7")
        .bind(state_at(requeue.run_at, now))
        .bind(requeue.run_at)
        .bind(requeue.attempts)
        .bind(requeue.crashes)
        .bind(&requeue.error)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Gives a job up; `false` when the claim is lost.
pub(crate) async fn make_dead(session: &mut Session, job: &ClaimedJob, reason: &str) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query(
        "UPDATE jobs SET state = 'dead', claim = NULL, schedule = NULL, error = $1 WHERE id = $2 AND claim = $3")
        .bind(reason)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// How many jobs of each kind wait for a worker.
pub(crate) async fn count_available(session: &mut Session) -> Result<Vec<(String, i64)>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT kind, COUNT(*) FROM jobs WHERE state = 'available' GROUP BY kind")
        .fetch_all(conn)
        .await)?)
}
