//! Ed25519 key pairs (RFC 8032), as PEM and JWK (RFC 8037), and tokens signed with them.
//!
//! For keys of services, and for those that access tokens are signed with.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

/// A text that is not a private key.
#[derive(Debug, thiserror::Error)]
#[error("not an Ed25519 private key in PEM (PKCS #8)")]
pub struct InvalidKey;

/// A private key and its id (`kid`), which is in the header of every token it signs.
pub struct SigningKey {
    id: String,
    pair: Ed25519KeyPair,
    signer: EncodingKey,
}

impl SigningKey {
    /// A new random key.
    pub fn generate(id: impl Into<String>) -> Self {
        Self::new(id.into(), Ed25519KeyPair::generate().expect("the system has random bytes"))
    }

    /// The key of 32 secret bytes: the same bytes give the same key.
    pub fn from_seed(id: impl Into<String>, seed: &[u8; 32]) -> Self {
        Self::new(id.into(), Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a private key"))
    }

    /// A key as [`pem`](Self::pem) or OpenSSL writes it.
    pub fn from_pem(id: impl Into<String>, text: &str) -> Result<Self, InvalidKey> {
        let base64: String = text.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64_STANDARD.decode(base64).map_err(|_| InvalidKey)?;
        let pair = Ed25519KeyPair::from_pkcs8(&der).map_err(|_| InvalidKey)?;
        Ok(Self::new(id.into(), pair))
    }

    fn new(id: String, pair: Ed25519KeyPair) -> Self {
        let signer = EncodingKey::from_ed_der(der(&pair).as_ref());
        Self { id, pair, signer }
    }

    /// The private key as PEM, in the form of PKCS #8.
    pub fn pem(&self) -> String {
        let body = BASE64_STANDARD.encode(der(&self.pair).as_ref());
        format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
    }

    /// The public key as a JWK.
    pub fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": x })
    }

    /// A signed token (RFC 7515, compact form) whose header names this key.
    pub fn sign(&self, kind: &str, claims: &impl Serialize) -> String {
        let header = Header { kid: Some(self.id.clone()), typ: Some(kind.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.signer).expect("plain claims can be signed")
    }
}

fn der(pair: &Ed25519KeyPair) -> Pkcs8V1Der<'static> {
    pair.as_der().expect("a key pair can be encoded")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}
