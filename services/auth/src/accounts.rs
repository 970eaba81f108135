//! Accounts: who has one, how it is proven, and what it may do. A file for each part of that.

mod api_keys;
mod devices;
mod domains;
mod invitations;
mod key_revocation;
mod mails;
mod members;
mod organisations;
mod profile;
mod recovery;
mod registration;
mod second_factor;
mod sessions;
mod sign_in;
mod sso;
mod tokens;

use std::sync::Arc;

use access::{Caller, Roles};
use audit::Audit;
use base::{
    Problem,
    problem::Violation,
    time::{Clock, Ids},
};
use bus::Outbox;
use cache::limits::Limits;
use db::{Db, DbError, Session};
use fetch::Fetcher;
use jobs::JobQueue;
use kit::cursor::CursorKey;
use server::Deps;
use uuid::Uuid;

pub(crate) use api_keys::{ApiKey, NewApiKey, ScopeName, scopes};
pub(crate) use devices::{DeviceCodes, PendingDevice};
pub(crate) use domains::Domain;
pub(crate) use invitations::{Invitation, PendingInvitation};
pub(crate) use members::Member;
pub(crate) use organisations::{Organisation, OrganisationChange, OwnOrganisation};
pub(crate) use recovery::ResetMailer;
pub(crate) use registration::{NewAccount, Registrar, SetUp};
pub(crate) use second_factor::TotpSecret;
pub(crate) use sessions::SignedInSession;
pub(crate) use sign_in::{SignIn, SignInOutcome};
pub(crate) use sso::{IdentityProvider, ProviderChange, SsoAnswer};
pub(crate) use tokens::Tokens;

use crate::{
    config::Config,
    dns::Dns,
    passwords::Passwords,
    revocations::{self, Kind},
    secrets::{MacKey, RootSecret, SealingKey},
    signing::SigningKeys,
    store::users::User,
    system,
    throttle::Throttle,
};

/// Everything about accounts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Accounts {
    db: Db,
    clock: Clock,
    ids: Ids,
    audit: Audit,
    outbox: Outbox,
    jobs: JobQueue,
    cursors: CursorKey,
    passwords: Passwords,
    throttle: Throttle,
    limits: Limits,
    has_accounts: bool,
    keys: SigningKeys,
    refresh_key: MacKey,
    device_key: MacKey,
    user_code_key: MacKey,
    sealing: SealingKey,
    config: Arc<Config>,
    dns: Dns,
    fetcher: Fetcher,
}

impl Accounts {
    pub(crate) fn new(deps: &Deps, config: Config, root: &RootSecret, keys: SigningKeys) -> anyhow::Result<Self> {
        Ok(Self {
            dns: Dns::new(config.dns_server)?,
            fetcher: Fetcher::new(config.fetch_policy.clone())?,
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            audit: deps.audit.clone(),
            outbox: deps.outbox.clone(),
            jobs: deps.jobs.clone(),
            cursors: deps.cursor_key.clone(),
            passwords: Passwords::new(),
            throttle: Throttle::new(deps.db.clone(), deps.clock.clone()),
            limits: deps.limits.clone(),
            has_accounts: deps.has_accounts,
            keys,
            refresh_key: MacKey::new(root, "refresh tokens"),
            device_key: MacKey::new(root, "known devices"),
            user_code_key: MacKey::new(root, "user codes"),
            sealing: SealingKey::new(root),
            config: Arc::new(config),
        })
    }

    pub(crate) fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The account of a caller that has signed in; 404 when it was deleted since.
    async fn own(&self, session: &mut Session, who: &Caller) -> Result<User, Problem> {
        let user = crate::store::users::by_id(session, who.user()).await?;
        user.ok_or_else(|| Problem::not_found("account"))
    }

    /// What was given out to a user is believed no more, from this moment on.
    async fn revoke_user(&self, session: &mut Session, user: Uuid) -> Result<(), DbError> {
        revocations::insert(session, self.ids.next(), Kind::User, &user.to_string(), self.clock.now()).await
    }

    async fn revoke_sessions(&self, session: &mut Session, ended: &[(Uuid,)]) -> Result<(), DbError> {
        for (id,) in ended {
            revocations::insert(session, self.ids.next(), Kind::Session, &id.to_string(), self.clock.now()).await?;
        }
        Ok(())
    }
}

/// Roles as they stand in a row.
fn roles_text(roles: Roles) -> String {
    serde_json::to_string(&roles).expect("a list of words can be written")
}

/// The other way; what cannot be read gives nothing.
pub(crate) fn roles(text: &str) -> Roles {
    serde_json::from_str(text).unwrap_or_default()
}

/// An address of mail as it is stored; `None` for a text that is none. What is allowed left of the `@` is its server's affair.
pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (name, domain) = text.rsplit_once('@')?;
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"@".contains(c))
    };
    let is_domain =
        domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
    let fits = text.len() <= 254 && name.len() <= 64;
    (fits && is_domain && plain(name) && plain(domain)).then(|| text.to_lowercase())
}

fn violation(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(vec![Violation::new(pointer, detail)])
}

/// The scope in which rows of an organisation are written that the caller is not (yet) signed in to.
fn of_organisation(org: Uuid) -> base::Scope {
    system::right().organisation(org)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_mail_is_kept_in_lowercase() {
        assert_eq!(email(" Ann@Example.ORG ").as_deref(), Some("ann@example.org"));
        assert_eq!(email("ann+x'y@mail.example.org").as_deref(), Some("ann+x'y@mail.example.org"));
        for bad in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@example",
            "ann@evil.com@corp.com",
            "a b@example.org",
            "ann@.org",
            "ann@example.org.",
            "ann@exa mple.org",
            "ann\u{0}@example.org",
            "<ann@example.org>",
        ] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
    }
}
