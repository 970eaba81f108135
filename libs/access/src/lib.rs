//! Who calls, and what it may do: authentication, the [`policy`], and the extractors that apply it.
//!
//! The server finds a [`Caller`] for every request. A handler names what it does, [`Allowed<action::…>`](Allowed), and, if a
//! secret opens it, the kind of the secret, [`Link<link::…, action::…>`](Link); one that takes neither knows nobody, reaches no
//! organisation's data and changes nothing.

mod authenticate;
mod caller;
mod check;
mod client;
pub mod credentials;
mod directory;
mod extract;
mod jwks;
pub mod keys;
pub mod link;
pub mod policy;
mod revocation;
mod rpc_auth;
mod token;

pub use authenticate::{API_KEY_PREFIX, Auth, Authenticator, LocalCall, RpcCall};
pub use caller::{Caller, LOCAL_ORG, LOCAL_OWNER, Rights, Role, Roles, Scopes, Subject};
pub use check::{ObjectRule, ProjectRole, Rule, check};
pub use client::{Client, TrustedProxies};
pub use credentials::Credentials;
pub use directory::{ApiKey, CachedDirectory, Directory, LocalDirectory, OrgPolicy, noting_project_checks};
pub use extract::{Allowed, Permission, TakenAction};
pub use jwks::KeySource;
pub use link::{Link, SecretHash};
pub use policy::{ALL_IN_ONE, Action, action};
pub use revocation::{Revocation, Revocations};
pub use rpc_auth::{RpcAuth, SERVICE_TOKEN, ServiceIdentity};
pub use token::{AUDIENCE, ISSUER, TOKEN_TYPE, TokenError, Verified, Verifier};
