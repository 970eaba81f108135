//! SQL of sessions.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

/// A row of `sessions`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) amr: String,
    pub(crate) authenticated_at: DateTime<Utc>,
    pub(crate) generation: i64,
    pub(crate) refreshed_at: DateTime<Utc>,
    pub(crate) address: String,
    pub(crate) user_agent: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

pub(crate) async fn insert(session: &mut Session, row: &SessionRow) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO sessions (id, user_id, org, amr, authenticated_at, generation, refreshed_at, address, user_agent,
                  created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        row.id,
        row.user_id,
        row.org,
        &row.amr,
        row.authenticated_at,
        row.generation,
        row.refreshed_at,
        &row.address,
        &row.user_agent,
        row.created_at,
        row.expires_at
    )?;
    Ok(())
}

const BY_ID: &str = "SELECT id, user_id, org, amr, authenticated_at, generation, refreshed_at, address, user_agent,
    created_at, expires_at FROM sessions WHERE id = $1 AND expires_at > $2";

pub(crate) async fn get(session: &mut Session, id: Uuid, now: DateTime<Utc>) -> Result<Option<SessionRow>, DbError> {
    fetch_optional!(session, any: BY_ID, id, now)
}

/// Goes on to the next refresh token, if `generation` is that of the present one: of many at once only one does.
pub(crate) async fn advance(
    session: &mut Session,
    id: Uuid,
    generation: i64,
    client: (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let (address, user_agent) = client;
    let changed = execute!(
        session,
        any: "UPDATE sessions SET generation = generation + 1, refreshed_at = $3, address = $4, user_agent = $5
              WHERE id = $1 AND generation = $2",
        id,
        generation,
        now,
        address,
        user_agent
    )?;
    Ok(changed == 1)
}

pub(crate) async fn set_org(session: &mut Session, id: Uuid, org: Uuid) -> Result<(), DbError> {
    execute!(session, any: "UPDATE sessions SET org = $2 WHERE id = $1", id, org)?;
    Ok(())
}

/// Newest first.
pub(crate) async fn list(session: &mut Session, user: Uuid, now: DateTime<Utc>) -> Result<Vec<SessionRow>, DbError> {
    fetch_all!(
        session,
        any: "SELECT id, user_id, org, amr, authenticated_at, generation, refreshed_at, address, user_agent, created_at,
                  expires_at
              FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY id DESC LIMIT 200",
        user,
        now
    )
}

/// Ends a session of a user; `false` when there is none.
pub(crate) async fn delete(session: &mut Session, user: Uuid, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, any: "DELETE FROM sessions WHERE user_id = $1 AND id = $2", user, id)? == 1)
}

/// Ends the sessions of a user but for one; their ids.
pub(crate) async fn delete_others(
    session: &mut Session,
    user: Uuid,
    kept: Option<Uuid>,
) -> Result<Vec<(Uuid,)>, DbError> {
    fetch_all!(
        session,
        any: "DELETE FROM sessions WHERE user_id = $1 AND ($2 IS NULL OR id <> $2) RETURNING id",
        user,
        kept
    )
}

/// Ends the sessions in which a user is signed in to an organisation; their ids.
pub(crate) async fn delete_in_org(session: &mut Session, user: Uuid, org: Uuid) -> Result<Vec<(Uuid,)>, DbError> {
    fetch_all!(session, any: "DELETE FROM sessions WHERE user_id = $1 AND org = $2 RETURNING id", user, org)
}

pub(crate) async fn delete_expired(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM sessions WHERE expires_at <= $1", now)?;
    Ok(())
}
