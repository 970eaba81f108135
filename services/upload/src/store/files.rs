//! Rows of `files`, asked for in a tenant's name.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_one, fetch_optional};
use uuid::Uuid;

use crate::files::{Row, Stage, Staged};

/// A file to be made.
#[derive(Clone, Copy)]
pub(crate) struct NewFile<'a> {
    pub(crate) project: Uuid,
    pub(crate) staged: &'a Staged,
    pub(crate) path: &'a str,
    /// When it was last changed, as its sender says.
    pub(crate) modified_at: Option<DateTime<Utc>>,
    pub(crate) version: i64,
    pub(crate) now: DateTime<Utc>,
}

pub(crate) async fn insert(session: &mut Session, new: &NewFile<'_>) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO files (org, uploaded_by, id, project, name, path, version, format, size, sha256, modified_at,
               stage, attempts, chunks, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'received', 0, 0, $12)",
        new.staged.id,
        new.project,
        &new.staged.name,
        new.path,
        new.version,
        &new.staged.format,
        new.staged.size,
        new.staged.sha256.as_slice(),
        new.modified_at,
        new.now
    )?;
    Ok(())
}

pub(crate) async fn by_id(session: &mut Session, id: Uuid) -> Result<Option<Row>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT id, project, name, path, format, size, stage, error, attempts, title, pages, dated_at, words_kept, warnings, chunks, created_at
            FROM files WHERE org = $1 AND id = $2",
        id
    )
}

/// The latest version under a path: its hash, and its number.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct LatestVersion {
    pub(crate) id: Uuid,
    pub(crate) sha256: Vec<u8>,
    pub(crate) version: i64,
}

pub(crate) async fn latest(session: &mut Session, project: Uuid, path: &str) -> Result<Option<LatestVersion>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT id, sha256, version FROM files WHERE org = $1 AND project = $2 AND path = $3
            ORDER BY version DESC LIMIT 1",
        project,
        path
    )
}

/// Whether a project was deleted.
pub(crate) async fn is_deleted_project(session: &mut Session, project: Uuid) -> Result<bool, DbError> {
    let row: Option<(Uuid,)> = fetch_optional!(
        session,
        org: "SELECT project FROM deleted_projects WHERE org = $1 AND project = $2",
        project
    )?;
    Ok(row.is_some())
}

/// Remembers that a project was deleted.
pub(crate) async fn note_deleted_project(session: &mut Session, project: Uuid) -> Result<(), DbError> {
    execute!(
        session,
        org: "INSERT INTO deleted_projects (org, project) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        project
    )?;
    Ok(())
}

/// Files older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(
    session: &mut Session,
    project: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Row>, DbError> {
    fetch_all!(
        session,
        org: "SELECT id, project, name, path, format, size, stage, error, attempts, title, pages, dated_at, words_kept, warnings, chunks, created_at
            FROM files WHERE org = $1 AND ($2 IS NULL OR project = $2) AND ($3 IS NULL OR id < $3)
            ORDER BY id DESC LIMIT $4",
        project,
        before,
        limit
    )
}

