//! Access and refresh tokens.
//!
//! A refresh token is the session's id, a number and a signature of both. The session's row says which number is valid, so no token
//! is stored, and the one that follows is the same however often it is made.

use access::{AUDIENCE, Caller, ISSUER, Roles, TOKEN_TYPE};
use base::Problem;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use db::Session;
use serde::Serialize;
use uuid::Uuid;

use super::Accounts;
use crate::{secrets, store::sessions::SessionRow};

pub(super) const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// A session ends after this long, however it is used,
pub(super) const SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);
/// and after this long without use.
pub(super) const IDLE_LIFETIME: TimeDelta = TimeDelta::days(7);

/// How a session stands in its row that was begun at an identity provider.
pub(super) const FEDERATED: &str = "\"fed\"";

/// What a client gets to go on with.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// What a browser's page repeats in a header with each change.
    pub(crate) csrf: String,
    /// Of the access token, in seconds.
    pub(crate) expires_in: i64,
    pub(crate) user: Uuid,
    pub(crate) org: Uuid,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: Uuid,
    org: Uuid,
    roles: Roles,
    sid: Uuid,
    amr: Vec<String>,
    auth_time: i64,
    iat: i64,
    exp: i64,
    jti: Uuid,
    csrf: &'a str,
}

impl Accounts {
    /// Tokens for a session, of which `row` is as it stands now.
    pub(super) async fn issue(&self, session: &mut Session, row: &SessionRow, roles: Roles) -> Result<Tokens, Problem> {
        let now = self.clock.now();
        let key = self.keys.current(session).await?;
        let csrf = secrets::random();
        let claims = AccessClaims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: row.user_id,
            org: row.org,
            roles,
            sid: row.id,
            amr: serde_json::from_str(&row.amr).unwrap_or_default(),
            auth_time: row.authenticated_at.timestamp(),
            iat: now.timestamp(),
            exp: (now + ACCESS_LIFETIME).timestamp(),
            jti: self.ids.next(),
            csrf: &csrf,
        };
        let access = key.sign(TOKEN_TYPE, &claims);
        let refresh = self.refresh_token(row.id, row.generation);
        Ok(Tokens { access, refresh, csrf, expires_in: ACCESS_LIFETIME.num_seconds(), user: row.user_id, org: row.org })
    }

    pub(super) fn refresh_token(&self, session: Uuid, generation: i64) -> String {
        let mut token = [session.as_bytes().as_slice(), &generation.to_be_bytes()].concat();
        let signature = self.refresh_key.sign(&token);
        token.extend(signature);
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// The session and number of a refresh token that was made here.
    pub(super) fn read_refresh_token(&self, token: &str) -> Option<(Uuid, i64)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (signed, signature) = bytes.split_at_checked(24)?;
        if !self.refresh_key.verify(signed, signature) {
            return None;
        }
        let (session, generation) = signed.split_at(16);
        Some((Uuid::from_slice(session).ok()?, i64::from_be_bytes(generation.try_into().ok()?)))
    }
}

/// A new session of a user that has just proven who it is.
pub(super) fn new_session(
    id: Uuid,
    user: Uuid,
    org: Uuid,
    amr: &[&str],
    who: &Caller,
    now: DateTime<Utc>,
) -> SessionRow {
    let (address, user_agent) = client_texts(who);
    SessionRow {
        id,
        user_id: user,
        org,
        amr: serde_json::to_string(amr).expect("a list of words can be written"),
        authenticated_at: now,
        generation: 1,
        refreshed_at: now,
        address,
        user_agent,
        created_at: now,
        expires_at: now + SESSION_LIFETIME,
    }
}

/// Address and program of a request, as far as known.
pub(super) fn client_texts(who: &Caller) -> (String, String) {
    let client = who.client();
    let user_agent = client.user_agent.as_deref().unwrap_or_default().chars().take(300).collect();
    (client.address.map(|address| address.to_string()).unwrap_or_default(), user_agent)
}
