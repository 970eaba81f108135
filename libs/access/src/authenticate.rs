//! From what a request carries to its [`Caller`].
//!
//! Over HTTP a user brings an access token or an API key. A gRPC call is made by a service: over the network it proves which
//! one and names the user it acts for, inside the process the transport says so. A bare user id in a header is never believed.

use std::sync::Arc;

use base::{Problem, problem::Code, time::Clock};

use crate::{
    CachedDirectory, Caller, Client, Credentials, RpcAuth, SecretHash, Verified, Verifier,
    caller::Rights,
    credentials::CSRF_HEADER,
    policy::{ALL_IN_ONE, check_service, check_user},
    rpc_auth::RpcCaller,
};

/// What an API key begins with; access tokens never do.
pub const API_KEY_PREFIX: &str = "gooseek_";

/// How requests are matched to users.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No accounts: whatever reaches the loopback port is the owner's.
    LocalOwner,
    /// Access tokens, checked against `JWT_PUBLIC_KEY` or a JWKS.
    Tokens(Arc<Verifier>),
    /// Neither: everything but health is refused.
    Closed,
}

/// A call inside the process, put on the request by the transport. Extensions never come from the network.
#[derive(Debug, Clone, Copy)]
pub struct LocalCall {
    /// The service that calls.
    pub service: &'static str,
}

/// A gRPC call of one of our methods.
#[derive(Debug, Clone, Copy)]
pub struct RpcCall<'a> {
    pub method: &'a str,
    pub local: Option<LocalCall>,
    /// The service's token of a call over the network.
    pub token: Option<&'a str>,
    /// The caller that the transport of a local call carries along.
    pub carried: Option<&'a Caller>,
}

/// Finds the caller of every request. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authenticator {
    auth: Auth,
    rpc: RpcAuth,
    directory: CachedDirectory,
}

impl Authenticator {
    pub fn new(auth: Auth, rpc: RpcAuth, directory: CachedDirectory) -> Self {
        Self { auth, rpc, directory }
    }

    /// Without auth-svc and projects-svc to ask.
    pub fn local(auth: Auth, rpc: RpcAuth) -> Self {
        Self::new(auth, rpc, CachedDirectory::local(Clock::system()))
    }

    /// Whether requests need no token.
    pub fn is_local_owner(&self) -> bool {
        matches!(self.auth, Auth::LocalOwner)
    }

    /// The caller behind what a request brings. 401 for a header that is not believed; a cookie that is not stands for nobody. 403
    /// where another site makes a browser send it.
    pub async fn user(&self, credentials: Credentials<'_>, client: Client) -> Result<Caller, Problem> {
        let verifier = match &self.auth {
            Auth::LocalOwner => return Ok(Caller::local_owner(client)),
            Auth::Closed => {
                return Err(Problem::unavailable(
                    "accounts are not configured: set JWT_PUBLIC_KEY or AUTH_SERVICE_URL",
                ));
            }
            Auth::Tokens(verifier) => verifier,
        };
        let token = match credentials {
            Credentials::None => return Ok(Caller::anonymous(client)),
            Credentials::Cookie { token, .. } => token,
            Credentials::Header(value) => {
                let token = value.strip_prefix("Bearer ").map(str::trim);
                token.ok_or_else(|| Problem::unauthorized("the Authorization header is not a bearer token"))?
            }
        };
        if token.starts_with(API_KEY_PREFIX) {
            return self.api_key(token, client).await;
        }
        let verified = match self.believed(verifier, token).await {
            // A browser sends it with everything, also with what needs no account: going on with a session, signing in again.
            Err(problem) if problem.code == Code::Unauthorized && matches!(credentials, Credentials::Cookie { .. }) => {
                return Ok(Caller::anonymous(client));
            }
            verified => verified?,
        };
        check_csrf(&credentials, &verified)?;
        let policy = self.directory.organisation(verified.caller.org()).await?;
        let lacks_mfa = policy.mfa_required && !verified.has_mfa;
        Ok(verified.caller.with_client(client).lacking_mfa(lacks_mfa))
    }

    /// An access token that is valid and was not revoked.
    async fn believed(&self, verifier: &Verifier, token: &str) -> Result<Verified, Problem> {
        let verified = verifier.verify(token).await?;
        self.directory.check_revoked(&verified).await?;
        Ok(verified)
    }

    /// A key is made by a user who has signed in as the organisation demands, and needs no second factor of its own.
    async fn api_key(&self, secret: &str, client: Client) -> Result<Caller, Problem> {
        let key = self.directory.api_key(SecretHash::of(secret)).await?;
        let key = key.ok_or_else(|| Problem::unauthorized("the API key is unknown or was revoked"))?;
        let rights = Rights::of_key(key.roles, key.scopes, key.id);
        // The key itself goes nowhere else: a callee could not tell it from the user's own.
        Ok(Caller::user_of(key.org, key.user, rights, client))
    }

    /// The caller of a gRPC method. 403 when the table does not list the service for it.
    pub async fn rpc(&self, call: RpcCall<'_>, authorization: Option<&str>, client: Client) -> Result<Caller, Problem> {
        let from = match call.local {
            Some(local) => {
                check_service(local.service, call.method)?;
                RpcCaller { service: Some(local.service.into()), user: call.carried.cloned() }
            }
            None => self.rpc.check(call.token, call.method).await?,
        };
        let caller = match (from.user, from.service, authorization) {
            (Some(user), ..) => user,
            (None, Some(service), None) => Caller::service(service, client),
            (None, _, authorization) => {
                let credentials = authorization.map_or(Credentials::None, Credentials::Header);
                self.user(credentials, client).await?
            }
        };
        check_user(&caller, call.method)?;
        Ok(caller)
    }
}

/// 403 for a change that a browser's cookie would be used for, unless our own page asks for it.
fn check_csrf(credentials: &Credentials<'_>, verified: &Verified) -> Result<(), Problem> {
    let Credentials::Cookie { changes: true, is_own_page, csrf, .. } = credentials else { return Ok(()) };
    // It is no secret of the server's: only pages of this origin can read the cookie.
    if *is_own_page && verified.csrf.is_some() && verified.csrf.as_deref() == *csrf {
        return Ok(());
    }
    Err(Problem::forbidden(format!("a change in a browser's session needs the header {CSRF_HEADER} of our own page")))
}

impl RpcAuth {
    /// Checks a call over the network: which service makes it, and which user it names if it may.
    async fn check(&self, token: Option<&str>, method: &str) -> Result<RpcCaller, Problem> {
        match self {
            // What the owner of the machine calls by hand passes the table like the services of the machine.
            Self::Anyone => {
                check_service(ALL_IN_ONE, method)?;
                Ok(RpcCaller { service: None, user: None })
            }
            Self::Closed => Err(Problem::unavailable(
                "calls between services are closed: set SERVICE_KEY and SERVICE_KEYS (gooseek auth bootstrap makes them)",
            )),
            Self::Known(identity) => {
                let token = token.ok_or_else(|| Problem::unauthorized("this call needs a service's token"))?;
                identity.check(token, method).await
            }
        }
    }
}
