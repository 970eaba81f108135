//! `/api/v1/auth`, `/api/v1/organisations` and the key set.

mod account;
mod api_keys;
mod cookies;
mod devices;
mod domains;
mod organisations;
mod sign_in;
mod sign_up;
mod sso;

use access::Role;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use base::Problem;
use kit::Validator;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use account::Me;

use crate::accounts::Accounts;

pub(crate) fn routes(accounts: Accounts) -> OpenApiRouter {
    let routes = sign_up::routes().merge(sign_in::routes()).merge(account::routes()).merge(api_keys::routes());
    let routes = routes.merge(organisations::routes()).merge(domains::routes()).merge(sso::routes());
    let routes = routes.merge(devices::routes());
    routes.route("/.well-known/jwks.json", axum::routing::get(jwks)).with_state(accounts)
}

/// The keys that access tokens are checked with (RFC 7517).
async fn jwks(State(accounts): State<Accounts>) -> Result<Response, Problem> {
    let headers = [(header::CONTENT_TYPE, "application/jwk-set+json"), (header::CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, accounts.keys().jwks().await?).into_response())
}

fn ensure_password(check: &mut Validator, password: &str, pointer: &str) {
    check.ensure((1..=1_000).contains(&password.chars().count()), pointer, "1 to 1000 characters");
}

fn ensure_new_password(check: &mut Validator, password: &str, pointer: &str) {
    check.ensure((8..=128).contains(&password.chars().count()), pointer, "8 to 128 characters");
}

fn ensure_email(check: &mut Validator, email: &str) {
    check.ensure((6..=254).contains(&email.chars().count()), "/email", "6 to 254 characters");
}

/// What a member can be.
#[derive(Debug, Clone, Copy, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    Owner,
    Admin,
    Member,
    Billing,
    Auditor,
    Guest,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Member => Self::Member,
            RoleName::Billing => Self::Billing,
            RoleName::Auditor => Self::Auditor,
            RoleName::Guest => Self::Guest,
        }
    }
}
