//! Signing in on a device without a browser (RFC 8628): it shows a short code, which a person confirms where it is signed in.

use access::{Action, Caller};
use audit::Object;
use base::{Problem, problem::Code};
use cache::limits::{LimitKey, PerMinute};
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Accounts, Tokens,
    sessions::{ENDED, current},
    tokens::{FEDERATED, client_texts, new_session},
};
use crate::{
    secrets::{self, hash},
    store::{
        device_codes::{self as store, APPROVED, DENIED, DeviceRow, PENDING},
        sessions::{self, SessionRow},
    },
    system,
    throttle::Attempt,
};

const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Seconds between two questions of a device, and by how many more each question that comes too early lengthens that.
const PAUSE: i64 = 5;
/// Consonants, which make no words and are not mistaken for digits (RFC 8628, 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// 34 bits: too many to guess within the lifetime of a code.
const LETTERS: usize = 8;
/// Of an address, behind which there may be an office.
const CODES: PerMinute = PerMinute(20);
const QUESTIONS: PerMinute = PerMinute(240);
const UNKNOWN: &str = "device code";

/// What a device begins with (RFC 8628, 3.2).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeviceCodes {
    /// For the device alone.
    device_code: String,
    /// For a person to type: `WDJB-MJHT`.
    user_code: String,
    /// Where to type it.
    verification_uri: String,
    /// The same with the code in it.
    verification_uri_complete: String,
    /// Seconds until both codes expire.
    expires_in: i64,
    /// Seconds to leave between two questions whether it was confirmed.
    interval: i64,
}

