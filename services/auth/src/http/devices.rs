//! Signing in on a device without a browser.

use access::{Allowed, action};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, NoContent, Response},
};
use base::Problem;
use kit::{JsonBody, QueryParams, Validator};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::sign_in::{SignedIn, answer};
use crate::accounts::{Accounts, DeviceCodes, PendingDevice};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![begin_device, get_device, approve_device, device_tokens]
}

/// Begin to sign in on a device without a browser (RFC 8628): codes to show and to keep.
#[utoipa::path(
    post, path = "/api/v1/auth/device", operation_id = "begin_device",
    responses((status = 404, description = "The machine has no accounts.")))]
async fn begin_device(
    State(accounts): State<Accounts>,
    who: Allowed<action::BeginDevice>,
) -> Result<Json<DeviceCodes>, Problem> {
    Ok(Json(accounts.begin_device(&who).await?))
}

/// The code that a device shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UserCode {
    /// `WDJB-MJHT`; case, spaces and the line between do not matter.
    #[param(min_length = 8, max_length = 20)]
    user_code: String,
}

/// Which device shows a code, before it is confirmed. The caller's session is needed.
#[utoipa::path(
    get, path = "/api/v1/auth/device", operation_id = "get_device",
    responses(
        (status = 200, description = "The device.", body = PendingDevice),
        (status = 403, description = "An API key has no session."),
        (status = 404, description = "The code is unknown, was answered, or has expired.")))]
async fn get_device(
    State(accounts): State<Accounts>,
    who: Allowed<action::GetDevice>,
    QueryParams(code): QueryParams<UserCode>,
) -> Result<Json<PendingDevice>, Problem> {
    check_user_code(&code.user_code, "user_code")?;
    Ok(Json(accounts.pending_device(&who, &code.user_code).await?))
}

/// What a person answers to a device.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The code that the device shows: `WDJB-MJHT`; case, spaces and the line between do not matter.
    #[schema(min_length = 8, max_length = 20)]
    user_code: String,
    /// Whether it may sign in as the caller; `false` turns it away.
    approve: bool,
}

/// Let a device sign in as the caller, or turn it away.
#[utoipa::path(
    post, path = "/api/v1/auth/device/approve", operation_id = "approve_device",
    responses(
        (status = 403, description = "An API key has no session."),
        (status = 404, description = "The code is unknown, was answered, or has expired.")))]
async fn approve_device(
    State(accounts): State<Accounts>,
    who: Allowed<action::ApproveDevice>,
    JsonBody(approval): JsonBody<Approval>,
) -> Result<NoContent, Problem> {
    check_user_code(&approval.user_code, "/user_code")?;
    accounts.approve_device(&who, &approval.user_code, approval.approve).await?;
    Ok(NoContent)
}

/// The code that a device keeps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeviceCode {
    #[schema(min_length = 16, max_length = 256)]
    device_code: String,
}

/// Ask whether the code was confirmed: tokens of a new session, or why there are none yet.
#[utoipa::path(
    post, path = "/api/v1/auth/device/token", operation_id = "device_tokens",
    responses(
        (status = 200, description = "The device is signed in.", body = SignedIn),
        (status = 400, description = "No tokens; the code of the problem says why: `authorization_pending`, `slow_down` (leave more \
         time between questions), `expired_token` or `access_denied`.")))]
async fn device_tokens(
    State(accounts): State<Accounts>,
    who: Allowed<action::DeviceTokens>,
    JsonBody(code): JsonBody<DeviceCode>,
) -> Result<Response, Problem> {
    let mut check = Validator::default();
    check.ensure((16..=256).contains(&code.device_code.chars().count()), "/device_code", "16 to 256 characters");
    check.finish()?;
    Ok(answer(&accounts, accounts.device_tokens(&who, &code.device_code).await?, false).into_response())
}

fn check_user_code(code: &str, pointer: &str) -> Result<(), Problem> {
    let mut check = Validator::default();
    check.ensure((8..=20).contains(&code.chars().count()), pointer, "8 to 20 characters");
    check.finish()
}
