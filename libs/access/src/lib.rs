//! Who asks: the local owner of a machine without accounts, or the bearer of an EdDSA access token.
//!
//! [`server::http`] puts an [`Caller`] on each request it can vouch for; a handler that takes one as an argument
//! answers 401 without it, and a handler that does not is visibly public. Over gRPC the caller
//! proves which service it is; the person's own token travels along and is verified again, or the caller is one that may
//! name the person. A bare user id in a header is never believed.

mod jwks;
pub mod keys;
pub mod rpc_acl;
pub mod service;
mod token;

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use base::{Problem, Scope, SystemScope, config::Secret};
use kit::openapi::{Describe, Description};
pub use rpc_acl::ALL_IN_ONE;
pub use service::{RpcAuth, ServiceIdentity};
pub use token::{AUDIENCE, TokenError, Verifier};
use uuid::Uuid;

/// The one organisation and person of a machine without accounts.
pub const LOCAL_ORG: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
pub const LOCAL_OWNER: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002);

/// A verified person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub org: Uuid,
    pub user: Uuid,
    pub role: Role,
    /// The access token this identity was read from; it goes along on calls to other services.
    token: Option<Arc<Secret>>,
}

/// What a person may do in the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Admin,
    Member,
    Billing,
    Auditor,
    Guest,
}

impl Caller {
    fn local_owner() -> Self {
        Self { org: LOCAL_ORG, user: LOCAL_OWNER, role: Role::Owner, token: None }
    }

    /// What stores and caches are asked with.
    #[expect(clippy::disallowed_methods, reason = "a verified caller may see what is its own")]
    pub fn scope(&self) -> Scope {
        SystemScope::new().on_behalf_of(self.org, self.user)
    }

    /// 403 unless the person runs the organisation.
    pub fn require_admin(&self) -> Result<(), Problem> {
        if matches!(self.role, Role::Owner | Role::Admin) {
            return Ok(());
        }
        Err(Problem::forbidden("only an owner or admin may do this"))
    }

    /// The person a stored piece of work belongs to, for going on with it after a restart. Only a background task
    /// has the proof this asks for.
    pub fn impersonate(_: &SystemScope, org: Uuid, user: Uuid) -> Self {
        Self { org, user, role: Role::Member, token: None }
    }

    /// A gRPC request in this person's name.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        // Extensions never leave the process, so a callee that finds one was called by our own code.
        request.extensions_mut().insert(self.clone());
        if let Some(value) = self.token.as_ref().and_then(|token| format!("Bearer {}", token.expose()).parse().ok()) {
            request.metadata_mut().insert("authorization", value);
        }
        request
    }

    /// The person a gRPC request is made for.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, tonic::Status> {
        let identity = request.extensions().get::<Self>().cloned();
        identity.ok_or_else(|| tonic::Status::unauthenticated("this call needs a person's access token"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let identity = parts.extensions.get::<Self>().cloned();
        identity.ok_or_else(|| Problem::unauthorized("this needs an access token: Authorization: Bearer …"))
    }
}

impl Describe for Caller {
    fn describe(description: &mut Description<'_>) {
        description.needs_token();
    }
}

/// How requests are matched to people.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No accounts: whoever reaches the loopback port is the owner.
    LocalOwner,
    /// Access tokens, checked against `JWT_PUBLIC_KEY` or a JWKS.
    Tokens(Arc<Verifier>),
    /// Neither: everything but health is refused.
    Closed,
}

impl Auth {
    /// The identity behind an `Authorization` header; `None` for an anonymous request.
    pub async fn identify(&self, authorization: Option<&str>) -> Result<Option<Caller>, Problem> {
        match self {
            Self::LocalOwner => Ok(Some(Caller::local_owner())),
            Self::Closed => {
                Err(Problem::unavailable("accounts are not configured: set JWT_PUBLIC_KEY or AUTH_SERVICE_URL"))
            }
            Self::Tokens(verifier) => {
                let Some(header) = authorization else { return Ok(None) };
                let Some(token) = header.strip_prefix("Bearer ") else {
                    return Err(Problem::unauthorized("the Authorization header is not a bearer token"));
                };
                verifier.verify(token.trim()).await.map(Some).map_err(Problem::from)
            }
        }
    }
}