/// A device that waits to be confirmed, for a person to recognise it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PendingDevice {
    /// The address it asked from; empty when it is not known.
    address: String,
    /// The program that asks, as it says itself.
    user_agent: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Accounts {
    /// Codes for a device. 404 on a machine without accounts.
    pub(crate) async fn begin_device(&self, who: &Caller) -> Result<DeviceCodes, Problem> {
        if !self.has_accounts {
            return Err(Problem::new(Code::NotFound, "this server has no accounts: nobody needs to sign in"));
        }
        self.limit(who, "auth.device_codes", CODES, "codes").await?;
        let now = self.clock.now();
        let (device_code, letters) = (secrets::random(), random_letters());
        let (address, user_agent) = client_texts(who);
        let row = DeviceRow {
            id: self.ids.next(),
            status: PENDING.to_owned(),
            address,
            user_agent,
            pause: PAUSE,
            asked_at: None,
            user_id: Uuid::nil(),
            org: Uuid::nil(),
            amr: String::new(),
            authenticated_at: None,
            created_at: now,
            expires_at: now + LIFETIME,
        };
        let mut session = system::begin(&self.db).await?;
        store::insert(&mut session, &row, &hash(&device_code), &self.user_code_hash(&letters)).await?;
        self.audit.record(&mut session, who, Action::BeginDevice, Object::new("device", row.id)).await?;
        session.commit().await?;
        let (first, second) = letters.split_at(LETTERS / 2);
        let (user_code, page) = (format!("{first}-{second}"), self.link("/account/device"));
        Ok(DeviceCodes {
            device_code,
            verification_uri_complete: format!("{page}?user_code={user_code}"),
            verification_uri: page,
            user_code,
            expires_in: LIFETIME.num_seconds(),
            interval: PAUSE,
        })
    }

    /// The device that shows this code. Each look counts as a guess.
    pub(crate) async fn pending_device(&self, who: &Caller, user_code: &str) -> Result<PendingDevice, Problem> {
        current(who)?;
        self.throttle.begin(&guess(who)).await?;
        let hash = self.user_code_hash(&letters_of(user_code));
        let found = store::pending(&mut system::read(&self.db).await?, &hash, self.clock.now()).await?;
        let row = found.ok_or_else(|| Problem::not_found(UNKNOWN))?;
        let DeviceRow { address, user_agent, created_at, expires_at, .. } = row;
        Ok(PendingDevice { address, user_agent, created_at, expires_at })
    }

    /// Lets the device that shows this code sign in as the caller, in its present organisation, or turns it away.
    pub(crate) async fn approve_device(&self, who: &Caller, user_code: &str, approve: bool) -> Result<(), Problem> {
        let (attempt, now) = (guess(who), self.clock.now());
        let id = current(who)?;
        self.throttle.begin(&attempt).await?;
        let mut session = system::begin(&self.db).await?;
        let own = sessions::get(&mut session, id, now).await?.ok_or_else(|| Problem::unauthorized(ENDED))?;
        let unknown = || Problem::not_found(UNKNOWN);
        let hash = self.user_code_hash(&letters_of(user_code));
        let device = store::pending(&mut session, &hash, now).await?.ok_or_else(unknown)?;
        let status = if approve { APPROVED } else { DENIED };
        if !store::decide(&mut session, device.id, status, &own).await? {
            return Err(unknown());
        }
        self.throttle.succeed(&mut session, &attempt).await?;
        let object = Object::new("device", device.id).after(&status);
        self.audit.record(&mut session, who, Action::ApproveDevice, object).await?;
        Ok(session.commit().await?)
    }

    /// Tokens of a new session, once the person has confirmed. Until then a problem whose code says why there are none.
    pub(crate) async fn device_tokens(&self, who: &Caller, device_code: &str) -> Result<Tokens, Problem> {
        self.limit(who, "auth.device_questions", QUESTIONS, "questions").await?;
        let now = self.clock.now();
        let mut session = system::begin(&self.db).await?;
        let row = store::get(&mut session, &hash(device_code), now).await?.ok_or_else(expired)?;
        match row.status.as_str() {
            APPROVED => {}
            PENDING => {
                let too_early = row.asked_at.is_some_and(|at| now < at + TimeDelta::seconds(row.pause));
                let pause = if too_early { row.pause + PAUSE } else { row.pause };
                store::asked(&mut session, row.id, pause, now).await?;
                session.commit().await?;
                return Err(if too_early { slow_down(pause) } else { pending() });
            }
            _ => return Err(denied()),
        }
        if !store::take(&mut session, row.id).await? {
            return Err(expired());
        }
        let started = SessionRow {
            amr: row.amr,
            // Nobody has proven anything anew.
            authenticated_at: row.authenticated_at.unwrap_or(row.created_at),
            ..new_session(self.ids.next(), row.user_id, row.org, &[], who, now)
        };
        let roles = self.roles_in(&mut session, &started).await?.ok_or_else(denied)?;
        if !started.amr.contains(FEDERATED) {
            self.check_enforced_sso(&mut session, started.org, roles).await?;
        }
        sessions::insert(&mut session, &started).await?;
        let tokens = self.issue(&mut session, &started, roles).await?;
        let known = who.signed_in(&system::right(), started.org, started.user_id, roles);
        self.audit.record(&mut session, &known, Action::DeviceTokens, Object::new("session", started.id)).await?;
        session.commit().await?;
        metrics::counter!("gooseek_sign_ins").increment(1);
        Ok(tokens)
    }

    /// As a code stands in a row. It is short: who has a copy of the database could find it out from a plain hash.
    fn user_code_hash(&self, letters: &str) -> Vec<u8> {
        self.user_code_key.sign(letters.as_bytes()).to_vec()
    }

    async fn limit(&self, who: &Caller, what: &str, limit: PerMinute, counted: &str) -> Result<(), Problem> {
        let Some(address) = who.client().address else { return Ok(()) };
        self.limits.try_acquire(&LimitKey::address(address, what), limit).await.ok_or_429(counted)
    }
}

/// What a signed-in person tries is counted by account and by address.
fn guess(who: &Caller) -> Attempt {
    Attempt::new("device code", &who.user().to_string(), who.client().address, None)
}

fn random_letters() -> String {
    let mut random = rand::rng();
    (0..LETTERS).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// However people type it: `wdjb mjht`.
fn letters_of(user_code: &str) -> String {
    user_code.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).collect()
}

fn pending() -> Problem {
    Problem::new(Code::AuthorizationPending, "nobody has confirmed the code yet")
}

fn slow_down(pause: i64) -> Problem {
    let retry_after = u64::try_from(pause).ok();
    let detail = format!("asked too soon: leave {pause} seconds between two questions from now on");
    Problem { retry_after, ..Problem::new(Code::SlowDown, detail) }
}

fn expired() -> Problem {
    Problem::new(Code::ExpiredToken, "the device code is unknown, was used, or has expired: begin again")
}

fn denied() -> Problem {
    Problem::new(Code::AccessDenied, "the sign-in was turned away")
}
