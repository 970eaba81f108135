//! What auth-svc knows, asked for through the services' own calls: in this process or elsewhere.

use std::{sync::Arc, time::Duration};

use access::{
    ALL_IN_ONE, ApiKey, Auth, CachedDirectory, Directory, KeySource, OrgPolicy, ProjectRole, Revocation, Revocations,
    Role, Roles, Scopes, SecretHash, Verifier,
};
use base::{Problem, problem::Code, time::Clock};
use chrono::{DateTime, Utc};
use proto::{
    auth::v1::{
        self as pb, GetOrganisationRequest, GetSigningKeysRequest, ListRevocationsRequest, ResolveApiKeyRequest,
        auth_service_client::AuthServiceClient, revocation::Subject,
    },
    convert,
};
use rpc::{Endpoints, Transport};
use serde::de::{IntoDeserializer, value::Error};
use tonic::Request;
use uuid::Uuid;

use crate::{AuthOption, Mode, Options};

const TIMEOUT: Duration = Duration::from_secs(3);

/// How users are known, and what is asked about them and their organisations.
pub(crate) fn connect(
    options: &Options,
    mode: Mode,
    endpoints: &Endpoints,
    clock: &Clock,
) -> anyhow::Result<(Auth, CachedDirectory)> {
    let name = match mode {
        Mode::AllInOne => ALL_IN_ONE,
        Mode::Single { name, .. } => name,
    };
    let accounts = || anyhow::Ok(Accounts::new(endpoints.for_caller(name).to(registry::AUTH.name)?));
    let is_elsewhere = options.remote.iter().any(|(name, _)| *name == registry::AUTH.name);
    let auth = match &options.auth {
        AuthOption::LocalOwner => Auth::LocalOwner,
        AuthOption::Closed => Auth::Closed,
        AuthOption::Tokens(verifier) => Auth::Tokens(verifier.clone()),
        AuthOption::Accounts => Auth::Tokens(Arc::new(Verifier::with_source(accounts()?))),
    };
    let directory = match &options.auth {
        AuthOption::Accounts => CachedDirectory::new(accounts()?, clock.clone()),
        AuthOption::Tokens(_) if is_elsewhere => CachedDirectory::new(accounts()?, clock.clone()),
        _ => CachedDirectory::local(clock.clone()),
    };
    Ok((auth, directory))
}

/// auth-svc, as every process asks it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts(AuthServiceClient<Transport>);

impl Accounts {
    /// `auth` leads there.
    pub fn new(auth: Transport) -> Self {
        Self(AuthServiceClient::new(auth))
    }
}

#[async_trait::async_trait]
impl Directory for Accounts {
    async fn organisation(&self, org: Uuid) -> Result<OrgPolicy, Problem> {
        let request = request(GetOrganisationRequest { organisation_id: org.to_string() });
        match self.0.clone().get_organisation(request).await.map_err(Problem::from) {
            Ok(answer) => {
                let organisation = answer.into_inner();
                Ok(OrgPolicy { mfa_required: organisation.mfa_required, public_sharing: organisation.public_sharing })
            }
            // Of another issuer, whose key is pinned: it demands nothing here.
            Err(problem) if problem.code == Code::NotFound => Ok(OrgPolicy::default()),
            Err(problem) => Err(problem),
        }
    }

    /// Projects have no members of their own: they are open to all of the organisation.
    async fn project_role(&self, _: Uuid, _: Uuid, _: Uuid) -> Result<Option<ProjectRole>, Problem> {
        Ok(Some(ProjectRole::Owner))
    }

    async fn api_key(&self, hash: &SecretHash) -> Result<Option<ApiKey>, Problem> {
        let request = request(ResolveApiKeyRequest { hash: hash.as_bytes().to_vec().into() });
        match self.0.clone().resolve_api_key(request).await.map_err(Problem::from) {
            Ok(key) => api_key(&key.into_inner()).map(Some).ok_or_else(|| malformed("an API key")),
            Err(problem) if problem.code == Code::NotFound => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    async fn revocations(&self, since: Option<DateTime<Utc>>) -> Result<Revocations, Problem> {
        let request = request(ListRevocationsRequest { since: since.map(convert::timestamp) });
        let answer = self.0.clone().list_revocations(request).await?.into_inner();
        let until = answer.until.and_then(convert::time).ok_or_else(|| malformed("revocations"))?;
        let list = answer.revocations.into_iter().map(revocation).collect::<Option<_>>();
        Ok(Revocations { list: list.ok_or_else(|| malformed("a revocation"))?, until })
    }
}

#[async_trait::async_trait]
impl KeySource for Accounts {
    async fn jwks(&self) -> Result<String, String> {
        let answer = self.0.clone().get_signing_keys(request(GetSigningKeysRequest {})).await;
        answer.map(|keys| keys.into_inner().jwks_json).map_err(|status| status.message().to_owned())
    }
}

fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(TIMEOUT);
    request
}

fn api_key(key: &pb::ApiKey) -> Option<ApiKey> {
    let role = |name: &String| -> Option<Role> {
        let name = IntoDeserializer::<Error>::into_deserializer(name.as_str());
        serde::Deserialize::deserialize(name).ok()
    };
    Some(ApiKey {
        id: key.id.parse().ok()?,
        org: key.organisation_id.parse().ok()?,
        user: key.user_id.parse().ok()?,
        // A role of a newer version gives nothing here.
        roles: Roles::from(key.roles.iter().filter_map(role).collect::<Vec<_>>()),
        scopes: Scopes::parse(&key.scopes),
    })
}

fn revocation(from: pb::Revocation) -> Option<Revocation> {
    Some(match from.subject? {
        Subject::SessionId(id) => Revocation::Session(id.parse().ok()?),
        Subject::UserId(id) => Revocation::User { user: id.parse().ok()?, before: convert::time(from.revoked_at?)? },
        Subject::OrganisationId(id) => Revocation::Organisation(id.parse().ok()?),
        Subject::ApiKeyHash(hash) => Revocation::ApiKey(SecretHash::from_bytes(&hash)?),
        Subject::SigningKeyId(id) => Revocation::SigningKey(id),
    })
}

fn malformed(what: &str) -> Problem {
    Problem::internal(format!("auth-svc answered {what} that cannot be read"))
}
