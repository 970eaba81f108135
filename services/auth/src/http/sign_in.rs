//! Signing in, going on, signing out, and a forgotten password.

use access::{Allowed, action, credentials};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{AppendHeaders, IntoResponse, NoContent, Response},
};
use base::Problem;
use kit::{JsonBody, Validator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::{cookies, ensure_email, ensure_new_password, ensure_password};
use crate::accounts::{Accounts, SignIn, SignInOutcome, Tokens};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![log_in, log_in_second_factor, refresh, log_out, log_out_everywhere, forgot_password, reset_password]
}

/// What somebody signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[schema(min_length = 6, max_length = 254)]
    email: String,
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
    /// To which organisation; the one joined first when left out.
    organisation_id: Option<Uuid>,
    /// Whether the session is a browser's: its tokens are set as cookies and not shown.
    #[serde(default)]
    browser: bool,
}

/// A session that has begun, or goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedIn {
    user_id: Uuid,
    organisation_id: Uuid,
    /// For `Authorization: Bearer …`. Not shown to a browser, which has it as a cookie.
    access_token: Option<String>,
    /// For one request of new tokens.
    refresh_token: Option<String>,
    /// `Bearer`
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// What a browser's page repeats in `X-CSRF-Token` with each change.
    csrf_token: String,
}

impl From<Tokens> for SignedIn {
    fn from(tokens: Tokens) -> Self {
        Self {
            user_id: tokens.user,
            organisation_id: tokens.org,
            access_token: Some(tokens.access),
            refresh_token: Some(tokens.refresh),
            token_type: "Bearer",
            expires_in: tokens.expires_in,
            csrf_token: tokens.csrf,
        }
    }
}

/// A right password that is not enough.
#[derive(Debug, Serialize, ToSchema)]
struct SecondFactorNeeded {
    /// To be sent with the code within ten minutes.
    challenge: String,
}

/// Sign in with a password.
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "log_in",
    responses(
        (status = 200, description = "Signed in.", body = SignedIn),
        (status = 202, description = "The password is right; a code is needed too.", body = SecondFactorNeeded),
        (status = 401, description = "The address or the password is wrong."),
        (status = 403, description = "The address was not proven, or its account is a member of no such organisation.")))]
async fn log_in(
    State(accounts): State<Accounts>,
    who: Allowed<action::LogIn>,
    headers: HeaderMap,
    JsonBody(with): JsonBody<Credentials>,
) -> Result<Response, Problem> {
    credentials::check_own_page(&headers)?;
    let mut check = Validator::default();
    ensure_email(&mut check, &with.email);
    ensure_password(&mut check, &with.password, "/password");
    check.finish()?;
    let sign_in = SignIn {
        email: &with.email,
        password: &with.password,
        organisation: with.organisation_id,
        device: cookies::device(&headers),
    };
    match accounts.sign_in(&who, sign_in).await? {
        SignInOutcome::SignedIn(tokens) => {
            let mut response = answer(&accounts, *tokens, with.browser);
            if with.browser {
                let (name, value) = cookies::of_device(&accounts, &with.email.trim().to_lowercase());
                response.headers_mut().append(name, value);
            }
            Ok(response)
        }
        SignInOutcome::NeedsSecondFactor { challenge } => {
            Ok((StatusCode::ACCEPTED, Json(SecondFactorNeeded { challenge })).into_response())
        }
    }
}

/// The second step of signing in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondFactor {
    /// From the answer to the first step.
    #[schema(min_length = 16, max_length = 256)]
    challenge: String,
    /// Six digits of the authenticator app, or one of the recovery codes that were shown when it was set up.
    #[schema(min_length = 6, max_length = 40)]
    code: String,
    /// As in the first step.
    #[serde(default)]
    browser: bool,
}

/// Finish signing in with a code.
#[utoipa::path(
    post, path = "/api/v1/auth/login/second-factor", operation_id = "log_in_second_factor",
    responses(
        (status = 200, description = "Signed in.", body = SignedIn),
        (status = 401, description = "The code is wrong or was used before, or the sign-in has expired."),
        (status = 403, description = "The account is a member of no such organisation.")))]
async fn log_in_second_factor(
    State(accounts): State<Accounts>,
    who: Allowed<action::LogInSecondFactor>,
    headers: HeaderMap,
    JsonBody(with): JsonBody<SecondFactor>,
) -> Result<Response, Problem> {
    credentials::check_own_page(&headers)?;
    let tokens = accounts.sign_in_second_factor(&who, &with.challenge, &with.code).await?;
    Ok(answer(&accounts, tokens, with.browser))
}

