//! SQL of domains of mail.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

/// A row of `domains`, as its organisation sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct DomainRow {
    pub(crate) domain: String,
    pub(crate) challenge: String,
    pub(crate) verified_at: Option<DateTime<Utc>>,
    pub(crate) missing_since: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Nothing when it is claimed already.
pub(crate) async fn insert(session: &mut Session, row: &DomainRow) -> Result<(), DbError> {
    execute!(
        session,
        org: "INSERT INTO domains (org, domain, challenge, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        &row.domain,
        &row.challenge,
        row.created_at
    )?;
    Ok(())
}

pub(crate) async fn get(session: &mut Session, domain: &str) -> Result<Option<DomainRow>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT domain, challenge, verified_at, missing_since, created_at FROM domains
              WHERE org = $1 AND domain = $2",
        domain
    )
}

pub(crate) async fn list(session: &mut Session) -> Result<Vec<DomainRow>, DbError> {
    fetch_all!(
        session,
        org: "SELECT domain, challenge, verified_at, missing_since, created_at FROM domains
              WHERE org = $1 ORDER BY domain LIMIT 200"
    )
}

/// A unique violation when it is another organisation's.
pub(crate) async fn set_verified(session: &mut Session, domain: &str, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(
        session,
        org: "UPDATE domains SET verified_at = $3, missing_since = NULL WHERE org = $1 AND domain = $2",
        domain,
        now
    )?;
    Ok(())
}

pub(crate) async fn delete(session: &mut Session, domain: &str) -> Result<bool, DbError> {
    Ok(execute!(session, org: "DELETE FROM domains WHERE org = $1 AND domain = $2", domain)? == 1)
}

/// Whose a domain is, in a session of the system.
pub(crate) async fn owner(session: &mut Session, domain: &str) -> Result<Option<Uuid>, DbError> {
    let owner: Option<(Uuid,)> = fetch_optional!(
        session,
        any: "SELECT org FROM domains WHERE domain = $1 AND verified_at IS NOT NULL",
        domain
    )?;
    Ok(owner.map(|(org,)| org))
}

/// Every domain that was verified, with its challenge, in a session of the system.
pub(crate) async fn verified(session: &mut Session) -> Result<Vec<(Uuid, String, String)>, DbError> {
    fetch_all!(session, any: "SELECT org, domain, challenge FROM domains WHERE verified_at IS NOT NULL ORDER BY domain")
}

/// The record is there.
pub(crate) async fn set_present(session: &mut Session, domain: &str) -> Result<(), DbError> {
    execute!(session, org: "UPDATE domains SET missing_since = NULL WHERE org = $1 AND domain = $2", domain)?;
    Ok(())
}

/// The record is missing; a domain that has been without it since before `until` is no longer verified.
pub(crate) async fn set_missing(
    session: &mut Session,
    domain: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        org: "UPDATE domains SET missing_since = COALESCE(missing_since, $3),
                  verified_at = CASE WHEN missing_since < $4 THEN NULL ELSE verified_at END
              WHERE org = $1 AND domain = $2",
        domain,
        now,
        until
    )?;
    Ok(())
}
