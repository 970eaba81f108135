//! AuthService: parse, call, map.

use base::Problem;
use proto::{
    auth::v1::{
        ApiKey, GetOrganisationRequest, GetSigningKeysRequest, ListRevocationsRequest, Organisation,
        ResolveApiKeyRequest, Revocations, SigningKeys,
        auth_service_server::{AuthService, AuthServiceServer},
    },
    convert,
};
use tonic::{Request, Response, Status};

use crate::{accounts::Accounts, revocations};

pub(crate) fn server(accounts: Accounts) -> AuthServiceServer<Grpc> {
    AuthServiceServer::new(Grpc { accounts })
}

pub(crate) struct Grpc {
    accounts: Accounts,
}

#[tonic::async_trait]
impl AuthService for Grpc {
    async fn get_signing_keys(&self, _: Request<GetSigningKeysRequest>) -> Result<Response<SigningKeys>, Status> {
        let jwks_json = self.accounts.keys().jwks().await?;
        Ok(Response::new(SigningKeys { jwks_json }))
    }

    async fn get_organisation(
        &self,
        request: Request<GetOrganisationRequest>,
    ) -> Result<Response<Organisation>, Status> {
        let id = convert::id("organisation_id", &request.get_ref().organisation_id);
        let id = id.map_err(|error| Status::invalid_argument(error.to_string()))?;
        Ok(Response::new(self.accounts.organisation_policy(id).await?))
    }

    async fn resolve_api_key(&self, request: Request<ResolveApiKeyRequest>) -> Result<Response<ApiKey>, Status> {
        Ok(Response::new(self.accounts.resolve_api_key(&request.get_ref().hash).await?))
    }

    async fn list_revocations(
        &self,
        request: Request<ListRevocationsRequest>,
    ) -> Result<Response<Revocations>, Status> {
        let since = request.get_ref().since.and_then(convert::time);
        let listed = revocations::list(self.accounts.db(), self.accounts.clock(), since).await;
        Ok(Response::new(listed.map_err(Problem::from)?))
    }
}
