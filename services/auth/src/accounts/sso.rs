//! Signing in at the identity provider of an organisation.
//!
//! A user is the provider's issuer and subject, never an address of mail. An account that exists is linked to them only where the
//! organisation has proven the domain of its address; a new one is made for such an address, or one that was invited.

use access::{Action, Caller, Roles};
use audit::Object;
use base::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use db::Session;
use kit::Resource;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Accounts, Tokens, domains::least_roles, email, of_organisation, organisations::require_current, violation,
};
use crate::{
    oidc::{Client, Identity, OidcError, Provider, Request},
    secrets::{self, hash},
    store::{
        identities::{self as store, ProviderRow},
        organisations, secrets as secret_store,
        users::{self, User},
    },
    system,
    throttle::Attempt,
};

const KIND: &str = "sso";
const LIFETIME: TimeDelta = TimeDelta::minutes(10);
const CALLBACK: &str = "/api/v1/auth/sso/callback";

/// The identity provider of an organisation, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IdentityProvider {
    issuer: String,
    client_id: String,
    /// Members sign in there and nowhere else; owners may still use a password.
    enforced: bool,
    /// What the provider is to be told.
    redirect_uri: String,
    /// Where people begin.
    start_url: String,
    created_at: DateTime<Utc>,
}

impl Resource for IdentityProvider {
    const NAME: &'static str = "identity provider";
}

/// What a provider is set to.
#[derive(Debug)]
pub(crate) struct ProviderChange<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a str,
    pub(crate) enforced: bool,
}

/// A sign-in that has begun.
#[derive(Debug)]
pub(crate) struct SsoStart {
    /// Where the browser is sent.
    pub(crate) url: String,
    /// What it keeps until it comes back, as a cookie.
    pub(crate) browser: String,
}

/// What the browser comes back with.
#[derive(Debug)]
pub(crate) struct SsoAnswer<'a> {
    pub(crate) state: &'a str,
    pub(crate) code: &'a str,
    pub(crate) issuer: Option<&'a str>,
    /// What it has kept.
    pub(crate) browser: &'a str,
}

/// What a sign-in is bound to.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    org: Uuid,
    nonce: String,
    verifier: String,
    browser: Vec<u8>,
}

impl Accounts {
    pub(crate) async fn identity_provider(&self, who: &Caller, org: Uuid) -> Result<IdentityProvider, Problem> {
        require_current(who, org)?;
        let row = store::provider(&mut self.db.read(&who.scope()).await?).await?;
        row.map(|row| self.shown(org, row)).ok_or_else(IdentityProvider::missing)
    }

    /// Sets the provider, after it has said that it is one.
    pub(crate) async fn set_identity_provider(
        &self,
        who: &Caller,
        org: Uuid,
        change: ProviderChange<'_>,
    ) -> Result<IdentityProvider, Problem> {
        require_current(who, org)?;
        let discovered = Provider::discover(&self.fetcher, change.issuer).await;
        discovered.map_err(|error| violation("/issuer", &error.to_string()))?;
        let row = ProviderRow {
            issuer: change.issuer.to_owned(),
            client_id: change.client_id.to_owned(),
            client_secret: self.sealing.seal(org, change.client_secret.as_bytes()),
            enforced: change.enforced,
            created_at: self.clock.now(),
        };
        let mut session = self.db.begin(&who.scope()).await?;
        store::set_provider(&mut session, &row).await?;
        let provider = self.shown(org, row);
        let object = Object::new(IdentityProvider::NAME, org).after(&provider);
        self.audit.record(&mut session, who, Action::SetIdentityProvider, object).await?;
        session.commit().await?;
        Ok(provider)
    }

    pub(crate) async fn remove_identity_provider(&self, who: &Caller, org: Uuid) -> Result<(), Problem> {
        require_current(who, org)?;
        let mut session = self.db.begin(&who.scope()).await?;
        if !store::delete_provider(&mut session).await? {
            return Err(IdentityProvider::missing());
        }
        let object = Object::new(IdentityProvider::NAME, org);
        self.audit.record(&mut session, who, Action::RemoveIdentityProvider, object).await?;
        Ok(session.commit().await?)
    }

    /// Begins a sign-in at the provider of an organisation; 404 when it has none.
    pub(crate) async fn start_sso(&self, org: Uuid) -> Result<SsoStart, Problem> {
        let (row, client) = self.provider_of(org).await?;
        let provider = Provider::discover(&self.fetcher, &row.issuer).await.map_err(|error| told(&error))?;
        let [state, browser, nonce, verifier] = std::array::from_fn(|_| secrets::random());
        let request = Request { state: &state, nonce: &nonce, verifier: &verifier };
        let url = provider.authorization_url(&client, &request).map_err(|error| told(&error))?;
        let pending = Pending { org, nonce, verifier, browser: hash(&browser) };
        let data = serde_json::to_string(&pending).map_err(Problem::internal)?;
        let mut session = system::begin(&self.db).await?;
        let expires_at = self.clock.now() + LIFETIME;
        secret_store::insert(&mut session, &hash(&state), KIND, Uuid::nil(), &data, expires_at).await?;
        session.commit().await?;
        Ok(SsoStart { url, browser })
    }

