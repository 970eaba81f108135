//! Texts and chunks, and the numbers chunks go by.
//!
//! Every chunk has a number (`seq`), and the numbers of one project and of one organisation are a range of their own. On
//! SQLite that range is how full text and vectors are kept to a tenant without looking at anybody else's rows.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_one, fetch_optional};
use uuid::Uuid;

use super::files::UnfinishedFile;
use crate::parse::Piece;

/// Numbers of one project; some 33 million chunks over its whole life.
const PROJECT_SPAN: i64 = 1 << 25;
/// Numbers of one organisation: 65,536 projects. Four million organisations fit into one database.
const ORG_SPAN: i64 = PROJECT_SPAN << 16;

/// How often the first file of a project tries to get a range, when others want one at the same moment.
const TRIES: usize = 8;

/// Takes `count` numbers of a project, which nobody gets again, and returns the first.
pub(crate) async fn reserve(session: &mut Session, project: Uuid, count: i64) -> Result<i64, DbError> {
    for _ in 0..TRIES {
        if let Some((first, next)) = take(session, project, count).await? {
            if next > first + PROJECT_SPAN {
                let detail = format!("project {project} has used up its chunk numbers");
                return Err(DbError::Inconsistent { table: "project_sequences", detail });
            }
            return Ok(next - count);
        }
        open_range(session, project).await?;
    }
    let detail = format!("project {project} gets no chunk numbers");
    Err(DbError::Inconsistent { table: "project_sequences", detail })
}

/// The beginning of the project's range and the first number after those taken now; `None` when it has no range yet.
async fn take(session: &mut Session, project: Uuid, count: i64) -> Result<Option<(i64, i64)>, DbError> {
    fetch_optional!(
        session,
        org: "UPDATE project_sequences SET next_seq = next_seq + $3 WHERE org = $1 AND project = $2
              RETURNING first_seq, next_seq",
        project,
        count
    )
}

/// Gives the project the next free range. Whoever does so at the same moment, for this project or another, is waited
/// for, and then nothing is done: what is free must be looked up again.
async fn open_range(session: &mut Session, project: Uuid) -> Result<(), DbError> {
    let first = free_range(session).await?;
    execute!(
        session,
        org: "INSERT INTO project_sequences (org, project, first_seq, next_seq, vectors_version) VALUES ($1, $2, $3, $3, 0)
            ON CONFLICT DO NOTHING",
        project,
        first
    )?;
    Ok(())
}

async fn free_range(session: &mut Session) -> Result<i64, DbError> {
    if let Some(last) = last_range(session).await? {
        return after(session.org(), last);
    }
    // The count is shared by all organisations. One that gives an organisation its first numbers waits here for all that do.
    let (orgs,): (i64,) = fetch_one!(session, unscoped: "UPDATE numbering SET orgs = orgs + 1 RETURNING orgs")?;
    // One of those may have been a colleague.
    match last_range(session).await? {
        Some(last) => after(session.org(), last),
        None => Ok((orgs - 1) * ORG_SPAN),
    }
}

/// Where the organisation's last range begins.
async fn last_range(session: &mut Session) -> Result<Option<i64>, DbError> {
    let (last,): (Option<i64>,) =
        fetch_one!(session, org: "SELECT MAX(first_seq) FROM project_sequences WHERE org = $1")?;
    Ok(last)
}

/// The range behind `last`, if it is still the organisation's.
fn after(org: Uuid, last: i64) -> Result<i64, DbError> {
    let next = last + PROJECT_SPAN;
    if next / ORG_SPAN != last / ORG_SPAN {
        let detail = format!("organisation {org} has used up its project numbers");
        return Err(DbError::Inconsistent { table: "project_sequences", detail });
    }
    Ok(next)
}

/// The numbers of a project, or of every project of an organisation, from the first to after the last.
pub(crate) async fn range(session: &mut Session, project: Option<Uuid>) -> Result<Option<(i64, i64)>, DbError> {
    let (first, next): (Option<i64>, Option<i64>) = fetch_one!(
        session,
        org: "SELECT MIN(first_seq), MAX(next_seq) FROM project_sequences WHERE org = $1 AND ($2 IS NULL OR project = $2)",
        project
    )?;
    Ok(first.zip(next))
}

pub(crate) async fn insert_text(session: &mut Session, file: &UnfinishedFile, text: &str) -> Result<(), DbError> {
    execute!(session, org: "INSERT INTO texts (org, file_id, text) VALUES ($1, $2, $3)", file.id, text)?;
    Ok(())
}

pub(crate) async fn insert_chunk(
    session: &mut Session,
    file: &UnfinishedFile,
    seq: i64,
    ordinal: i64,
    piece: &Piece,
) -> Result<(), DbError> {
    execute!(
        session,
        org: "INSERT INTO chunks (org, seq, project, file_id, ordinal, start_char, end_char, page, heading, text)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        seq,
        file.project,
        file.id,
        ordinal,
        piece.start,
        piece.end,
        piece.page,
        &piece.heading,
        &piece.text
    )?;
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

pub(crate) async fn text(session: &mut Session, file: Uuid) -> Result<Option<StoredText>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT texts.text, files.title, files.name, files.created_at
            FROM texts JOIN files ON files.org = texts.org AND files.id = texts.file_id
            WHERE texts.org = $1 AND texts.file_id = $2",
        file
    )
}

/// A chunk with what is known of its file.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct StoredChunk {
    pub(crate) project: Uuid,
    pub(crate) file_id: Uuid,
    pub(crate) path: String,
    pub(crate) title: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) dated_at: Option<DateTime<Utc>>,
    pub(crate) start_char: i64,
    pub(crate) end_char: i64,
    pub(crate) page: Option<i64>,
    /// A JSON list.
    pub(crate) heading: String,
    pub(crate) text: String,
}

/// The chunk of a number, if it is of the session's organisation.
pub(crate) async fn chunk(session: &mut Session, seq: i64) -> Result<Option<StoredChunk>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT chunks.project, chunks.file_id, files.path, files.title, files.created_at, files.dated_at, chunks.start_char, chunks.end_char,
               chunks.page, chunks.heading, chunks.text
            FROM chunks JOIN files ON files.org = chunks.org AND files.id = chunks.file_id
            WHERE chunks.org = $1 AND chunks.seq = $2",
        seq
    )
}
