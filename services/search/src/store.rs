//! SQL for page copies.

mod search;

use chrono::{DateTime, Utc};
use db::{DbError, Session, on_db};
use reader::Section;
pub(crate) use search::{index, search, trim};
use sqlx::types::Json;
use uuid::Uuid;

/// An immutable copy of a page.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Snapshot {
    pub(crate) id: Uuid,
    /// [`base::Scope::label`] of the scope that may read it.
    pub(crate) scope: String,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) author: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) fetched_at: DateTime<Utc>,
    /// The beginning of the text, for result lists.
    pub(crate) opening: String,
    /// Compressed; see [`crate::pages::compression`].
    pub(crate) text: Vec<u8>,
    pub(crate) sections: Json<Vec<Section>>,
    /// SHA-256 of title and text.
    pub(crate) hash: Vec<u8>,
}

/// The latest copy of an address, with its validators.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct LatestCopy {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) checked_at: DateTime<Utc>,
    #[sqlx(flatten)]
    pub(crate) snapshot: Snapshot,
}

/// Validators for a conditional request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// The most recently checked copy of `address` that `org` may read.
pub(crate) async fn known(session: &mut Session, org: &str, address: &str) -> Result<Option<LatestCopy>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT p.etag, p.last_modified, p.checked_at, s.id, s.scope, s.url, s.title, s.author, s.language,
                s.published_at, s.fetched_at, s.opening, s.text, s.sections, s.hash
         FROM pages p JOIN snapshots s ON s.id = p.snapshot_id
         WHERE p.address = $2 AND p.scope IN ('public', $1) ORDER BY p.checked_at DESC LIMIT 1")
        .bind(org)
        .bind(address)
        .fetch_optional(conn)
        .await)?)
}

/// A copy that `org` may read.
pub(crate) async fn snapshot(session: &mut Session, org: &str, id: Uuid) -> Result<Option<Snapshot>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, scope, url, title, author, language, published_at, fetched_at, opening, text, sections, hash
         FROM snapshots WHERE id = $2 AND scope IN ('public', $1)")
        .bind(org)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}

/// Id and time of the latest copy of `address` in `scope`, if it has this hash.
pub(crate) async fn current(
    session: &mut Session,
    scope: &str,
    address: &str,
    hash: &[u8],
) -> Result<Option<(Uuid, DateTime<Utc>)>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT s.id, s.fetched_at FROM pages p JOIN snapshots s ON s.id = p.snapshot_id
         WHERE p.scope = $1 AND p.address = $2 AND s.hash = $3")
        .bind(scope)
        .bind(address)
        .bind(hash)
        .fetch_optional(conn)
        .await)?)
}

pub(crate) async fn insert(session: &mut Session, snapshot: &Snapshot) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO snapshots (id, scope, url, title, author, language, published_at, fetched_at, opening, text,
                                sections, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(snapshot.id)
        .bind(&snapshot.scope)
        .bind(&snapshot.url)
        .bind(&snapshot.title)
        .bind(&snapshot.author)
        .bind(&snapshot.language)
        .bind(snapshot.published_at)
        .bind(snapshot.fetched_at)
        .bind(&snapshot.opening)
        .bind(&snapshot.text)
        .bind(&snapshot.sections)
        .bind(&snapshot.hash)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

/// Makes `snapshot` the latest copy of `address`; returns the number of the page in the index.
pub(crate) async fn show(
    session: &mut Session,
    scope: &str,
    address: &str,
    snapshot: Uuid,
    validators: &Validators,
    at: DateTime<Utc>,
) -> Result<i64, DbError> {
    let (number,): (i64,) = on_db!(session, conn => sqlx::query_as(
        "INSERT INTO pages (scope, address, snapshot_id, etag, last_modified, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (scope, address) DO UPDATE SET snapshot_id = excluded.snapshot_id, etag = excluded.etag,
             last_modified = excluded.last_modified, checked_at = excluded.checked_at
         RETURNING number")
        .bind(scope)
        .bind(address)
        .bind(snapshot)
        .bind(&validators.etag)
        .bind(&validators.last_modified)
        .bind(at)
        .fetch_one(conn)
        .await)?;
    Ok(number)
}

/// Records that `address` was revalidated at `at` without change.
pub(crate) async fn checked(
    session: &mut Session,
    scope: &str,
    address: &str,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query("UPDATE pages SET checked_at = $3 WHERE scope = $1 AND address = $2")
        .bind(scope)
        .bind(address)
        .bind(at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}
