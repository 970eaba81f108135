//! The identity provider of an organisation, and signing in there.

use access::{Allowed, action};
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, NoContent, Response},
    routing::get,
};
use base::Problem;
use kit::{Id, JsonBody, Validator};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::cookies;
use crate::accounts::{Accounts, IdentityProvider, Organisation, ProviderChange, SsoAnswer};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![get_identity_provider, set_identity_provider, remove_identity_provider]
        .route("/api/v1/auth/sso/callback", get(callback))
        .route("/api/v1/auth/sso/{id}", get(start_sso))
}

/// The identity provider of the organisation.
#[utoipa::path(get, path = "/api/v1/organisations/{id}/sso", operation_id = "get_identity_provider")]
async fn get_identity_provider(
    State(accounts): State<Accounts>,
    who: Allowed<action::GetIdentityProvider>,
    id: Id<Organisation>,
) -> Result<Json<IdentityProvider>, Problem> {
    accounts.identity_provider(&who, id.0).await.map(Json)
}

/// An OpenID Connect provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderSettings {
    /// As the provider names itself: `https://login.example.org`
    #[schema(min_length = 8, max_length = 500)]
    issuer: String,
    #[schema(min_length = 1, max_length = 500)]
    client_id: String,
    #[schema(min_length = 1, max_length = 500)]
    client_secret: String,
    /// Members sign in there and nowhere else; owners may still use a password.
    #[serde(default)]
    enforced: bool,
}

/// Set the identity provider of the organisation. It is asked at once whether it is one.
#[utoipa::path(put, path = "/api/v1/organisations/{id}/sso", operation_id = "set_identity_provider")]
async fn set_identity_provider(
    State(accounts): State<Accounts>,
    who: Allowed<action::SetIdentityProvider>,
    id: Id<Organisation>,
    JsonBody(settings): JsonBody<ProviderSettings>,
) -> Result<Json<IdentityProvider>, Problem> {
    let mut check = Validator::default();
    check.ensure((8..=500).contains(&settings.issuer.chars().count()), "/issuer", "8 to 500 characters");
    check.ensure_line(&settings.client_id, 500, "/client_id");
    check.ensure_line(&settings.client_secret, 500, "/client_secret");
    check.finish()?;
    let change = ProviderChange {
        issuer: &settings.issuer,
        client_id: &settings.client_id,
        client_secret: &settings.client_secret,
        enforced: settings.enforced,
    };
    accounts.set_identity_provider(&who, id.0, change).await.map(Json)
}

/// Remove the identity provider of the organisation. Who signed in there needs a password.
#[utoipa::path(delete, path = "/api/v1/organisations/{id}/sso", operation_id = "remove_identity_provider")]
async fn remove_identity_provider(
    State(accounts): State<Accounts>,
    who: Allowed<action::RemoveIdentityProvider>,
    id: Id<Organisation>,
) -> Result<NoContent, Problem> {
    accounts.remove_identity_provider(&who, id.0).await?;
    Ok(NoContent)
}

/// Sends a browser to the provider.
async fn start_sso(State(accounts): State<Accounts>, id: Id<Organisation>) -> Result<Response, Problem> {
    let start = accounts.start_sso(id.0).await?;
    let location = HeaderValue::try_from(start.url).map_err(Problem::internal)?;
    let cookie = cookies::of_sso(&accounts, &start.browser);
    Ok((StatusCode::SEE_OTHER, AppendHeaders([cookie, (header::LOCATION, location)])).into_response())
}

/// What a provider sends a browser back with.
#[derive(Debug, Default, Deserialize)]
struct CallbackQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    iss: Option<String>,
    error: Option<String>,
}

/// Where a provider sends a browser back to: signs it in and goes on to the page.
async fn callback(
    State(accounts): State<Accounts>,
    who: Allowed<action::FinishSso>,
    headers: HeaderMap,
    Query(query): Query<CallbackQuery>,
) -> Result<Response, Problem> {
    if let Some(error) = &query.error {
        tracing::info!(error, "an identity provider has signed nobody in");
        return Err(Problem::forbidden("the identity provider has signed nobody in"));
    }
    let answer = SsoAnswer {
        state: &query.state,
        code: &query.code,
        issuer: query.iss.as_deref(),
        browser: cookies::sso(&headers).unwrap_or_default(),
    };
    let tokens = accounts.finish_sso(&who, answer).await?;
    let mut set = cookies::of_tokens(&accounts, &tokens);
    set.push((header::LOCATION, HeaderValue::from_static("/")));
    Ok((StatusCode::SEE_OTHER, AppendHeaders(set)).into_response())
}
