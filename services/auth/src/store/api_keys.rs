//! SQL of API keys.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

/// A row of `api_keys`, as its user sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) scopes: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// What a hash stands for.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ResolvedKey {
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) scopes: String,
}

pub(crate) async fn insert(session: &mut Session, row: &ApiKeyRow, hash: &[u8]) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO api_keys (org, user_id, id, name, hash, prefix, scopes, created_at, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id,
        &row.name,
        hash,
        &row.prefix,
        &row.scopes,
        row.created_at,
        row.expires_at
    )?;
    Ok(())
}

/// Older than `before`, newest first.
pub(crate) async fn list(session: &mut Session, before: Option<Uuid>, limit: i64) -> Result<Vec<ApiKeyRow>, DbError> {
    fetch_all!(
        session,
        owner: "SELECT id, name, prefix, scopes, created_at, expires_at FROM api_keys
                WHERE org = $1 AND user_id = $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        before,
        limit
    )
}

/// The hash of the key that was deleted; `None` when there is none.
pub(crate) async fn delete(session: &mut Session, id: Uuid) -> Result<Option<(Vec<u8>,)>, DbError> {
    fetch_optional!(session, owner: "DELETE FROM api_keys WHERE org = $1 AND user_id = $2 AND id = $3 RETURNING hash", id)
}

/// Deletes the keys of somebody who is no member any more; their hashes.
pub(crate) async fn delete_of(session: &mut Session, user: Uuid) -> Result<Vec<(Vec<u8>,)>, DbError> {
    fetch_all!(session, org: "DELETE FROM api_keys WHERE org = $1 AND user_id = $2 RETURNING hash", user)
}

/// In a session of the system: whose it is is not known yet.
pub(crate) async fn resolve(
    session: &mut Session,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<ResolvedKey>, DbError> {
    fetch_optional!(
        session,
        any: "SELECT id, org, user_id, scopes FROM api_keys
              WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
        hash,
        now
    )
}
