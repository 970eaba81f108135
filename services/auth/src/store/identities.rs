//! SQL of identity providers, and of who users are there.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_optional};
use uuid::Uuid;

/// A row of `identity_providers`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ProviderRow {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Vec<u8>,
    pub(crate) enforced: bool,
    pub(crate) created_at: DateTime<Utc>,
}

/// Replaces the organisation's provider.
pub(crate) async fn set_provider(session: &mut Session, row: &ProviderRow) -> Result<(), DbError> {
    execute!(
        session,
        org: "INSERT INTO identity_providers (org, issuer, client_id, client_secret, enforced, created_at)
              VALUES ($1, $2, $3, $4, $5, $6)
              ON CONFLICT (org) DO UPDATE SET issuer = excluded.issuer, client_id = excluded.client_id,
                  client_secret = excluded.client_secret, enforced = excluded.enforced",
        &row.issuer,
        &row.client_id,
        row.client_secret.as_slice(),
        row.enforced,
        row.created_at
    )?;
    Ok(())
}

pub(crate) async fn provider(session: &mut Session) -> Result<Option<ProviderRow>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT issuer, client_id, client_secret, enforced, created_at FROM identity_providers WHERE org = $1"
    )
}

pub(crate) async fn delete_provider(session: &mut Session) -> Result<bool, DbError> {
    Ok(execute!(session, org: "DELETE FROM identity_providers WHERE org = $1")? == 1)
}

/// Who somebody at a provider is here, in a session of the system.
pub(crate) async fn user(session: &mut Session, issuer: &str, subject: &str) -> Result<Option<Uuid>, DbError> {
    let user: Option<(Uuid,)> = fetch_optional!(
        session,
        any: "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2",
        issuer,
        subject
    )?;
    Ok(user.map(|(user,)| user))
}

pub(crate) async fn insert(
    session: &mut Session,
    issuer: &str,
    subject: &str,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)",
        issuer,
        subject,
        user,
        now
    )?;
    Ok(())
}
