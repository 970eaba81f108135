//! Access tokens: EdDSA (RFC 8037) only, short-lived, for one audience.

use base::Problem;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Caller, Client,
    caller::{Rights, Role, Roles, Scopes},
    jwks::{HttpKeys, KeySource, Keys},
};

/// The audience every access token names.
pub const AUDIENCE: &str = "gooseek";
/// Its issuer: the auth-svc of this installation, which its keys tell from others.
pub const ISSUER: &str = "gooseek";
/// The type in its header (RFC 9068), which tells it from every other token that was signed with the same key.
pub const TOKEN_TYPE: &str = "at+jwt";

/// Why a token is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the access token is not valid")]
    Invalid,
    #[error("the access token has expired")]
    Expired,
    /// The keys could not be fetched, so nothing can be said about the token.
    #[error("the keys that access tokens are checked with cannot be fetched")]
    KeysUnavailable,
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::KeysUnavailable => Self::unavailable(error.to_string()),
            TokenError::Invalid | TokenError::Expired => Self::unauthorized(error.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    org: Uuid,
    /// One role, or several; at least one of the two claims.
    role: Option<Role>,
    roles: Option<Roles>,
    /// Names separated by spaces (RFC 8693); absent: not limited.
    scope: Option<String>,
    /// How the user signed in (RFC 8176).
    #[serde(default)]
    amr: Vec<String>,
    /// The session it belongs to.
    sid: Option<Uuid>,
    iat: Option<i64>,
    csrf: Option<String>,
}

impl Claims {
    fn roles(&self) -> Option<Roles> {
        match (self.role, self.roles) {
            (None, None) => None,
            (Some(role), roles) => Some(roles.unwrap_or_default().with(role)),
            (None, roles) => roles,
        }
    }
}

/// What a valid token says.
#[derive(Debug, Clone)]
pub struct Verified {
    pub caller: Caller,
    /// Whether the user signed in with a second factor.
    pub has_mfa: bool,
    /// Unix time.
    pub(crate) issued_at: Option<i64>,
    pub(crate) session: Option<Uuid>,
    /// The key that signed it.
    pub(crate) key_id: Option<String>,
    /// What a browser's request repeats in [`CSRF_HEADER`](crate::credentials::CSRF_HEADER).
    pub(crate) csrf: Option<String>,
}

/// Checks access tokens.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    validation: Validation,
}

impl Verifier {
    /// `pinned` is `JWT_PUBLIC_KEY`: a PEM public key, a JWK or a JWKS. The error says what it is not.
    pub fn pinned(pinned: &str) -> Result<Self, String> {
        Ok(Self::with_keys(Keys::pinned(pinned)?))
    }

    /// Keys come from `<base>/.well-known/jwks.json`, fetched again when a token names an unknown key.
    pub fn remote(base: &str) -> Result<Self, String> {
        Ok(Self::with_keys(Keys::from_source(HttpKeys::new(base)?)))
    }

    /// Keys come from `source`, asked again when a token names an unknown key.
    pub fn with_source(source: impl KeySource + 'static) -> Self {
        Self::with_keys(Keys::from_source(source))
    }

    fn with_keys(keys: Keys) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        Self { keys, validation }
    }

    /// The user a token was issued to.
    pub async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        let is_access_token = header.typ.is_some_and(|kind| kind.eq_ignore_ascii_case(TOKEN_TYPE));
        if header.alg != Algorithm::EdDSA || !is_access_token {
            return Err(TokenError::Invalid);
        }
        let key = self.keys.find(header.kid.as_deref()).await?;
        let claims = self.claims(token, &key)?;
        // Nobody's rows and nobody's organisation are those of the system.
        if claims.org.is_nil() || claims.sub.is_nil() {
            return Err(TokenError::Invalid);
        }
        let roles = claims.roles().ok_or(TokenError::Invalid)?;
        let rights = Rights::new(roles, claims.scope.as_deref().map(Scopes::parse));
        let caller = Caller::user_of(claims.org, claims.sub, rights, Client::default());
        let caller = caller.in_session(claims.sid);
        Ok(Verified {
            caller,
            has_mfa: claims.amr.iter().any(|method| method == "mfa"),
            issued_at: claims.iat,
            session: claims.sid,
            key_id: header.kid,
            csrf: claims.csrf,
        })
    }

    fn claims(&self, token: &str, key: &DecodingKey) -> Result<Claims, TokenError> {
        match decode::<Claims>(token, key, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::ExpiredSignature) => {
                Err(TokenError::Expired)
            }
            Err(_) => Err(TokenError::Invalid),
        }
    }
}
