//! SQL of users and their second factor.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

/// A row of `users`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
    pub(crate) name: String,
    pub(crate) locale: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) totp_secret: Option<Vec<u8>>,
    pub(crate) totp_confirmed_at: Option<DateTime<Utc>>,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
}

pub(crate) async fn insert(session: &mut Session, user: &User) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO users (id, email, email_verified_at, name, locale, password_hash, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)",
        user.id,
        &user.email,
        user.email_verified_at,
        &user.name,
        &user.locale,
        &user.password_hash,
        user.created_at
    )?;
    Ok(())
}

const BY_ID: &str = "SELECT id, email, email_verified_at, name, locale, password_hash, totp_secret, totp_confirmed_at,
    disabled_at, created_at FROM users WHERE id = $1";
const BY_EMAIL: &str =
    "SELECT id, email, email_verified_at, name, locale, password_hash, totp_secret, totp_confirmed_at,
    disabled_at, created_at FROM users WHERE email = $1";

pub(crate) async fn by_id(session: &mut Session, id: Uuid) -> Result<Option<User>, DbError> {
    fetch_optional!(session, any: BY_ID, id)
}

pub(crate) async fn by_email(session: &mut Session, email: &str) -> Result<Option<User>, DbError> {
    fetch_optional!(session, any: BY_EMAIL, email)
}

/// Whether there is any account.
pub(crate) async fn any(session: &mut Session) -> Result<bool, DbError> {
    let first: Option<(Uuid,)> = fetch_optional!(session, any: "SELECT id FROM users LIMIT 1")?;
    Ok(first.is_some())
}

pub(crate) async fn set_verified(session: &mut Session, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE users SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL",
        id,
        now
    )?;
    Ok(())
}

pub(crate) async fn set_password(session: &mut Session, id: Uuid, hash: &str) -> Result<(), DbError> {
    execute!(session, any: "UPDATE users SET password_hash = $2 WHERE id = $1", id, hash)?;
    Ok(())
}

pub(crate) async fn set_profile(session: &mut Session, id: Uuid, name: &str, locale: &str) -> Result<(), DbError> {
    execute!(session, any: "UPDATE users SET name = $2, locale = $3 WHERE id = $1", id, name, locale)?;
    Ok(())
}

/// A secret that counts from its first code on; it replaces one that was never confirmed.
pub(crate) async fn set_totp(session: &mut Session, id: Uuid, sealed: Option<&[u8]>) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE users SET totp_secret = $2, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = $1",
        id,
        sealed
    )?;
    Ok(())
}

pub(crate) async fn confirm_totp(session: &mut Session, id: Uuid, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "UPDATE users SET totp_confirmed_at = $2 WHERE id = $1", id, now)?;
    Ok(())
}

/// Uses up the codes of a time step; `false` when they were used before.
pub(crate) async fn use_totp_step(session: &mut Session, id: Uuid, step: i64) -> Result<bool, DbError> {
    let changed = execute!(
        session,
        any: "UPDATE users SET totp_last_step = $2
              WHERE id = $1 AND (totp_last_step IS NULL OR totp_last_step < $2)",
        id,
        step
    )?;
    Ok(changed == 1)
}

/// Replaces the recovery codes of a user.
pub(crate) async fn set_recovery_codes(session: &mut Session, id: Uuid, hashes: &[Vec<u8>]) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM recovery_codes WHERE user_id = $1", id)?;
    for hash in hashes {
        execute!(session, any: "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)", id, hash.as_slice())?;
    }
    Ok(())
}

/// Uses up a recovery code; `false` when it is none of the user's.
pub(crate) async fn use_recovery_code(session: &mut Session, id: Uuid, hash: &[u8]) -> Result<bool, DbError> {
    let deleted = execute!(session, any: "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2", id, hash)?;
    Ok(deleted == 1)
}

pub(crate) async fn count_recovery_codes(session: &mut Session, id: Uuid) -> Result<i64, DbError> {
    let rows: Vec<(Vec<u8>,)> = fetch_all!(session, any: "SELECT hash FROM recovery_codes WHERE user_id = $1", id)?;
    Ok(i64::try_from(rows.len()).unwrap_or_default())
}
