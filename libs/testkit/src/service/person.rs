//! People, with the access tokens that auth-svc would give them.

use std::fmt;

use access::{AUDIENCE, ISSUER, Role, TOKEN_TYPE, Verifier, keys::SigningKey};
use base::{Scope, time::Clock};
use http::request::Builder;
use serde_json::json;
use uuid::Uuid;

/// A signer of access tokens with a key of its own.
pub struct Issuer {
    key: SigningKey,
    /// The public key as a JWK.
    public: String,
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

impl Issuer {
    /// An issuer with a fresh key.
    pub fn new() -> Self {
        let key = SigningKey::generate("test");
        let public = key.jwk().to_string();
        Self { key, public }
    }

    pub(super) fn verifier(&self) -> Verifier {
        Verifier::pinned(&self.public).expect("a JWK made here can be read")
    }

    /// The public key as a JWK, which `JWT_PUBLIC_KEY` takes.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// A member of an organisation, with a token for an hour.
    pub fn person(&self, org: Uuid, user: Uuid) -> Person {
        self.person_with(org, user, &[Role::Member])
    }

    /// A user with these roles in an organisation.
    pub fn person_with(&self, org: Uuid, user: Uuid, roles: &[Role]) -> Person {
        self.person_claiming(org, user, &json!({ "roles": roles }))
    }

    /// A user of an organisation with these claims beside the usual ones.
    pub fn person_claiming(&self, org: Uuid, user: Uuid, special: &serde_json::Value) -> Person {
        // Tokens are checked against the machine's clock, whatever the test's clock says.
        let expires = Clock::system().now().timestamp() + 3_600;
        let mut claims = json!({ "sub": user, "org": org, "iss": ISSUER, "aud": AUDIENCE, "exp": expires });
        for (name, value) in special.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        Person { org, user, token: self.key.sign(TOKEN_TYPE, &claims) }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer")
    }
}

/// A member of an organisation.
#[derive(Debug, Clone)]
pub struct Person {
    pub org: Uuid,
    pub user: Uuid,
    token: String,
}

impl Person {
    /// Somebody with a token that auth-svc gave it.
    pub fn signed_in(org: Uuid, user: Uuid, token: impl Into<String>) -> Self {
        Self { org, user, token: token.into() }
    }

    /// The access token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What stores, caches and objects are asked with in this person's name.
    pub fn scope(&self) -> Scope {
        crate::tenant(self.org, self.user)
    }

    /// An HTTP request in this person's name.
    pub fn http(&self, method: &str, path: &str) -> Builder {
        http::Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token))
    }

    /// A gRPC request in this person's name.
    pub fn grpc<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let value = format!("Bearer {}", self.token).parse().expect("a token is ASCII");
        request.metadata_mut().insert("authorization", value);
        request
    }
}
