//! Domains of mail: an organisation proves one with a TXT record, and whoever has a mailbox there may join with the least role.

use access::{Action, Caller, Role, Roles};
use audit::Object;
use base::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use db::{DbError, Session};
use kit::Resource;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Accounts, of_organisation, organisations::require_current, roles_text, violation};
use crate::{
    secrets,
    store::domains::{self as store, DomainRow},
    system,
};

const RECORD: &str = "_gooseek-challenge";
const VALUE: &str = "gooseek-domain=";
/// For so long a domain stays verified without its record: name servers fail, and people tidy up.
const GRACE: TimeDelta = TimeDelta::days(7);
const MAX_DOMAIN_LENGTH: usize = 253;
/// Where everybody may have a mailbox.
const PUBLIC_MAIL: &[&str] = &[
    "aol.com",
    "bk.ru",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.com",
    "icloud.com",
    "inbox.ru",
    "internet.ru",
    "list.ru",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "tuta.com",
    "tutanota.com",
    "vk.com",
    "web.de",
    "ya.ru",
    "yahoo.com",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "163.com",
    "126.com",
    "laposte.net",
    "free.fr",
    "orange.fr",
    "t-online.de",
    "libero.it",
    "seznam.cz",
    "wp.pl",
    "o2.pl",
    "ukr.net",
];

/// A domain that an organisation claims.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Domain {
    pub(crate) domain: String,
    /// The name of the TXT record to make,
    record_name: String,
    /// and what it says.
    record_value: String,
    /// `null` until the record was seen.
    verified_at: Option<DateTime<Utc>>,
    /// Since when the record has been missing; after seven days the domain is no longer verified.
    missing_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl Resource for Domain {
    const NAME: &'static str = "domain";
}

impl From<DomainRow> for Domain {
    fn from(row: DomainRow) -> Self {
        Self {
            record_name: format!("{RECORD}.{}", row.domain),
            record_value: format!("{VALUE}{}", row.challenge),
            domain: row.domain,
            verified_at: row.verified_at,
            missing_since: row.missing_since,
            created_at: row.created_at,
        }
    }
}

impl Accounts {
    pub(crate) async fn domains(&self, who: &Caller, org: Uuid) -> Result<Vec<Domain>, Problem> {
        require_current(who, org)?;
        let rows = store::list(&mut self.db.read(&who.scope()).await?).await?;
        Ok(rows.into_iter().map(Domain::from).collect())
    }

    /// Claims a domain; the answer says which record proves it. Claimed twice it is the same claim.
    pub(crate) async fn claim_domain(&self, who: &Caller, org: Uuid, name: &str) -> Result<Domain, Problem> {
        require_current(who, org)?;
        let domain = domain(name).ok_or_else(|| violation("/domain", "a domain such as example.org"))?;
        if PUBLIC_MAIL.contains(&domain.as_str()) {
            return Err(violation("/domain", "everybody may have a mailbox there"));
        }
        let row = DomainRow {
            domain,
            challenge: secrets::random(),
            verified_at: None,
            missing_since: None,
            created_at: self.clock.now(),
        };
        let mut session = self.db.begin(&who.scope()).await?;
        store::insert(&mut session, &row).await?;
        let row = store::get(&mut session, &row.domain).await?.ok_or_else(Domain::missing)?;
        let claimed = Domain::from(row);
        let object = Object::new(Domain::NAME, claimed.domain.clone());
        self.audit.record(&mut session, who, Action::ClaimDomain, object).await?;
        session.commit().await?;
        Ok(claimed)
    }

