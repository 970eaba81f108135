//! Vectors of chunks: blobs on SQLite, pgvector on Postgres. Each carries the model it was made with.

use db::{DbError, Session, on_db};
use uuid::Uuid;

use crate::{queue::Job, retrieve::Selection};

/// A chunk without a vector of the wanted model.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Missing {
    pub(crate) seq: i64,
    /// A JSON list.
    pub(crate) heading: String,
    pub(crate) text: String,
}

pub(crate) async fn missing(
    session: &mut Session,
    job: &Job,
    model: &str,
    limit: i64,
) -> Result<Vec<Missing>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT seq, heading, text FROM chunks
         WHERE org = $1 AND file_id = $2
            AND NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.seq = chunks.seq AND vectors.model = $3)
         ORDER BY ordinal LIMIT $4")
        .bind(job.org)
        .bind(job.id)
        .bind(model)
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}

/// Stores the vector of a chunk in place of one of another model.
pub(crate) async fn put(
    session: &mut Session,
    job: &Job,
    seq: i64,
    model: &str,
    vector: &[f32],
) -> Result<(), DbError> {
    let dimensions = i64::try_from(vector.len()).unwrap_or(i64::MAX);
    match session {
        Session::Sqlite(sqlite) => {
            let conn: &mut sqlx::SqliteConnection = &mut *sqlite;
            sqlx::query(
                "INSERT INTO vectors (seq, org, project, model, dimensions, embedding) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (seq) DO UPDATE SET model = excluded.model, dimensions = excluded.dimensions,
                    embedding = excluded.embedding",
            )
            .bind(seq)
            .bind(job.org)
            .bind(job.project)
            .bind(model)
            .bind(dimensions)
            .bind(to_blob(vector))
            .execute(conn)
            .await?;
        }
        Session::Postgres(postgres) => {
            let conn: &mut sqlx::PgConnection = &mut *postgres;
            sqlx::query(
                "INSERT INTO vectors (seq, org, project, model, dimensions, embedding)
                 VALUES ($1, $2, $3, $4, $5, $6::vector)
                 ON CONFLICT (seq) DO UPDATE SET model = excluded.model, dimensions = excluded.dimensions,
                    embedding = excluded.embedding",
            )
            .bind(seq)
            .bind(job.org)
            .bind(job.project)
            .bind(model)
            .bind(dimensions)
            .bind(to_literal(vector))
            .execute(conn)
            .await?;
        }
    }
    Ok(())
}

/// Forgets the vectors of the numbers from `first` up to `end`.
pub(crate) async fn delete(session: &mut Session, first: i64, end: i64) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query("DELETE FROM vectors WHERE seq >= $1 AND seq < $2")
        .bind(first)
        .bind(end)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Tells every process that what it keeps of a project's vectors is old.
pub(crate) async fn bump(session: &mut Session, org: Uuid, project: Uuid) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "UPDATE shelves SET vectors_version = vectors_version + 1 WHERE org = $1 AND project = $2")
        .bind(org)
        .bind(project)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// The projects of a selection with the version of their vectors.
pub(crate) async fn versions(session: &mut Session, selection: &Selection) -> Result<Vec<(Uuid, i64)>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT project, vectors_version FROM shelves WHERE org = $1 AND ($2 IS NULL OR project = $2)")
        .bind(selection.org)
        .bind(selection.project)
        .fetch_all(conn)
        .await)?)
}

/// A page of a project's vectors in the order of their numbers, from after `after`. SQLite only.
pub(crate) async fn page(
    session: &mut Session,
    (org, project): (Uuid, Uuid),
    model: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Vec<f32>)>, DbError> {
    let Some((first, end)) = super::content::range(session, org, Some(project)).await? else {
        return Ok(Vec::new());
    };
    let Session::Sqlite(sqlite) = session else { return Ok(Vec::new()) };
    let conn: &mut sqlx::SqliteConnection = &mut *sqlite;
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT seq, embedding FROM vectors
         WHERE seq >= $1 AND seq < $2 AND seq > $3 AND org = $4 AND model = $5 ORDER BY seq LIMIT $6",
    )
    .bind(first)
    .bind(end)
    .bind(after)
    .bind(org)
    .bind(model)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(seq, blob)| (seq, from_blob(&blob))).collect())
}

/// One vector. SQLite only.
pub(crate) async fn one(session: &mut Session, org: Uuid, seq: i64, model: &str) -> Result<Option<Vec<f32>>, DbError> {
    let Session::Sqlite(sqlite) = session else { return Ok(None) };
    let conn: &mut sqlx::SqliteConnection = &mut *sqlite;
    let row: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT embedding FROM vectors WHERE seq = $1 AND org = $2 AND model = $3")
            .bind(seq)
            .bind(org)
            .bind(model)
            .fetch_optional(conn)
            .await?;
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
