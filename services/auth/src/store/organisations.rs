//! SQL of organisations, their members and invitations.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

/// A row of `organisations`.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OrganisationRow {
    pub(crate) org: Uuid,
    pub(crate) name: String,
    pub(crate) mfa_required: bool,
    pub(crate) public_sharing: bool,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
}

/// A member, as the organisation sees it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MemberRow {
    pub(crate) user_id: Uuid,
    pub(crate) roles: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// An invitation that was not taken up yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct InvitationRow {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) roles: String,
    pub(crate) invited_by: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// In a session of the organisation.
pub(crate) async fn insert(session: &mut Session, row: &OrganisationRow) -> Result<(), DbError> {
    execute!(
        session,
        org: "INSERT INTO organisations (org, name, mfa_required, public_sharing, version, created_at)
              VALUES ($1, $2, $3, $4, $5, $6)",
        &row.name,
        row.mfa_required,
        row.public_sharing,
        row.version,
        row.created_at
    )?;
    Ok(())
}

pub(crate) async fn get(session: &mut Session) -> Result<Option<OrganisationRow>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT org, name, mfa_required, public_sharing, version, created_at FROM organisations WHERE org = $1"
    )
}

/// Counts an edit, and keeps others from making one until the session ends. The organisation with its new version.
pub(crate) async fn begin_edit(session: &mut Session) -> Result<Option<OrganisationRow>, DbError> {
    fetch_optional!(
        session,
        org: "UPDATE organisations SET version = version + 1 WHERE org = $1
              RETURNING org, name, mfa_required, public_sharing, version, created_at"
    )
}

pub(crate) async fn set(session: &mut Session, row: &OrganisationRow) -> Result<(), DbError> {
    execute!(
        session,
        org: "UPDATE organisations SET name = $2, mfa_required = $3, public_sharing = $4 WHERE org = $1",
        &row.name,
        row.mfa_required,
        row.public_sharing
    )?;
    Ok(())
}

/// Every organisation of a user with its roles there, in a session of the system; the one joined first comes first.
pub(crate) async fn of_user(session: &mut Session, user: Uuid) -> Result<Vec<(Uuid, String, String)>, DbError> {
    fetch_all!(
        session,
        any: "SELECT members.org, organisations.name, members.roles
              FROM members JOIN organisations ON organisations.org = members.org
              WHERE members.user_id = $1 ORDER BY members.created_at, members.org LIMIT 200",
        user
    )
}

/// Adds a member; `false` when it is one already.
pub(crate) async fn add_member(
    session: &mut Session,
    user: Uuid,
    roles: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let added = execute!(
        session,
        org: "INSERT INTO members (org, user_id, roles, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        user,
        roles,
        now
    )?;
    Ok(added == 1)
}

/// Those who joined after `after`, the first one first.
pub(crate) async fn members(session: &mut Session, after: Option<Uuid>, limit: i64) -> Result<Vec<MemberRow>, DbError> {
    fetch_all!(
        session,
        org: "SELECT user_id, roles, created_at FROM members
              WHERE org = $1 AND ($2 IS NULL OR user_id > $2) ORDER BY user_id LIMIT $3",
        after,
        limit
    )
}

/// The roles of every member, for the rule that somebody is left who owns the organisation. Keeps others from changing them until
/// the session ends.
pub(crate) async fn lock_roles(session: &mut Session) -> Result<Vec<(Uuid, String)>, DbError> {
    fetch_all!(session, org: "UPDATE members SET roles = roles WHERE org = $1 RETURNING user_id, roles")
}

pub(crate) async fn set_roles(session: &mut Session, user: Uuid, roles: &str) -> Result<(), DbError> {
    execute!(session, org: "UPDATE members SET roles = $3 WHERE org = $1 AND user_id = $2", user, roles)?;
    Ok(())
}

pub(crate) async fn remove_member(session: &mut Session, user: Uuid) -> Result<(), DbError> {
    execute!(session, org: "DELETE FROM members WHERE org = $1 AND user_id = $2", user)?;
    Ok(())
}

/// Replaces an earlier invitation of the same address.
pub(crate) async fn invite(session: &mut Session, row: &InvitationRow) -> Result<(), DbError> {
    execute!(session, org: "DELETE FROM invitations WHERE org = $1 AND email = $2", &row.email)?;
    execute!(
        session,
        org: "INSERT INTO invitations (org, id, email, roles, invited_by, created_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        &row.email,
        &row.roles,
        row.invited_by,
        row.created_at,
        row.expires_at
    )?;
    Ok(())
}

/// Older than `before`, newest first.
pub(crate) async fn invitations(
    session: &mut Session,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<InvitationRow>, DbError> {
    fetch_all!(
        session,
        org: "SELECT id, email, roles, invited_by, created_at, expires_at FROM invitations
              WHERE org = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        before,
        limit
    )
}

pub(crate) async fn withdraw(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, org: "DELETE FROM invitations WHERE org = $1 AND id = $2", id)? == 1)
}

/// Takes up every invitation of an address, in a session of the system: organisations and roles.
pub(crate) async fn take_invitations(
    session: &mut Session,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, String)>, DbError> {
    fetch_all!(
        session,
        any: "DELETE FROM invitations WHERE email = $1 AND expires_at > $2 RETURNING org, roles",
        email,
        now
    )
}

/// The invitations of an address with the organisations' names, in a session of the system.
pub(crate) async fn pending(
    session: &mut Session,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, String, String)>, DbError> {
    fetch_all!(
        session,
        any: "SELECT invitations.id, organisations.name, invitations.roles
              FROM invitations JOIN organisations ON organisations.org = invitations.org
              WHERE invitations.email = $1 AND invitations.expires_at > $2 ORDER BY invitations.id LIMIT 100",
        email,
        now
    )
}

/// Takes up one invitation of an address, in a session of the system: organisation and roles.
pub(crate) async fn take_invitation(
    session: &mut Session,
    id: Uuid,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, String)>, DbError> {
    fetch_optional!(
        session,
        any: "DELETE FROM invitations WHERE id = $1 AND email = $2 AND expires_at > $3 RETURNING org, roles",
        id,
        email,
        now
    )
}

/// Whether an address was invited anywhere, in a session of the system.
pub(crate) async fn is_invited(session: &mut Session, email: &str, now: DateTime<Utc>) -> Result<bool, DbError> {
    let invited: Option<(Uuid,)> = fetch_optional!(
        session,
        any: "SELECT id FROM invitations WHERE email = $1 AND expires_at > $2 LIMIT 1",
        email,
        now
    )?;
    Ok(invited.is_some())
}

pub(crate) async fn delete_expired_invitations(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM invitations WHERE expires_at <= $1", now)?;
    Ok(())
}