    /// Looks for the record. 409 when it is not there, or another organisation has proven the domain before.
    pub(crate) async fn verify_domain(&self, who: &Caller, org: Uuid, name: &str) -> Result<Domain, Problem> {
        require_current(who, org)?;
        let mut session = self.db.read(&who.scope()).await?;
        let row = store::get(&mut session, &name.to_lowercase()).await?.ok_or_else(Domain::missing)?;
        drop(session);
        let claimed = Domain::from(row.clone());
        let texts = self.dns.texts(&claimed.record_name).await;
        let texts = texts.map_err(|error| Problem::unavailable(error.to_string()))?;
        if !texts.contains(&claimed.record_value) {
            let detail = format!("there is no TXT record {:?} at {}", claimed.record_value, claimed.record_name);
            return Err(Problem::conflict(detail));
        }
        let now = self.clock.now();
        let mut session = self.db.begin(&who.scope()).await?;
        match store::set_verified(&mut session, &row.domain, now).await {
            Ok(()) => {}
            Err(error) if error.is_unique_violation() => {
                return Err(Problem::conflict("another organisation has proven this domain"));
            }
            Err(error) => return Err(error.into()),
        }
        let object = Object::new(Domain::NAME, row.domain.clone());
        self.audit.record(&mut session, who, Action::VerifyDomain, object).await?;
        session.commit().await?;
        Ok(Domain { verified_at: Some(now), missing_since: None, ..claimed })
    }

    pub(crate) async fn release_domain(&self, who: &Caller, org: Uuid, name: &str) -> Result<(), Problem> {
        require_current(who, org)?;
        let domain = name.to_lowercase();
        let mut session = self.db.begin(&who.scope()).await?;
        if !store::delete(&mut session, &domain).await? {
            return Err(Domain::missing());
        }
        self.audit.record(&mut session, who, Action::ReleaseDomain, Object::new(Domain::NAME, domain)).await?;
        Ok(session.commit().await?)
    }

    /// The organisation that has proven the domain of an address, which is that domain exactly and none below it.
    pub(super) async fn organisation_of(&self, session: &mut Session, email: &str) -> Result<Option<Uuid>, DbError> {
        match email.rsplit_once('@').and_then(|(_, name)| domain(name)) {
            Some(domain) => store::owner(session, &domain).await,
            None => Ok(None),
        }
    }

    /// Looks whether the records of proven domains are still there.
    pub(crate) async fn recheck_domains(&self) -> Result<(), DbError> {
        let verified = store::verified(&mut system::read(&self.db).await?).await?;
        for (org, domain, challenge) in verified {
            let texts = match self.dns.texts(&format!("{RECORD}.{domain}")).await {
                Ok(texts) => texts,
                Err(error) => {
                    tracing::warn!(domain, %error, "a domain could not be looked up; it is tried again tomorrow");
                    continue;
                }
            };
            let now = self.clock.now();
            let mut session = self.db.begin(&of_organisation(org)).await?;
            if texts.contains(&format!("{VALUE}{challenge}")) {
                store::set_present(&mut session, &domain).await?;
            } else {
                tracing::warn!(domain, "the record of a domain is missing; after seven days nobody joins by it");
                store::set_missing(&mut session, &domain, now, now - GRACE).await?;
            }
            session.commit().await?;
        }
        Ok(())
    }
}

/// What somebody becomes who joins by the domain of an address.
pub(super) fn least_roles() -> String {
    roles_text(Roles::of(&[Role::Guest]))
}

/// A domain of mail as it is stored; `None` for a text that is none. Other scripts than ASCII are written as in DNS (`xn--`), so that
/// no letter looks like another.
fn domain(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('.').to_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_domain = text.len() <= MAX_DOMAIN_LENGTH && text.contains('.') && text.split('.').all(label);
    (is_domain && text.rsplit('.').next().is_some_and(|top| top.parse::<u32>().is_err())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_ascii_with_a_dot() {
        assert_eq!(domain(" Example.ORG. ").as_deref(), Some("example.org"));
        assert_eq!(domain("xn--e1aybc.xn--p1ai").as_deref(), Some("xn--e1aybc.xn--p1ai"));
        for bad in [
            "",
            "org",
            "exаmple.org",
            "example..org",
            ".example.org",
            "-a.org",
            "a b.org",
            "127.0.0.1",
            "a_b.org",
            "*.org",
        ] {
            assert_eq!(domain(bad), None, "{bad:?}");
        }
    }
}
