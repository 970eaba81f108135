//! Making an account: by registering, and the first one by the link that was printed at the start.
//!
//! Whether an address has an account is never told: the answer to a registration is the same, and a job does what is left to do.

use access::{Action, Caller, LOCAL_ORG, LOCAL_OWNER, Role, Roles};
use audit::Object;
use base::Problem;
use chrono::TimeDelta;
use db::Session;
use jobs::{Job, JobContext, JobError, JobHandler};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Accounts, Tokens,
    domains::least_roles,
    email,
    mails::{Mail, Template},
    of_organisation, roles_text, violation,
};
use crate::{
    config::SignUp,
    passwords,
    secrets::{self, hash},
    store::{
        organisations::{self, OrganisationRow},
        secrets as secret_store,
        users::{self, User},
    },
    system,
    throttle::Attempt,
};

const VERIFY: &str = "verify_email";
const VERIFY_LIFETIME: TimeDelta = TimeDelta::hours(24);
const SET_UP: &str = "set_up";
const SET_UP_LIFETIME: TimeDelta = TimeDelta::days(7);

/// Who wants an account.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) name: String,
    pub(crate) locale: String,
}

/// The first account, with the secret of the link.
#[derive(Debug)]
pub(crate) struct SetUp {
    pub(crate) secret: String,
    pub(crate) account: NewAccount,
    pub(crate) organisation: String,
}

/// Makes an account that was asked for, or tells the owner of the address why there is none to make.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RegisterAccount {
    email: String,
    password_hash: String,
    name: String,
    locale: String,
}

impl Job for RegisterAccount {
    const KIND: &'static str = "auth.register";
}

/// Does such jobs.
pub(crate) struct Registrar(pub(crate) Accounts);

#[async_trait::async_trait]
impl JobHandler<RegisterAccount> for Registrar {
    async fn run(&self, context: &JobContext, job: RegisterAccount) -> Result<(), JobError> {
        let mut session = context.begin().await?;
        self.0.create_registered(&mut session, job).await?;
        context.complete(&mut session).await?;
        Ok(session.commit().await?)
    }
}

