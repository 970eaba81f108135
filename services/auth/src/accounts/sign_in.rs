//! Signing in: a password, and a second factor where the account has one.

use access::{Action, Caller};
use audit::Object;
use base::Problem;
use chrono::TimeDelta;
use db::Session;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Accounts, Tokens, email, roles, tokens::new_session};
use crate::{
    passwords::Passwords,
    secrets::{self, hash},
    store::{organisations, secrets as secret_store, sessions, users, users::User},
    system,
    throttle::Attempt,
};

const CHALLENGE: &str = "second_factor";
const CHALLENGE_LIFETIME: TimeDelta = TimeDelta::minutes(10);
const WRONG: &str = "the address or the password is wrong";

/// What somebody signs in with.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    /// To which organisation; `None`: the one joined first.
    pub(crate) organisation: Option<Uuid>,
    /// What a browser has kept since it signed in last.
    pub(crate) device: Option<&'a str>,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum SignInOutcome {
    SignedIn(Box<Tokens>),
    /// The password is right; a code is needed too, together with this.
    NeedsSecondFactor {
        challenge: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Challenge {
    organisation: Option<Uuid>,
}

impl Accounts {
    /// Signs in with a password. 401 says the same whatever is wrong, after the same time.
    pub(crate) async fn sign_in(&self, who: &Caller, with: SignIn<'_>) -> Result<SignInOutcome, Problem> {
        let email = email(with.email).unwrap_or_default();
        let device = with.device.filter(|device| self.is_known_device(&email, device));
        let attempt = Attempt::new("password", &email, who.client().address, device);
        self.throttle.begin(&attempt).await?;
        let user = users::by_email(&mut system::read(&self.db).await?, &email).await?;
        let password_hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let is_right = self.passwords.verify(with.password, password_hash).await?;
        let user = user.filter(|user| is_right && user.disabled_at.is_none());
        let user = user.ok_or_else(|| Problem::unauthorized(WRONG))?;
        if user.email_verified_at.is_none() {
            return Err(Problem::forbidden("follow the link in the mail that was sent to this address first"));
        }
        let rehashed = match password_hash_of(&user).filter(|hash| Passwords::is_outdated(hash)) {
            Some(_) => Some(self.passwords.hash(with.password).await?),
            None => None,
        };
        let mut session = system::begin(&self.db).await?;
        self.throttle.succeed(&mut session, &attempt).await?;
        if let Some(hash) = rehashed {
            users::set_password(&mut session, user.id, &hash).await?;
        }
        let outcome = if user.totp_confirmed_at.is_some() {
            let challenge = self.challenge(&mut session, &user, with.organisation).await?;
            let known = who.signed_in(&system::right(), Uuid::nil(), user.id, access::Roles::default());
            self.audit.record(&mut session, &known, Action::LogIn, Object::new("account", user.id)).await?;
            SignInOutcome::NeedsSecondFactor { challenge }
        } else {
            let tokens =
                self.start_session(&mut session, who, &user, with.organisation, &["pwd"], Action::LogIn).await?;
            SignInOutcome::SignedIn(Box::new(tokens))
        };
        session.commit().await?;
        Ok(outcome)
    }

    /// The second step, with what the first one answered.
    pub(crate) async fn sign_in_second_factor(
        &self,
        who: &Caller,
        challenge: &str,
        code: &str,
    ) -> Result<Tokens, Problem> {
        let (now, challenge) = (self.clock.now(), hash(challenge));
        let expired = || Problem::unauthorized("this sign-in has expired: begin again with the password");
        let found = secret_store::get(&mut system::read(&self.db).await?, &challenge, CHALLENGE, now).await?;
        let (user, data) = found.ok_or_else(expired)?;
        let Challenge { organisation } = serde_json::from_str(&data).map_err(|_| expired())?;
        let attempt = Attempt::new("second factor", &user.to_string(), who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let mut session = system::begin(&self.db).await?;
        let user = users::by_id(&mut session, user).await?.filter(|user| user.disabled_at.is_none());
        let user = user.ok_or_else(expired)?;
        if !self.check_second_factor(&mut session, &user, code).await? {
            return Err(Problem::unauthorized("the code is wrong or was used before"));
        }
        secret_store::take(&mut session, &challenge, CHALLENGE, now).await?.ok_or_else(expired)?;
        self.throttle.succeed(&mut session, &attempt).await?;
        let amr = ["pwd", "otp", "mfa"];
        let tokens =
            self.start_session(&mut session, who, &user, organisation, &amr, Action::LogInSecondFactor).await?;
        session.commit().await?;
        Ok(tokens)
    }

    /// Begins a session of a user that has proven who it is, in one of its organisations, and records it.
    pub(super) async fn start_session(
        &self,
        session: &mut Session,
        who: &Caller,
        user: &User,
        organisation: Option<Uuid>,
        amr: &[&str],
        action: Action,
    ) -> Result<Tokens, Problem> {
        let memberships = organisations::of_user(session, user.id).await?;
        let membership = match organisation {
            None => memberships.into_iter().next(),
            Some(wanted) => memberships.into_iter().find(|(org, ..)| *org == wanted),
        };
        let (org, _, member_roles) = membership
            .ok_or_else(|| Problem::forbidden("you are a member of no such organisation: ask for an invitation"))?;
        let roles = roles(&member_roles);
        if !matches!(action, Action::FinishSso | Action::SetUp) {
            self.check_enforced_sso(session, org, roles).await?;
        }
        let row = new_session(self.ids.next(), user.id, org, amr, who, self.clock.now());
        sessions::insert(session, &row).await?;
        let tokens = self.issue(session, &row, roles).await?;
        let known = who.signed_in(&system::right(), org, user.id, roles);
        self.audit.record(session, &known, action, Object::new("session", row.id)).await?;
        metrics::counter!("gooseek_sign_ins").increment(1);
        Ok(tokens)
    }

    async fn challenge(
        &self,
        session: &mut Session,
        user: &User,
        organisation: Option<Uuid>,
    ) -> Result<String, Problem> {
        let secret = secrets::random();
        let data = serde_json::to_string(&Challenge { organisation }).map_err(Problem::internal)?;
        let expires_at = self.clock.now() + CHALLENGE_LIFETIME;
        secret_store::insert(session, &hash(&secret), CHALLENGE, user.id, &data, expires_at).await?;
        Ok(secret)
    }

    /// What a browser keeps to be told from strangers when somebody guesses at the account's password.
    pub(crate) fn device_token(&self, email: &str) -> String {
        let id = self.ids.next().simple().to_string();
        let signature = self.device_key.sign(format!("{id} {email}").as_bytes());
        format!("{id}.{}", crate::revocations::hexadecimal(&signature))
    }

    fn is_known_device(&self, email: &str, device: &str) -> bool {
        let Some((id, signature)) = device.split_once('.') else { return false };
        let Some(signature) = crate::revocations::bytes(signature) else { return false };
        self.device_key.verify(format!("{id} {email}").as_bytes(), &signature)
    }
}

fn password_hash_of(user: &User) -> Option<&str> {
    user.password_hash.as_deref()
}
