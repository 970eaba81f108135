//! The queue is the table `files`: a row of an unfinished stage whose `next_at` has come is work. A claim moves
//! `next_at` to the end of its lease, so that the work of a process that died is taken up by another.

use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use uuid::Uuid;

use crate::queue::Job;

/// Takes the work that has waited longest, of any tenant.
pub(crate) async fn claim(
    session: &mut Session,
    claim: Uuid,
    now: DateTime<Utc>,
    lease_end: DateTime<Utc>,
) -> Result<Option<Job>, DbError> {
    let job = match session {
        Session::Sqlite(sqlite) => {
            let conn: &mut sqlx::SqliteConnection = &mut *sqlite;
            sqlx::query_as(
                "UPDATE files SET claim = $1, next_at = $2, attempts = attempts + 1
                 WHERE (org, id) = (SELECT org, id FROM files
                     WHERE stage IN ('received', 'parsed') AND next_at <= $3 ORDER BY next_at LIMIT 1)
                 RETURNING org, id, uploaded_by, project, name, format, stage, attempts, crashes, claim",
            )
            .bind(claim)
            .bind(lease_end)
            .bind(now)
            .fetch_optional(conn)
            .await?
        }
        Session::Postgres(postgres) => {
            let conn: &mut sqlx::PgConnection = &mut *postgres;
            sqlx::query_as(
                "UPDATE files SET claim = $1, next_at = $2, attempts = attempts + 1
                 WHERE (org, id) = (SELECT org, id FROM files
                     WHERE stage IN ('received', 'parsed') AND next_at <= $3 ORDER BY next_at LIMIT 1
                     FOR UPDATE SKIP LOCKED)
                 RETURNING org, id, uploaded_by, project, name, format, stage, attempts, crashes, claim",
            )
            .bind(claim)
            .bind(lease_end)
            .bind(now)
            .fetch_optional(conn)
            .await?
        }
    };
    Ok(job)
}

/// Prolongs the lease; `false` when the file or the claim is gone.
pub(crate) async fn renew(session: &mut Session, job: &Job, lease_end: DateTime<Utc>) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query("UPDATE files SET next_at = $1 WHERE org = $2 AND id = $3 AND claim = $4")
        .bind(lease_end)
        .bind(job.org)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// Gives the work back, to be done from `next_at` on.
pub(crate) async fn put_back(
    session: &mut Session,
    job: &Job,
    error: Option<&str>,
    crashes: i64,
    next_at: DateTime<Utc>,
) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE files SET claim = NULL, error = $1, crashes = $2, next_at = $3
         WHERE org = $4 AND id = $5 AND claim = $6")
        .bind(error)
        .bind(crashes)
        .bind(next_at)
        .bind(job.org)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// The file cannot be read, and trying again would not help.
pub(crate) async fn fail(session: &mut Session, job: &Job, error: &str) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE files SET claim = NULL, stage = 'failed', error = $1 WHERE org = $2 AND id = $3 AND claim = $4")
        .bind(error)
        .bind(job.org)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// What reading a file made known about it.
pub(crate) struct Outcome<'a> {
    pub(crate) stage: &'static str,
    pub(crate) title: Option<&'a str>,
    pub(crate) pages: Option<i64>,
    pub(crate) chunks: i64,
    pub(crate) first_seq: i64,
    pub(crate) next_at: DateTime<Utc>,
}

/// `received` is done. `false` when the file or the claim is gone: then nothing of this session may be kept.
pub(crate) async fn parsed(session: &mut Session, job: &Job, outcome: &Outcome<'_>) -> Result<bool, DbError> {
    Ok(on_db!(session, conn => sqlx::query(
        "UPDATE files SET claim = NULL, error = NULL, stage = $1, title = $2, pages = $3, chunks = $4, first_seq = $5,
            next_at = $6
         WHERE org = $7 AND id = $8 AND claim = $9")
        .bind(outcome.stage)
        .bind(outcome.title)
        .bind(outcome.pages)
        .bind(outcome.chunks)
        .bind(outcome.first_seq)
        .bind(outcome.next_at)
        .bind(job.org)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))?)
}

/// `parsed` is done, with vectors of `model` or without any.
pub(crate) async fn indexed(session: &mut Session, job: &Job, model: Option<&str>) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE files SET claim = NULL, error = NULL, stage = 'indexed', embedded_with = $1
         WHERE org = $2 AND id = $3 AND claim = $4")
        .bind(model)
        .bind(job.org)
        .bind(job.id)
        .bind(job.claim)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Files of every tenant whose vectors are of another model (or missing) become work again.
pub(crate) async fn reembed(session: &mut Session, model: &str, now: DateTime<Utc>) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE files SET stage = 'parsed', next_at = $1
         WHERE stage = 'indexed' AND (embedded_with IS NULL OR embedded_with <> $2)")
        .bind(now)
        .bind(model)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}
