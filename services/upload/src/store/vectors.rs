//! Vectors of chunks: blobs on SQLite, pgvector on Postgres. Each carries the model it was made with.

use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

use super::files::UnfinishedFile;
use crate::retrieve::Selection;

/// A chunk without a vector of the wanted model.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct UnembeddedChunk {
    pub(crate) seq: i64,
    /// A JSON list.
    pub(crate) heading: String,
    pub(crate) text: String,
}

pub(crate) async fn unembedded(
    session: &mut Session,
    file: &UnfinishedFile,
    model: &str,
    limit: i64,
) -> Result<Vec<UnembeddedChunk>, DbError> {
    fetch_all!(
        session,
        org: "SELECT seq, heading, text FROM chunks
            WHERE org = $1 AND file_id = $2
               AND NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.seq = chunks.seq AND vectors.model = $3)
            ORDER BY ordinal LIMIT $4",
        file.id,
        model,
        limit
    )
}

/// Stores the vector of a chunk in place of one of another model.
pub(crate) async fn put(
    session: &mut Session,
    file: &UnfinishedFile,
    seq: i64,
    model: &str,
    vector: &[f32],
) -> Result<(), DbError> {
    let dimensions = i64::try_from(vector.len()).unwrap_or(i64::MAX);
    if session.is_sqlite() {
        execute!(
            session,
            org on sqlite: "INSERT INTO vectors (org, seq, project, model, dimensions, embedding)
                            VALUES ($1, $2, $3, $4, $5, $6)
                            ON CONFLICT (seq) DO UPDATE SET model = excluded.model,
                                dimensions = excluded.dimensions, embedding = excluded.embedding",
            seq,
            file.project,
            model,
            dimensions,
            to_blob(vector)
        )?;
    } else {
        execute!(
            session,
            org on postgres: "INSERT INTO vectors (org, seq, project, model, dimensions, embedding)
                              VALUES ($1, $2, $3, $4, $5, $6::vector)
                              ON CONFLICT (seq) DO UPDATE SET model = excluded.model,
                                  dimensions = excluded.dimensions, embedding = excluded.embedding",
            seq,
            file.project,
            model,
            dimensions,
            to_literal(vector)
        )?;
    }
    Ok(())
}

/// Forgets the vectors of the numbers from `first` up to `end`.
pub(crate) async fn delete(session: &mut Session, first: i64, end: i64) -> Result<(), DbError> {
    execute!(session, org: "DELETE FROM vectors WHERE org = $1 AND seq >= $2 AND seq < $3", first, end)?;
    Ok(())
}

/// Tells every process that what it keeps of a project's vectors is old.
pub(crate) async fn bump(session: &mut Session, project: Uuid) -> Result<(), DbError> {
    execute!(
        session,
        org: "UPDATE project_sequences SET vectors_version = vectors_version + 1 WHERE org = $1 AND project = $2",
        project
    )?;
    Ok(())
}

/// The projects of a selection with the version of their vectors.
pub(crate) async fn versions(session: &mut Session, selection: &Selection) -> Result<Vec<(Uuid, i64)>, DbError> {
    fetch_all!(
        session,
        org: "SELECT project, vectors_version FROM project_sequences WHERE org = $1 AND ($2 IS NULL OR project = $2)",
        selection.project
    )
}

/// A page of a project's vectors in the order of their numbers, from after `after`. SQLite only.
pub(crate) async fn page(
    session: &mut Session,
    project: Uuid,
    model: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Vec<f32>)>, DbError> {
    let Some((first, end)) = super::content::range(session, Some(project)).await? else {
        return Ok(Vec::new());
    };
    let rows: Vec<(i64, Vec<u8>)> = fetch_all!(
        session,
        org on sqlite: "SELECT seq, embedding FROM vectors
                        WHERE seq >= $2 AND seq < $3 AND seq > $4 AND org = $1 AND model = $5 ORDER BY seq LIMIT $6",
        first,
        end,
        after,
        model,
        limit
    )?;
    Ok(rows.into_iter().map(|(seq, blob)| (seq, from_blob(&blob))).collect())
}

/// One vector. SQLite only.
pub(crate) async fn one(session: &mut Session, seq: i64, model: &str) -> Result<Option<Vec<f32>>, DbError> {
    let row: Option<(Vec<u8>,)> = fetch_optional!(
        session,
        org on sqlite: "SELECT embedding FROM vectors WHERE org = $1 AND seq = $2 AND model = $3",
        seq,
        model
    )?;
    Ok(row.map(|(blob,)| from_blob(&blob)))
}

fn to_blob(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn from_blob(blob: &[u8]) -> Vec<f32> {
    let (values, _) = blob.as_chunks::<4>();
    values.iter().map(|value| f32::from_le_bytes(*value)).collect()
}

pub(super) fn to_literal(vector: &[f32]) -> String {
    let values: Vec<String> = vector.iter().map(ToString::to_string).collect();
    format!("[{}]", values.join(","))
}