    /// Signs in whom the provider names. The state is good once, and only in the browser that it was made for.
    pub(crate) async fn finish_sso(&self, who: &Caller, answer: SsoAnswer<'_>) -> Result<Tokens, Problem> {
        let attempt = Attempt::new("sso", answer.state, who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let expired = || Problem::unauthorized("this sign-in has expired: begin again");
        let mut session = system::begin(&self.db).await?;
        let taken = secret_store::take(&mut session, &hash(answer.state), KIND, self.clock.now()).await?;
        session.commit().await?;
        let (_, data) = taken.ok_or_else(expired)?;
        let pending: Pending = serde_json::from_str(&data).map_err(|_| expired())?;
        if pending.browser != hash(answer.browser) {
            return Err(expired());
        }
        let (row, client) = self.provider_of(pending.org).await?;
        let provider = Provider::discover(&self.fetcher, &row.issuer).await.map_err(|error| told(&error))?;
        provider.check_issuer(answer.issuer).map_err(|error| told(&error))?;
        let request = Request { state: answer.state, nonce: &pending.nonce, verifier: &pending.verifier };
        let identity =
            provider.redeem(&self.fetcher, &client, &request, answer.code).await.map_err(|error| told(&error))?;
        let mut session = system::begin(&self.db).await?;
        let user = self.user_of(&mut session, &row.issuer, pending.org, &identity).await?;
        let has_mfa = identity.amr.iter().any(|method| method == "mfa");
        let amr: &[&str] = if has_mfa { &["fed", "mfa"] } else { &["fed"] };
        let tokens = self.start_session(&mut session, who, &user, Some(pending.org), amr, Action::FinishSso).await?;
        session.commit().await?;
        Ok(tokens)
    }

    /// 403 where members of an organisation sign in at its provider and nowhere else.
    pub(super) async fn check_enforced_sso(
        &self,
        session: &mut Session,
        org: Uuid,
        roles: Roles,
    ) -> Result<(), Problem> {
        session.enter(of_organisation(org)).await?;
        let provider = store::provider(session).await?;
        session.enter(system::right().into()).await?;
        let is_enforced = provider.is_some_and(|provider| provider.enforced);
        if !is_enforced || roles.contains(access::Role::Owner) {
            return Ok(());
        }
        let start = self.start_url(org);
        Err(Problem::forbidden(format!("this organisation signs in at its identity provider: {start}")))
    }

    /// The account of somebody at the provider, made or linked when it is seen for the first time.
    async fn user_of(
        &self,
        session: &mut Session,
        issuer: &str,
        org: Uuid,
        identity: &Identity,
    ) -> Result<User, Problem> {
        if let Some(id) = store::user(session, issuer, &identity.sub).await? {
            let user = users::by_id(session, id).await?.filter(|user| user.disabled_at.is_none());
            return user.ok_or_else(|| Problem::forbidden("this account is disabled"));
        }
        let unknown = || {
            Problem::forbidden(
                "the identity provider has not proven an address of a domain that this organisation has proven",
            )
        };
        let address = identity.email.as_deref().filter(|_| identity.email_verified).and_then(email);
        let address = address.ok_or_else(unknown)?;
        let now = self.clock.now();
        let is_own_domain = self.organisation_of(session, &address).await? == Some(org);
        let known = users::by_email(session, &address).await?;
        let user = match known {
            Some(user) if is_own_domain && user.email_verified_at.is_some() && user.disabled_at.is_none() => user,
            None if is_own_domain => self.new_user(session, &address, identity).await?,
            Some(_) | None => return Err(unknown()),
        };
        store::insert(session, issuer, &identity.sub, user.id, now).await?;
        session.enter(of_organisation(org)).await?;
        organisations::add_member(session, user.id, &least_roles(), now).await?;
        session.enter(system::right().into()).await?;
        Ok(user)
    }

    async fn new_user(&self, session: &mut Session, address: &str, identity: &Identity) -> Result<User, Problem> {
        let now = self.clock.now();
        let name: String = identity.name.as_deref().unwrap_or(address).chars().take(200).collect();
        let user = User {
            id: self.ids.next(),
            email: address.to_owned(),
            email_verified_at: Some(now),
            name,
            locale: "en".to_owned(),
            password_hash: None,
            totp_secret: None,
            totp_confirmed_at: None,
            disabled_at: None,
            created_at: now,
        };
        users::insert(session, &user).await?;
        Ok(user)
    }

    async fn provider_of(&self, org: Uuid) -> Result<(ProviderRow, Client), Problem> {
        let row = store::provider(&mut self.db.read(&of_organisation(org)).await?).await?;
        let row = row.ok_or_else(IdentityProvider::missing)?;
        let secret = self.sealing.open(org, &row.client_secret).and_then(|secret| String::from_utf8(secret).ok());
        let secret = secret.ok_or_else(|| {
            Problem::internal("the secret of an identity provider cannot be opened: JWT_SECRET has changed")
        })?;
        let client = Client { id: row.client_id.clone(), secret, redirect_uri: self.link(CALLBACK) };
        Ok((row, client))
    }

    fn shown(&self, org: Uuid, row: ProviderRow) -> IdentityProvider {
        IdentityProvider {
            issuer: row.issuer,
            client_id: row.client_id,
            enforced: row.enforced,
            redirect_uri: self.link(CALLBACK),
            start_url: self.start_url(org),
            created_at: row.created_at,
        }
    }

    fn start_url(&self, org: Uuid) -> String {
        self.link(&format!("/api/v1/auth/sso/{org}"))
    }
}

/// The log says everything, the browser what it can do.
fn told(error: &OidcError) -> Problem {
    tracing::warn!(%error, "a sign-in at an identity provider failed");
    match error {
        OidcError::Unreachable(_) | OidcError::Status { .. } => {
            Problem::unavailable("the identity provider does not answer")
        }
        OidcError::Malformed(_) | OidcError::Issuer { .. } | OidcError::Token(_) => {
            Problem::unauthorized("the identity provider's answer cannot be believed")
        }
    }
}
