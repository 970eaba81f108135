//! Domains of mail of an organisation.

use access::{Allowed, action};
use axum::{
    Json,
    extract::{Path, State},
    response::NoContent,
};
use base::Problem;
use kit::{Created, Id, JsonBody, Validator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::{Accounts, Domain, Organisation};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![list_domains, claim_domain, verify_domain, release_domain]
}

/// Domains of an organisation.
#[derive(Debug, Serialize, ToSchema)]
struct Domains {
    /// By name, at most 200.
    items: Vec<Domain>,
}

/// The domains that the organisation claims or has proven.
#[utoipa::path(get, path = "/api/v1/organisations/{id}/domains", operation_id = "list_domains")]
async fn list_domains(
    State(accounts): State<Accounts>,
    who: Allowed<action::ListDomains>,
    id: Id<Organisation>,
) -> Result<Json<Domains>, Problem> {
    accounts.domains(&who, id.0).await.map(|items| Json(Domains { items }))
}

/// A domain to claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DomainClaim {
    /// Of mail, in ASCII (`xn--` for other scripts).
    #[schema(min_length = 4, max_length = 253, example = "example.org")]
    domain: String,
}

/// Claim a domain. The answer says which TXT record proves it; whoever has a mailbox there then joins as a guest.
#[utoipa::path(post, path = "/api/v1/organisations/{id}/domains", operation_id = "claim_domain")]
async fn claim_domain(
    State(accounts): State<Accounts>,
    who: Allowed<action::ClaimDomain>,
    id: Id<Organisation>,
    JsonBody(claim): JsonBody<DomainClaim>,
) -> Result<Created<Domain>, Problem> {
    let mut check = Validator::default();
    check.ensure((4..=253).contains(&claim.domain.chars().count()), "/domain", "4 to 253 characters");
    check.finish()?;
    accounts.claim_domain(&who, id.0, &claim.domain).await.map(Created)
}

/// Look for the record of a domain.
#[utoipa::path(
    post, path = "/api/v1/organisations/{id}/domains/{domain}/verify", operation_id = "verify_domain",
    params(("domain" = String, Path, max_length = 253)),
    responses((status = 409, description = "The record is not there, or another organisation has proven the domain.")))]
async fn verify_domain(
    State(accounts): State<Accounts>,
    who: Allowed<action::VerifyDomain>,
    id: Id<Organisation>,
    Path(path): Path<DomainPath>,
) -> Result<Json<Domain>, Problem> {
    accounts.verify_domain(&who, id.0, &path.domain).await.map(Json)
}

/// Release a domain. Nobody joins by it any more; those who have stay.
#[utoipa::path(
    delete, path = "/api/v1/organisations/{id}/domains/{domain}", operation_id = "release_domain",
    params(("domain" = String, Path, max_length = 253)))]
async fn release_domain(
    State(accounts): State<Accounts>,
    who: Allowed<action::ReleaseDomain>,
    id: Id<Organisation>,
    Path(path): Path<DomainPath>,
) -> Result<NoContent, Problem> {
    accounts.release_domain(&who, id.0, &path.domain).await?;
    Ok(NoContent)
}

#[derive(Debug, Deserialize)]
struct DomainPath {
    domain: String,
}
