//! SQL of sign-ins of devices.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_optional};
use uuid::Uuid;

use super::sessions::SessionRow;

pub(crate) const PENDING: &str = "pending";
pub(crate) const APPROVED: &str = "approved";
pub(crate) const DENIED: &str = "denied";

/// A row of `device_codes`, without its hashes.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct DeviceRow {
    pub(crate) id: Uuid,
    pub(crate) status: String,
    pub(crate) address: String,
    pub(crate) user_agent: String,
    pub(crate) pause: i64,
    pub(crate) asked_at: Option<DateTime<Utc>>,
    pub(crate) user_id: Uuid,
    pub(crate) org: Uuid,
    pub(crate) amr: String,
    pub(crate) authenticated_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A sign-in that nobody has confirmed.
pub(crate) async fn insert(
    session: &mut Session,
    row: &DeviceRow,
    hash: &[u8],
    user_code_hash: &[u8],
) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO device_codes (id, hash, user_code_hash, status, address, user_agent, pause, asked_at, user_id, org, amr,
                  authenticated_at, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        row.id,
        hash,
        user_code_hash,
        &row.status,
        &row.address,
        &row.user_agent,
        row.pause,
        row.asked_at,
        row.user_id,
        row.org,
        &row.amr,
        row.authenticated_at,
        row.created_at,
        row.expires_at
    )?;
    Ok(())
}

/// By what the device keeps.
pub(crate) async fn get(session: &mut Session, hash: &[u8], now: DateTime<Utc>) -> Result<Option<DeviceRow>, DbError> {
    fetch_optional!(
        session,
        any: "SELECT id, status, address, user_agent, pause, asked_at, user_id, org, amr, authenticated_at, created_at, expires_at
              FROM device_codes WHERE hash = $1 AND expires_at > $2",
        hash,
        now
    )
}

/// By what the person types, while nobody has answered.
pub(crate) async fn pending(
    session: &mut Session,
    user_code_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<DeviceRow>, DbError> {
    fetch_optional!(
        session,
        any: "SELECT id, status, address, user_agent, pause, asked_at, user_id, org, amr, authenticated_at, created_at, expires_at
              FROM device_codes WHERE user_code_hash = $1 AND status = 'pending' AND expires_at > $2",
        user_code_hash,
        now
    )
}

/// Notes what the person of a session has answered; `false` when somebody was first.
pub(crate) async fn decide(session: &mut Session, id: Uuid, status: &str, by: &SessionRow) -> Result<bool, DbError> {
    let changed = execute!(
        session,
        any: "UPDATE device_codes SET status = $2, user_id = $3, org = $4, amr = $5, authenticated_at = $6
              WHERE id = $1 AND status = 'pending'",
        id,
        status,
        by.user_id,
        by.org,
        &by.amr,
        by.authenticated_at
    )?;
    Ok(changed == 1)
}

/// The device has asked.
pub(crate) async fn asked(session: &mut Session, id: Uuid, pause: i64, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "UPDATE device_codes SET pause = $2, asked_at = $3 WHERE id = $1", id, pause, now)?;
    Ok(())
}

/// Uses an approved one up; `false` when it was used before.
pub(crate) async fn take(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, any: "DELETE FROM device_codes WHERE id = $1 AND status = 'approved'", id)? == 1)
}

pub(crate) async fn delete_expired(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM device_codes WHERE expires_at <= $1", now)?;
    Ok(())
}