/// What a session goes on with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// Left out by a browser, which sends it as a cookie.
    #[schema(min_length = 16, max_length = 256)]
    refresh_token: Option<String>,
}

/// New tokens for a refresh token, which is used up. Used a second time, it ends the session.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refresh_session",
    responses(
        (status = 200, description = "The session goes on.", body = SignedIn),
        (status = 401, description = "The session has ended: sign in again.")))]
async fn refresh(
    State(accounts): State<Accounts>,
    who: Allowed<action::Refresh>,
    headers: HeaderMap,
    JsonBody(with): JsonBody<Refresh>,
) -> Result<Response, Problem> {
    if let Some(token) = &with.refresh_token {
        return Ok(answer(&accounts, accounts.refresh(&who, token).await?, false));
    }
    credentials::check_own_page(&headers)?;
    let token =
        credentials::refresh_token(&headers).ok_or_else(|| Problem::unauthorized("there is no session: sign in"))?;
    match accounts.refresh(&who, token).await {
        Ok(tokens) => Ok(answer(&accounts, tokens, true)),
        // A browser need not try the same again.
        Err(problem) => Ok((AppendHeaders(cookies::none(&accounts)), problem).into_response()),
    }
}

/// Sign out: end the session of this request.
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "log_out",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 403, description = "An API key has no session.")))]
async fn log_out(State(accounts): State<Accounts>, who: Allowed<action::LogOut>) -> Result<Response, Problem> {
    accounts.sign_out(&who).await?;
    Ok((AppendHeaders(cookies::none(&accounts)), NoContent).into_response())
}

/// Sign out everywhere: end every session of the account.
#[utoipa::path(
    post, path = "/api/v1/auth/logout-all", operation_id = "log_out_everywhere",
    responses((status = 204, description = "Every session has ended.")))]
async fn log_out_everywhere(
    State(accounts): State<Accounts>,
    who: Allowed<action::LogOutEverywhere>,
) -> Result<Response, Problem> {
    accounts.sign_out_everywhere(&who).await?;
    Ok((AppendHeaders(cookies::none(&accounts)), NoContent).into_response())
}

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ForgottenPassword {
    #[schema(min_length = 6, max_length = 254)]
    email: String,
}

/// Ask for a link to choose a new password. The answer does not tell whether there is an account.
#[utoipa::path(
    post, path = "/api/v1/auth/password/forgot", operation_id = "forgot_password",
    responses((status = 202, description = "If the address has an account, a link is on its way.")))]
async fn forgot_password(
    State(accounts): State<Accounts>,
    who: Allowed<action::ForgotPassword>,
    JsonBody(of): JsonBody<ForgottenPassword>,
) -> Result<StatusCode, Problem> {
    let mut check = Validator::default();
    ensure_email(&mut check, &of.email);
    check.finish()?;
    accounts.forgot_password(&who, &of.email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password, with the secret of the link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schema(min_length = 16, max_length = 256)]
    token: String,
    /// 8 to 128 characters that are not easy to guess.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
}

/// Choose a new password with the link that was sent. Every session ends.
#[utoipa::path(
    post, path = "/api/v1/auth/password/reset", operation_id = "reset_password",
    responses((status = 404, description = "The link is unknown, was used, or has expired.")))]
async fn reset_password(
    State(accounts): State<Accounts>,
    who: Allowed<action::ResetPassword>,
    JsonBody(new): JsonBody<NewPassword>,
) -> Result<NoContent, Problem> {
    let mut check = Validator::default();
    ensure_new_password(&mut check, &new.password, "/password");
    check.finish()?;
    accounts.reset_password(&who, &new.token, &new.password).await?;
    Ok(NoContent)
}

/// Tokens as the body, or as cookies that a script cannot read.
pub(super) fn answer(accounts: &Accounts, tokens: Tokens, browser: bool) -> Response {
    if !browser {
        return Json(SignedIn::from(tokens)).into_response();
    }
    let headers = cookies::of_tokens(accounts, &tokens);
    let shown = SignedIn { access_token: None, refresh_token: None, ..SignedIn::from(tokens) };
    (AppendHeaders(headers), Json(shown)).into_response()
}
