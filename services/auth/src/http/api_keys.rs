//! API keys of the caller.

use access::{Allowed, action};
use axum::{extract::State, response::NoContent};
use base::Problem;
use chrono::{DateTime, Utc};
use kit::{Created, Id, JsonBody, Page, PageOf, Validator};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::{Accounts, ApiKey, NewApiKey, ScopeName};

const MAX_SCOPES: usize = 50;

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![list_api_keys, create_api_key, revoke_api_key]
}

/// The caller's keys in this organisation, newest first.
#[utoipa::path(get, path = "/api/v1/auth/api-keys", operation_id = "list_api_keys")]
async fn list_api_keys(
    State(accounts): State<Accounts>,
    who: Allowed<action::ListApiKeys>,
    page: Page,
) -> Result<PageOf<ApiKey>, Problem> {
    accounts.api_keys(&who, &page).await
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyRequest {
    /// What it is for.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// What it may do, such as `chat:write`.
    #[schema(min_items = 1, max_items = 50)]
    scopes: Vec<ScopeName>,
    /// It does not expire when left out.
    expires_at: Option<DateTime<Utc>>,
}

/// Make a key for programs. It acts for the caller in this organisation, within its scopes.
#[utoipa::path(post, path = "/api/v1/auth/api-keys", operation_id = "create_api_key")]
async fn create_api_key(
    State(accounts): State<Accounts>,
    who: Allowed<action::CreateApiKey>,
    JsonBody(key): JsonBody<KeyRequest>,
) -> Result<Created<NewApiKey>, Problem> {
    let mut check = Validator::default();
    check.ensure_line(&key.name, 200, "/name");
    check.ensure((1..=MAX_SCOPES).contains(&key.scopes.len()), "/scopes", "1 to 50 scopes");
    check.finish()?;
    accounts.create_api_key(&who, key.name.trim(), &key.scopes, key.expires_at).await.map(Created)
}

/// Revoke a key. It opens nothing any more within seconds.
#[utoipa::path(delete, path = "/api/v1/auth/api-keys/{id}", operation_id = "revoke_api_key")]
async fn revoke_api_key(
    State(accounts): State<Accounts>,
    who: Allowed<action::RevokeApiKey>,
    id: Id<ApiKey>,
) -> Result<NoContent, Problem> {
    accounts.revoke_api_key(&who, id.0).await?;
    Ok(NoContent)
}
