//! Mails on their way.

use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_optional};
use uuid::Uuid;

/// A mail that is to be sent.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct MailRow {
    pub(crate) id: Uuid,
    pub(crate) recipient: String,
    pub(crate) template: String,
    pub(crate) locale: String,
    /// JSON object of texts.
    pub(crate) fields: String,
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

pub(crate) async fn insert(session: &mut Session, mail: &MailRow) -> Result<(), DbError> {
    execute!(
        session,
        any: "INSERT INTO mails (id, recipient, template, locale, fields, status, requested_at, expires_at)
              VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7)",
        mail.id,
        &mail.recipient,
        &mail.template,
        &mail.locale,
        &mail.fields,
        mail.requested_at,
        mail.expires_at
    )?;
    Ok(())
}

/// `None` when it is done.
pub(crate) async fn pending(session: &mut Session, id: Uuid) -> Result<Option<MailRow>, DbError> {
    fetch_optional!(
        session,
        any: "SELECT id, recipient, template, locale, fields, requested_at, expires_at FROM mails
              WHERE id = $1 AND status = 'pending'",
        id
    )
}

/// Says what became of a mail, and forgets the secret of its link.
pub(crate) async fn finish(
    session: &mut Session,
    id: Uuid,
    status: &str,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    execute!(
        session,
        any: "UPDATE mails SET status = $2, reason = $3, done_at = $4, fields = '{}' WHERE id = $1",
        id,
        status,
        reason,
        now
    )?;
    Ok(())
}

pub(crate) async fn delete_done(session: &mut Session, before: DateTime<Utc>) -> Result<(), DbError> {
    execute!(session, any: "DELETE FROM mails WHERE done_at < $1", before)?;
    Ok(())
}