impl Accounts {
    /// Asks for an account; what comes of it stands in the mail that is sent.
    pub(crate) async fn register(&self, who: &Caller, new: NewAccount) -> Result<(), Problem> {
        let new = checked(new)?;
        let attempt = Attempt::new("register", &new.email, who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let password_hash = self.passwords.hash(&new.password).await?;
        let mut session = system::begin(&self.db).await?;
        let object = Object::new("account", hexadecimal_of(&new.email));
        let job = RegisterAccount { email: new.email, password_hash, name: new.name, locale: new.locale };
        self.jobs.enqueue(&mut session, &job).await?;
        self.audit.record(&mut session, who, Action::Register, object).await?;
        Ok(session.commit().await?)
    }

    async fn create_registered(&self, session: &mut Session, job: RegisterAccount) -> Result<(), db::DbError> {
        let now = self.clock.now();
        if let Some(user) = users::by_email(session, &job.email).await? {
            if user.email_verified_at.is_none() {
                // Whoever asked before may have been somebody else, who must not know the password when the address is proven.
                users::set_password(session, user.id, &job.password_hash).await?;
                return self.send_verification(session, &user).await;
            }
            let link = self.link("/account/sign-in");
            let mail = Mail {
                to: &user.email,
                user: user.id,
                org: Uuid::nil(),
                locale: &user.locale,
                template: Template::AccountExists,
                values: &[("link", &link)],
                expires_at: now + TimeDelta::days(1),
            };
            return self.send(session, mail).await;
        }
        let is_invited = organisations::is_invited(session, &job.email, now).await?;
        let has_organisation = is_invited || self.organisation_of(session, &job.email).await?.is_some();
        if !has_organisation && self.config.sign_up == SignUp::Invited {
            tracing::info!(
                "an address that was not invited, of no proven domain, asked for an account; SIGN_UP=open would let it in"
            );
            return Ok(());
        }
        let user = User {
            id: self.ids.next(),
            email: job.email,
            email_verified_at: None,
            name: job.name,
            locale: job.locale,
            password_hash: Some(job.password_hash),
            totp_secret: None,
            totp_confirmed_at: None,
            disabled_at: None,
            created_at: now,
        };
        users::insert(session, &user).await?;
        self.send_verification(session, &user).await
    }

    /// Sends a link that proves the address; earlier ones open nothing any more.
    async fn send_verification(&self, session: &mut Session, user: &User) -> Result<(), db::DbError> {
        let (secret, expires_at) = (secrets::random(), self.clock.now() + VERIFY_LIFETIME);
        secret_store::delete_of(session, user.id, VERIFY).await?;
        secret_store::insert(session, &hash(&secret), VERIFY, user.id, "", expires_at).await?;
        let link = self.link(&format!("/account/verify?token={secret}"));
        let mail = Mail {
            to: &user.email,
            user: user.id,
            org: Uuid::nil(),
            locale: &user.locale,
            template: Template::VerifyEmail,
            values: &[("link", &link)],
            expires_at,
        };
        self.send(session, mail).await
    }

    /// Believes an address whose link was followed, and makes its owner a member where it was invited. 404 for a secret that opens
    /// nothing.
    pub(crate) async fn verify_email(&self, who: &Caller, secret: &str) -> Result<(), Problem> {
        let now = self.clock.now();
        let mut session = system::begin(&self.db).await?;
        let found = secret_store::take(&mut session, &hash(secret), VERIFY, now).await?;
        let (id, _) = found.ok_or_else(|| Problem::not_found("link"))?;
        let user = users::by_id(&mut session, id).await?.ok_or_else(|| Problem::not_found("link"))?;
        users::set_verified(&mut session, id, now).await?;
        let mut invitations = organisations::take_invitations(&mut session, &user.email, now).await?;
        if let Some(org) = self.organisation_of(&mut session, &user.email).await? {
            invitations.push((org, least_roles()));
        }
        let org = match invitations.first() {
            Some((org, _)) => *org,
            None => self.ids.next(),
        };
        for (org, roles) in &invitations {
            session.enter(of_organisation(*org)).await?;
            organisations::add_member(&mut session, id, roles, now).await?;
        }
        if invitations.is_empty() && self.config.sign_up == SignUp::Anybody {
            self.found_organisation(&mut session, org, &user.name, id).await?;
        }
        session.enter(system::right().into()).await?;
        let known = who.signed_in(&system::right(), org, id, Roles::default());
        self.audit.record(&mut session, &known, Action::VerifyEmail, Object::new("account", id)).await?;
        Ok(session.commit().await?)
    }

    /// Makes the link for the first account, unless there is one; it replaces the link of an earlier start.
    pub(crate) async fn set_up_link(&self) -> Result<Option<String>, Problem> {
        let mut session = system::begin(&self.db).await?;
        if users::any(&mut session).await? {
            return Ok(None);
        }
        let (secret, expires_at) = (secrets::random(), self.clock.now() + SET_UP_LIFETIME);
        secret_store::delete_of(&mut session, Uuid::nil(), SET_UP).await?;
        secret_store::insert(&mut session, &hash(&secret), SET_UP, Uuid::nil(), "", expires_at).await?;
        session.commit().await?;
        Ok(Some(self.link(&format!("/account/setup?token={secret}"))))
    }

    /// Makes the first account and its organisation, and signs it in. They take over what was asked and uploaded on this machine
    /// before it had accounts.
    pub(crate) async fn set_up(&self, who: &Caller, new: SetUp) -> Result<Tokens, Problem> {
        let account = checked(new.account)?;
        let attempt = Attempt::new("set up", "", who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let password_hash = self.passwords.hash(&account.password).await?;
        let now = self.clock.now();
        let mut session = system::begin(&self.db).await?;
        let found = secret_store::take(&mut session, &hash(&new.secret), SET_UP, now).await?;
        found.ok_or_else(|| Problem::not_found("link"))?;
        if users::any(&mut session).await? {
            return Err(Problem::not_found("link"));
        }
        let user = User {
            id: LOCAL_OWNER,
            email: account.email,
            email_verified_at: Some(now),
            name: account.name,
            locale: account.locale,
            password_hash: Some(password_hash),
            totp_secret: None,
            totp_confirmed_at: None,
            disabled_at: None,
            created_at: now,
        };
        users::insert(&mut session, &user).await?;
        self.found_organisation(&mut session, LOCAL_ORG, &new.organisation, user.id).await?;
        session.enter(system::right().into()).await?;
        let tokens = self.start_session(&mut session, who, &user, None, &["pwd"], Action::SetUp).await?;
        session.commit().await?;
        Ok(tokens)
    }

    /// Makes an organisation that `owner` owns; leaves the session in the scope of it.
    pub(super) async fn found_organisation(
        &self,
        session: &mut Session,
        org: Uuid,
        name: &str,
        owner: Uuid,
    ) -> Result<OrganisationRow, db::DbError> {
        let now = self.clock.now();
        let row = OrganisationRow {
            org,
            name: name.to_owned(),
            mfa_required: false,
            public_sharing: true,
            version: 1,
            created_at: now,
        };
        session.enter(of_organisation(org)).await?;
        organisations::insert(session, &row).await?;
        organisations::add_member(session, owner, &roles_text(Roles::of(&[Role::Owner])), now).await?;
        Ok(row)
    }
}

/// An audit record names an address that may have no account by this, which is the same each time.
fn hexadecimal_of(email: &str) -> String {
    crate::revocations::hexadecimal(&hash(email)[..16])
}

fn checked(new: NewAccount) -> Result<NewAccount, Problem> {
    let email = email(&new.email).ok_or_else(|| violation("/email", "an address of mail such as ann@example.org"))?;
    if let Some(fault) = passwords::fault(&new.password, &[&email, &new.name]) {
        return Err(violation("/password", fault));
    }
    Ok(NewAccount { email, ..new })
}
