//! Texts and chunks, and the numbers chunks go by.
//!
//! Every chunk has a number (`seq`), and the numbers of one project and of one organisation are a range of their own. On
//! SQLite that range is how full text and vectors are kept to a tenant without looking at anybody else's rows.

use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use uuid::Uuid;

use crate::{parse::Piece, queue::Job};

/// Numbers of one project; some 33 million chunks over its whole life.
const PROJECT_SPAN: i64 = 1 << 25;
/// Numbers of one organisation: 65,536 projects. Four million organisations fit into one database.
const ORG_SPAN: i64 = PROJECT_SPAN << 16;

/// How often the first file of a project tries to get a range, when others want one at the same moment.
const TRIES: usize = 8;

/// Takes `count` numbers of a project, which nobody gets again, and returns the first.
pub(crate) async fn reserve(session: &mut Session, org: Uuid, project: Uuid, count: i64) -> Result<i64, DbError> {
    for _ in 0..TRIES {
        if let Some((first, next)) = take(session, org, project, count).await? {
            if next > first + PROJECT_SPAN {
                let detail = format!("project {project} has used up its chunk numbers");
                return Err(DbError::Inconsistent { table: "shelves", detail });
            }
            return Ok(next - count);
        }
        open_range(session, org, project).await?;
    }
    let detail = format!("project {project} gets no chunk numbers");
    Err(DbError::Inconsistent { table: "shelves", detail })
}

/// The beginning of the project's range and the first number after those taken now; `None` when it has no range yet.
async fn take(session: &mut Session, org: Uuid, project: Uuid, count: i64) -> Result<Option<(i64, i64)>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "UPDATE shelves SET next_seq = next_seq + $1 WHERE org = $2 AND project = $3 RETURNING first_seq, next_seq")
        .bind(count)
        .bind(org)
        .bind(project)
        .fetch_optional(conn)
        .await)?)
}

/// Gives the project the next free range. Whoever does so at the same moment, for this project or another, is waited
/// for, and then nothing is done: what is free must be looked up again.
async fn open_range(session: &mut Session, org: Uuid, project: Uuid) -> Result<(), DbError> {
    let first = free_range(session, org).await?;
    on_db!(session, conn => sqlx::query(
        "INSERT INTO shelves (org, project, first_seq, next_seq, vectors_version) VALUES ($1, $2, $3, $3, 0)
         ON CONFLICT DO NOTHING")
        .bind(org)
        .bind(project)
        .bind(first)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

async fn free_range(session: &mut Session, org: Uuid) -> Result<i64, DbError> {
    if let Some(last) = last_range(session, org).await? {
        return after(org, last);
    }
    // Whoever gives an organisation its first numbers waits here for all who do.
    let (orgs,): (i64,) = on_db!(&mut *session, conn => sqlx::query_as(
        "UPDATE numbering SET orgs = orgs + 1 RETURNING orgs")
        .fetch_one(conn)
        .await)?;
    // One of those may have been a colleague.
    match last_range(session, org).await? {
        Some(last) => after(org, last),
        None => Ok((orgs - 1) * ORG_SPAN),
    }
}

/// Where the organisation's last range begins.
async fn last_range(session: &mut Session, org: Uuid) -> Result<Option<i64>, DbError> {
    let (last,): (Option<i64>,) = on_db!(session, conn => sqlx::query_as(
        "SELECT MAX(first_seq) FROM shelves WHERE org = $1")
        .bind(org)
        .fetch_one(conn)
        .await)?;
    Ok(last)
}

/// The range behind `last`, if it is still the organisation's.
fn after(org: Uuid, last: i64) -> Result<i64, DbError> {
    let next = last + PROJECT_SPAN;
    if next / ORG_SPAN != last / ORG_SPAN {
        let detail = format!("organisation {org} has used up its project numbers");
        return Err(DbError::Inconsistent { table: "shelves", detail });
    }
    Ok(next)
}

/// The numbers of a project, or of every project of an organisation, from the first to after the last.
pub(crate) async fn range(
    session: &mut Session,
    org: Uuid,
    project: Option<Uuid>,
) -> Result<Option<(i64, i64)>, DbError> {
    let (first, next): (Option<i64>, Option<i64>) = on_db!(session, conn => sqlx::query_as(
        "SELECT MIN(first_seq), MAX(next_seq) FROM shelves WHERE org = $1 AND ($2 IS NULL OR project = $2)")
        .bind(org)
        .bind(project)
        .fetch_one(conn)
        .await)?;
    Ok(first.zip(next))
}

pub(crate) async fn insert_text(session: &mut Session, job: &Job, text: &str) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query("INSERT INTO texts (org, file_id, text) VALUES ($1, $2, $3)")
        .bind(job.org)
        .bind(job.id)
        .bind(text)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

pub(crate) async fn insert_chunk(
    session: &mut Session,
    job: &Job,
    seq: i64,
    ordinal: i64,
    piece: &Piece,
) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO chunks (seq, org, project, file_id, ordinal, start_char, end_char, page, heading, text)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(seq)
        .bind(job.org)
        .bind(job.project)
        .bind(job.id)
        .bind(ordinal)
        .bind(piece.start)
        .bind(piece.end)
        .bind(piece.page)
        .bind(&piece.heading)
        .bind(&piece.text)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// The text of a file and when the file came.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredText {
    pub(crate) text: String,
    pub(crate) title: Option<String>,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) async fn text(session: &mut Session, org: Uuid, file: Uuid) -> Result<Option<StoredText>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT texts.text, files.title, files.name, files.created_at
         FROM texts JOIN files ON files.org = texts.org AND files.id = texts.file_id
         WHERE texts.org = $1 AND texts.file_id = $2")
        .bind(org)
        .bind(file)
        .fetch_optional(conn)
        .await)?)
}

/// A chunk with what is known of its file.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredChunk {
    pub(crate) file_id: Uuid,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) start_char: i64,
    pub(crate) end_char: i64,
    pub(crate) page: Option<i64>,
    /// A JSON list.
    pub(crate) heading: String,
    pub(crate) text: String,
}

/// The chunk of a number, if it is the organisation's.
pub(crate) async fn chunk(session: &mut Session, org: Uuid, seq: i64) -> Result<Option<StoredChunk>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT chunks.file_id, files.name, files.title, files.created_at, chunks.start_char, chunks.end_char,
            chunks.page, chunks.heading, chunks.text
         FROM chunks JOIN files ON files.org = chunks.org AND files.id = chunks.file_id
         WHERE chunks.org = $1 AND chunks.seq = $2")
        .bind(org)
        .bind(seq)
        .fetch_optional(conn)
        .await)?)
}
