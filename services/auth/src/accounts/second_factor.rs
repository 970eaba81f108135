//! A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who has lost it.

use access::{Action, Caller};
use audit::Object;
use base::Problem;
use base64::{Engine, prelude::BASE64_STANDARD};
use db::Session;
use qrcode::{QrCode, render::svg};
use rand::RngCore;
use serde::Serialize;
use totp_rs::{Builder, Secret, Totp};
use utoipa::ToSchema;

use super::{Accounts, violation};
use crate::{
    secrets::hash,
    store::users::{self, User},
    system,
    throttle::Attempt,
};

/// What every authenticator app understands.
const DIGITS: u8 = 6;
const STEP: u64 = 30;
/// Codes of so many steps before and after the present one are taken, for clocks that differ.
const SKEW: u16 = 1;
const SECRET_LENGTH: usize = 20;
/// At least so wide and high, in pixels.
const QR_SIZE: u32 = 240;
const RECOVERY_CODES: usize = 10;
/// Without letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const ISSUER: &str = "GooSeek";

/// What an authenticator app is given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotpSecret {
    /// Base32, to be typed.
    secret: String,
    /// `otpauth://`, for apps on the same device.
    uri: String,
    /// The same as a QR code: an SVG picture as a `data:` address.
    qr_code: String,
}

impl Accounts {
    /// A new secret for an authenticator app, which counts once a code of it was given. Needs the password.
    pub(crate) async fn begin_totp(&self, who: &Caller, password: &str) -> Result<TotpSecret, Problem> {
        let user = self.own(&mut system::read(&self.db).await?, who).await?;
        self.prove_password(who, &user, password).await?;
        if user.totp_confirmed_at.is_some() {
            return Err(Problem::conflict("the account has an authenticator app: remove it first"));
        }
        let mut secret = [0_u8; SECRET_LENGTH];
        rand::rng().fill_bytes(&mut secret);
        let sealed = self.sealing.seal(user.id, &secret);
        let mut session = system::begin(&self.db).await?;
        users::set_totp(&mut session, user.id, Some(&sealed)).await?;
        self.audit.record(&mut session, who, Action::BeginTotp, Object::new("account", user.id)).await?;
        session.commit().await?;
        let totp = totp(&secret, &user.email)?;
        let uri = totp.to_url().map_err(Problem::internal)?;
        Ok(TotpSecret { secret: totp.secret().to_base32(), qr_code: qr_code(&uri)?, uri })
    }

    /// Switches the second factor on with a first code. The recovery codes, which are shown this once.
    pub(crate) async fn confirm_totp(&self, who: &Caller, code: &str) -> Result<Vec<String>, Problem> {
        let attempt = Attempt::new("second factor", &who.user().to_string(), who.client().address, None);
        self.throttle.begin(&attempt).await?;
        let mut session = system::begin(&self.db).await?;
        let user = self.own(&mut session, who).await?;
        if user.totp_confirmed_at.is_some() {
            return Err(Problem::conflict("the account has an authenticator app already"));
        }
        if !self.check_totp(&mut session, &user, &plain_code(code)).await? {
            return Err(violation("/code", "the code is wrong: is the clock of the device right?"));
        }
        self.throttle.succeed(&mut session, &attempt).await?;
        users::confirm_totp(&mut session, user.id, self.clock.now()).await?;
        let codes = self.replace_recovery_codes(&mut session, &user).await?;
        self.audit.record(&mut session, who, Action::ConfirmTotp, Object::new("account", user.id)).await?;
        session.commit().await?;
        Ok(codes)
    }

    /// Switches the second factor off, and with it the recovery codes. Needs the password.
    pub(crate) async fn remove_totp(&self, who: &Caller, password: &str) -> Result<(), Problem> {
        let user = self.own(&mut system::read(&self.db).await?, who).await?;
        self.prove_password(who, &user, password).await?;
        let mut session = system::begin(&self.db).await?;
        users::set_totp(&mut session, user.id, None).await?;
        users::set_recovery_codes(&mut session, user.id, &[]).await?;
        let ended = crate::store::sessions::delete_others(&mut session, user.id, who.session()).await?;
        self.revoke_sessions(&mut session, &ended).await?;
        self.audit.record(&mut session, who, Action::RemoveTotp, Object::new("account", user.id)).await?;
        Ok(session.commit().await?)
    }

    /// New recovery codes in place of the old ones. Needs the password.
    pub(crate) async fn make_recovery_codes(&self, who: &Caller, password: &str) -> Result<Vec<String>, Problem> {
        let user = self.own(&mut system::read(&self.db).await?, who).await?;
        self.prove_password(who, &user, password).await?;
        if user.totp_confirmed_at.is_none() {
            return Err(Problem::conflict("the account has no second factor to recover"));
        }
        let mut session = system::begin(&self.db).await?;
        let codes = self.replace_recovery_codes(&mut session, &user).await?;
        self.audit.record(&mut session, who, Action::MakeRecoveryCodes, Object::new("account", user.id)).await?;
        session.commit().await?;
        Ok(codes)
    }

    /// Whether a code is right: six digits of the app, or a recovery code. It is used up then.
    pub(super) async fn check_second_factor(
        &self,
        session: &mut Session,
        user: &User,
        code: &str,
    ) -> Result<bool, Problem> {
        let code = plain_code(code);
        if code.len() == usize::from(DIGITS) {
            return Ok(user.totp_confirmed_at.is_some() && self.check_totp(session, user, &code).await?);
        }
        Ok(users::use_recovery_code(session, user.id, &hash(&code)).await?)
    }

    /// Codes of a step that was used, or of one before it, are used up.
    async fn check_totp(&self, session: &mut Session, user: &User, code: &str) -> Result<bool, Problem> {
        let Some(sealed) = &user.totp_secret else { return Ok(false) };
        let Some(secret) = self.sealing.open(user.id, sealed) else {
            return Err(Problem::internal(
                "the secret of an authenticator app cannot be opened: JWT_SECRET has changed",
            ));
        };
        let totp = totp(&secret, &user.email)?;
        let now = u64::try_from(self.clock.now().timestamp()).unwrap_or_default();
        let Some(step) = totp.check(code, now) else { return Ok(false) };
        Ok(users::use_totp_step(session, user.id, i64::try_from(step).unwrap_or_default()).await?)
    }

    async fn replace_recovery_codes(&self, session: &mut Session, user: &User) -> Result<Vec<String>, Problem> {
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        let hashes: Vec<_> = codes.iter().map(|code| hash(&plain_code(code))).collect();
        users::set_recovery_codes(session, user.id, &hashes).await?;
        Ok(codes)
    }
}

/// SHA-1, since some apps ignore that they are asked for something else.
fn totp(secret: &[u8], account: &str) -> Result<Totp, Problem> {
    let totp = Builder::new().with_secret(Secret::from(secret)).with_digits(DIGITS).with_skew(SKEW);
    let totp = totp.with_step_duration(STEP).with_account_name(account).with_issuer(Some(ISSUER));
    totp.build().map_err(Problem::internal)
}

fn qr_code(text: &str) -> Result<String, Problem> {
    let code = QrCode::new(text).map_err(Problem::internal)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(QR_SIZE, QR_SIZE).build();
    Ok(format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(picture)))
}

/// 80 random bits: `ABCD-EFGH-JKLM-NPQR`.
fn recovery_code() -> String {
    let mut bytes = [0_u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    let code: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = code.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// As it was typed, without hyphens, spaces and the difference of case.
fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
