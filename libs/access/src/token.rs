//! Access tokens: EdDSA (RFC 8037) only, short-lived, for one audience.

use std::sync::Arc;

use base::{Problem, config::Secret};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use super::{Caller, Role, jwks::Keys};

/// The audience every access token names.
pub const AUDIENCE: &str = "gooseek";

/// Why a token was not believed.
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
    role: Role,
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
        Ok(Self::with_keys(Keys::remote(base)?))
    }

    fn with_keys(keys: Keys) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        Self { keys, validation }
    }

    /// The person a token was issued to.
    pub async fn verify(&self, token: &str) -> Result<Caller, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::EdDSA {
            return Err(TokenError::Invalid);
        }
        let key = self.keys.find(header.kid.as_deref()).await?;
        let claims = self.claims(token, &key)?;
        let token = Some(Arc::new(Secret::new(token)));
        Ok(Caller { org: claims.org, user: claims.sub, role: claims.role, token })
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
