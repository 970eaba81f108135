//! Mails are asked for as events, in the transaction of what they tell of; notifications-svc sends them.

use bus::EventRecord;
use chrono::{DateTime, Utc};
use db::{DbError, Session};
use proto::{convert, events::v1::MailRequested};
use uuid::Uuid;

use super::Accounts;

/// What a mail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    VerifyEmail,
    /// Somebody tried to register an address that has an account.
    AccountExists,
    ResetPassword,
    PasswordChanged,
    Invitation,
    /// A refresh token was used twice, so its session was ended.
    SessionReuse,
}

impl Template {
    const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::AccountExists => "account_exists",
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::Invitation => "invitation",
            Self::SessionReuse => "session_reuse",
        }
    }
}

/// One mail to one address.
#[derive(Debug)]
pub(super) struct Mail<'a> {
    pub(super) to: &'a str,
    /// Nil without an account.
    pub(super) user: Uuid,
    pub(super) org: Uuid,
    pub(super) locale: &'a str,
    pub(super) template: Template,
    pub(super) values: &'a [(&'a str, &'a str)],
    pub(super) expires_at: DateTime<Utc>,
}

impl Accounts {
    pub(super) async fn send(&self, session: &mut Session, mail: Mail<'_>) -> Result<(), DbError> {
        let message = MailRequested {
            to: mail.to.to_owned(),
            user_id: if mail.user.is_nil() { String::new() } else { mail.user.to_string() },
            template: mail.template.as_str().to_owned(),
            locale: mail.locale.to_owned(),
            values: mail.values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            expires_at: Some(convert::timestamp(mail.expires_at)),
        };
        let event = EventRecord::new(self.ids.next(), mail.org, &message, self.clock.now());
        self.outbox.publish_record(session, &event).await
    }

    /// An address of our own pages. Its host comes from the configuration, never from a request.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.public_url)
    }
}
