//! A new password: chosen by who knows the old one, or by who receives the account's mail.

use access::{Action, Caller};
use audit::Object;
use base::Problem;
use chrono::TimeDelta;
use db::{DbError, Session};
use jobs::{Job, JobContext, JobError, JobHandler};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Accounts, email,
    mails::{Mail, Template},
    violation,
};
use crate::{
    passwords,
    secrets::{self, hash},
    store::{
        secrets as secret_store, sessions,
        users::{self, User},
    },
    system,
    throttle::Attempt,
};

const RESET: &str = "reset_password";
const RESET_LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// Sends a link to choose a new password, if the address has an account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ResetMail {
    email: String,
}

impl Job for ResetMail {
    const KIND: &'static str = "auth.reset_mail";
}

/// Does such jobs.
pub(crate) struct ResetMailer(pub(crate) Accounts);

#[async_trait::async_trait]
impl JobHandler<ResetMail> for ResetMailer {
    async fn run(&self, context: &JobContext, job: ResetMail) -> Result<(), JobError> {
        let mut session = context.begin().await?;
        if let Some(user) = users::by_email(&mut session, &job.email).await? {
            self.0.send_reset(&mut session, &user).await?;
        }
        context.complete(&mut session).await?;
        Ok(session.commit().await?)
    }
}

impl Accounts {
    /// Asks for a link to choose a new password. The answer is the same for an address without an account.
    pub(crate) async fn forgot_password(&self, who: &Caller, address: &str) -> Result<(), Problem> {
        let email = email(address).ok_or_else(|| violation("/email", "an address of mail such as ann@example.org"))?;
        let attempt = Attempt::new("forgot password", &email, who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let mut session = system::begin(&self.db).await?;
        let object = Object::new("account", crate::revocations::hexadecimal(&hash(&email)[..16]));
        self.jobs.enqueue(&mut session, &ResetMail { email }).await?;
        self.audit.record(&mut session, who, Action::ForgotPassword, object).await?;
        Ok(session.commit().await?)
    }

    async fn send_reset(&self, session: &mut Session, user: &User) -> Result<(), DbError> {
        if user.disabled_at.is_some() {
            return Ok(());
        }
        let (secret, expires_at) = (secrets::random(), self.clock.now() + RESET_LIFETIME);
        secret_store::delete_of(session, user.id, RESET).await?;
        secret_store::insert(session, &hash(&secret), RESET, user.id, "", expires_at).await?;
        let link = self.link(&format!("/account/reset?token={secret}"));
        let mail = Mail {
            to: &user.email,
            user: user.id,
            org: Uuid::nil(),
            locale: &user.locale,
            template: Template::ResetPassword,
            values: &[("link", &link)],
            expires_at,
        };
        self.send(session, mail).await
    }

    /// Sets a new password with the secret that was sent, and ends every session. 404 for a secret that opens nothing. The mail
    /// has proven the address too.
    pub(crate) async fn reset_password(&self, who: &Caller, secret: &str, password: &str) -> Result<(), Problem> {
        let attempt = Attempt::new("reset password", secret, who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let (now, secret) = (self.clock.now(), hash(secret));
        let missing = || Problem::not_found("link");
        let mut session = system::read(&self.db).await?;
        let (id, _) = secret_store::get(&mut session, &secret, RESET, now).await?.ok_or_else(missing)?;
        let user = users::by_id(&mut session, id).await?.ok_or_else(missing)?;
        drop(session);
        let new_hash = self.hash_of_new(&user, "/password", password).await?;
        let mut session = system::begin(&self.db).await?;
        secret_store::take(&mut session, &secret, RESET, now).await?.ok_or_else(missing)?;
        users::set_verified(&mut session, id, now).await?;
        let known = who.signed_in(&system::right(), Uuid::nil(), id, access::Roles::default());
        self.replace_password(&mut session, &known, &user, &new_hash, Action::ResetPassword).await?;
        Ok(session.commit().await?)
    }

    /// Sets a new password for who knows the present one; other sessions end.
    pub(crate) async fn change_password(&self, who: &Caller, present: &str, new: &str) -> Result<(), Problem> {
        let user = self.own(&mut system::read(&self.db).await?, who).await?;
        self.prove_password(who, &user, present).await?;
        let new_hash = self.hash_of_new(&user, "/new_password", new).await?;
        let mut session = system::begin(&self.db).await?;
        self.replace_password(&mut session, who, &user, &new_hash, Action::ChangePassword).await?;
        Ok(session.commit().await?)
    }

    /// 403 unless it is the password of the user's account.
    pub(super) async fn prove_password(&self, who: &Caller, user: &User, password: &str) -> Result<(), Problem> {
        let attempt = Attempt::new("password", &user.id.to_string(), who.client().address, None);
        self.throttle.begin(&attempt).await?;
        if !self.passwords.verify(password, user.password_hash.as_deref()).await? {
            return Err(Problem::forbidden("the password is wrong"));
        }
        let mut session = system::begin(&self.db).await?;
        self.throttle.succeed(&mut session, &attempt).await?;
        Ok(session.commit().await?)
    }

    async fn hash_of_new(&self, user: &User, pointer: &str, password: &str) -> Result<String, Problem> {
        if let Some(fault) = passwords::fault(password, &[&user.email, &user.name]) {
            return Err(violation(pointer, fault));
        }
        self.passwords.hash(password).await
    }

    async fn replace_password(
        &self,
        session: &mut Session,
        who: &Caller,
        user: &User,
        new_hash: &str,
        action: Action,
    ) -> Result<(), Problem> {
        let now = self.clock.now();
        users::set_password(session, user.id, new_hash).await?;
        secret_store::delete_of(session, user.id, RESET).await?;
        let ended = sessions::delete_others(session, user.id, who.session()).await?;
        self.revoke_sessions(session, &ended).await?;
        let (link, time) = (self.link("/account/forgot"), now.to_rfc3339());
        let mail = Mail {
            to: &user.email,
            user: user.id,
            org: Uuid::nil(),
            locale: &user.locale,
            template: Template::PasswordChanged,
            values: &[("link", &link), ("time", &time)],
            expires_at: now + TimeDelta::days(1),
        };
        self.send(session, mail).await?;
        Ok(self.audit.record(session, who, action, Object::new("account", user.id)).await?)
    }
}