/// The versions of a file that came before it, under the same path.
pub(crate) async fn earlier_versions(session: &mut Session, id: Uuid) -> Result<Vec<Uuid>, DbError> {
    let rows: Vec<(Uuid,)> = fetch_all!(
        session,
        org: "SELECT old.id FROM files AS new
              JOIN files AS old ON old.org = new.org AND old.project = new.project AND old.path = new.path
                AND old.version < new.version
              WHERE new.org = $1 AND new.id = $2",
        id
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Some files of a project.
pub(crate) async fn of_project(session: &mut Session, project: Uuid, limit: i64) -> Result<Vec<Uuid>, DbError> {
    let rows: Vec<(Uuid,)> =
        fetch_all!(session, org: "SELECT id FROM files WHERE org = $1 AND project = $2 LIMIT $3", project, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Files of a selection that nothing can be found in yet.
pub(crate) async fn unread(session: &mut Session, project: Option<Uuid>, files: &[Uuid]) -> Result<i64, DbError> {
    if files.is_empty() {
        let (count,): (i64,) = fetch_one!(
            session,
            org: "SELECT COUNT(*) FROM files WHERE org = $1 AND ($2 IS NULL OR project = $2) AND stage = 'received'",
            project
        )?;
        return Ok(count);
    }
    let mut count = 0;
    for id in files {
        let file = by_id(session, *id).await?;
        let selected = file.filter(|file| project.is_none_or(|project| project == file.project));
        count += i64::from(selected.is_some_and(|file| file.stage == Stage::Received));
    }
    Ok(count)
}

/// Where the chunks of a file are: the first of them and how many.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Place {
    pub(crate) project: Uuid,
    pub(crate) first_seq: Option<i64>,
    pub(crate) chunks: i64,
}

pub(crate) async fn place(session: &mut Session, id: Uuid) -> Result<Option<Place>, DbError> {
    fetch_optional!(session, org: "SELECT project, first_seq, chunks FROM files WHERE org = $1 AND id = $2", id)
}

/// Deletes the row; the text and the chunks go with it by their foreign keys.
pub(crate) async fn delete(session: &mut Session, id: Uuid) -> Result<Option<Place>, DbError> {
    fetch_optional!(
        session,
        org: "DELETE FROM files WHERE org = $1 AND id = $2 RETURNING project, first_seq, chunks",
        id
    )
}

/// A file that is not read to its end.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct UnfinishedFile {
    pub(crate) id: Uuid,
    pub(crate) project: Uuid,
    pub(crate) name: String,
    pub(crate) format: String,
    #[sqlx(try_from = "String")]
    pub(crate) stage: Stage,
}

/// Counts an attempt; `None` when the file is gone or has reached its last stage.
pub(crate) async fn begin(session: &mut Session, id: Uuid) -> Result<Option<UnfinishedFile>, DbError> {
    fetch_optional!(
        session,
        org: "UPDATE files SET attempts = attempts + 1 WHERE org = $1 AND id = $2 AND stage IN ('received', 'parsed')
            RETURNING id, project, name, format, stage",
        id
    )
}

/// What reading a file made known about it.
pub(crate) struct ParseResult<'a> {
    pub(crate) stage: &'static str,
    pub(crate) title: Option<&'a str>,
    pub(crate) pages: Option<i64>,
    /// The date that the file itself tells.
    pub(crate) dated_at: Option<DateTime<Utc>>,
    /// The share of its words that the text has, from 0 to 1.
    pub(crate) words_kept: Option<f64>,
    /// A JSON list.
    pub(crate) warnings: String,
    pub(crate) chunks: i64,
    pub(crate) first_seq: i64,
}

/// `received` is done; `false` when the file is gone: then nothing of this session may be kept.
pub(crate) async fn set_parsed(session: &mut Session, id: Uuid, result: &ParseResult<'_>) -> Result<bool, DbError> {
    let updated = execute!(
        session,
        org: "UPDATE files SET error = NULL, stage = $3, title = $4, pages = $5, chunks = $6, first_seq = $7,
                dated_at = COALESCE($8, modified_at), words_kept = $9, warnings = $10
            WHERE org = $1 AND id = $2 AND stage = 'received'",
        id,
        result.stage,
        result.title,
        result.pages,
        result.chunks,
        result.first_seq,
        result.dated_at,
        result.words_kept,
        &result.warnings
    )?;
    Ok(updated == 1)
}

/// Keeps a file from being deleted until the session ends; `false` when it is gone.
pub(crate) async fn lock(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, org: "UPDATE files SET stage = stage WHERE org = $1 AND id = $2", id)? == 1)
}

/// `parsed` is done, with vectors of `model` or without any.
pub(crate) async fn set_indexed(session: &mut Session, id: Uuid, model: Option<&str>) -> Result<(), DbError> {
    execute!(
        session,
        org: "UPDATE files SET error = NULL, stage = 'indexed', embedded_with = $3 WHERE org = $1 AND id = $2",
        id,
        model
    )?;
    Ok(())
}

/// The file cannot be read, and trying again would not help.
pub(crate) async fn set_failed(session: &mut Session, id: Uuid, error: &str) -> Result<(), DbError> {
    execute!(
        session,
        org: "UPDATE files SET stage = 'failed', error = $3 WHERE org = $1 AND id = $2",
        id,
        error
    )?;
    Ok(())
}

/// Why the file is not read yet.
pub(crate) async fn set_error(session: &mut Session, id: Uuid, error: &str) -> Result<(), DbError> {
    execute!(session, org: "UPDATE files SET error = $3 WHERE org = $1 AND id = $2", id, error)?;
    Ok(())
}

/// Sets files of every tenant whose vectors are of another model, or missing, back to `parsed`. The organisation, the id and
/// the owner of each.
pub(crate) async fn reopen_embedded(
    session: &mut Session,
    model: &str,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid, Uuid)>, DbError> {
    fetch_all!(
        session,
        any: "UPDATE files SET stage = 'parsed'
            WHERE (org, id) IN (SELECT org, id FROM files
                WHERE stage = 'indexed' AND (embedded_with IS NULL OR embedded_with <> $1) LIMIT $2)
            RETURNING org, id, uploaded_by",
        model,
        limit
    )
}
