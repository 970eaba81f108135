//! SQL for page copies.

mod search;

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_one, fetch_optional};
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
    pub(crate) words_kept: Option<f64>,
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

/// The most recently checked copy of `address` among those of the session's organisation and the public ones.
pub(crate) async fn known(session: &mut Session, address: &str) -> Result<Option<LatestCopy>, DbError> {
    fetch_optional!(
        session,
        scope: "SELECT p.etag, p.last_modified, p.checked_at, s.id, s.scope, s.url, s.title, s.author, s.language,
                    s.published_at, s.fetched_at, s.opening, s.text, s.sections, s.words_kept, s.hash
                FROM pages p JOIN snapshots s ON s.id = p.snapshot_id
                WHERE p.address = $2 AND p.scope IN ('public', $1) ORDER BY p.checked_at DESC LIMIT 1",
        address
    )
}

/// A copy that the session's organisation may read.
pub(crate) async fn snapshot(session: &mut Session, id: Uuid) -> Result<Option<Snapshot>, DbError> {
    fetch_optional!(
        session,
        scope: "SELECT id, scope, url, title, author, language, published_at, fetched_at, opening, text, sections,
                    words_kept, hash
                FROM snapshots WHERE id = $2 AND scope IN ('public', $1)",
        id
    )
}

/// Id and time of the latest copy of `address` in the session's scope, if it has this hash.
pub(crate) async fn current(
    session: &mut Session,
    address: &str,
    hash: &[u8],
) -> Result<Option<(Uuid, DateTime<Utc>)>, DbError> {
    fetch_optional!(
        session,
        scope: "SELECT s.id, s.fetched_at FROM pages p JOIN snapshots s ON s.id = p.snapshot_id
                WHERE p.scope = $1 AND p.address = $2 AND s.hash = $3",
        address,
        hash
    )
}

pub(crate) async fn insert(session: &mut Session, snapshot: &Snapshot) -> Result<(), DbError> {
    execute!(
        session,
        scope: "INSERT INTO snapshots (scope, id, url, title, author, language, published_at, fetched_at, opening, text,
                                       sections, words_kept, hash)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        snapshot.id,
        &snapshot.url,
        &snapshot.title,
        &snapshot.author,
        &snapshot.language,
        snapshot.published_at,
        snapshot.fetched_at,
        &snapshot.opening,
        &snapshot.text,
        &snapshot.sections,
        snapshot.words_kept,
        &snapshot.hash
    )?;
    Ok(())
}

/// Makes `snapshot` the latest copy of `address` in the session's scope; returns the number of the page in the index.
pub(crate) async fn show(
    session: &mut Session,
    address: &str,
    snapshot: Uuid,
    validators: &Validators,
    at: DateTime<Utc>,
) -> Result<i64, DbError> {
    let (number,): (i64,) = fetch_one!(
        session,
        scope: "INSERT INTO pages (scope, address, snapshot_id, etag, last_modified, checked_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (scope, address) DO UPDATE SET snapshot_id = excluded.snapshot_id, etag = excluded.etag,
                    last_modified = excluded.last_modified, checked_at = excluded.checked_at
                RETURNING number",
        address,
        snapshot,
        &validators.etag,
        &validators.last_modified,
        at
    )?;
    Ok(number)
}

/// Records that `address` was revalidated at `at` without change.
pub(crate) async fn checked(session: &mut Session, address: &str, at: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, scope: "UPDATE pages SET checked_at = $3 WHERE scope = $1 AND address = $2", address, at)?;
    Ok(())
}
