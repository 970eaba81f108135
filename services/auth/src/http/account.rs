//! The caller's own account: profile, password, sessions, second factor.

use access::{Action, Allowed, action};
use axum::{Json, extract::State, response::NoContent};
use base::Problem;
use chrono::{DateTime, Utc};
use kit::{Created, Id, JsonBody, Resource, Validator};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::{ensure_new_password, ensure_password, sign_up::Locale};
use crate::accounts::{Accounts, PendingInvitation, SignedInSession, TotpSecret};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![
        get_me,
        change_me,
        change_password,
        list_sessions,
        end_session,
        begin_totp,
        confirm_totp,
        remove_totp,
        make_recovery_codes,
        revoke_signing_keys
    ]
}

/// The caller's account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
    /// Language of mails and pages: `en` or `ru`.
    pub(crate) locale: String,
    /// The organisation this request is made in.
    pub(crate) organisation_id: Uuid,
    pub(crate) roles: Vec<String>,
    pub(crate) has_second_factor: bool,
    /// How many recovery codes are left.
    pub(crate) recovery_codes: i64,
    pub(crate) created_at: DateTime<Utc>,
    /// What the caller was invited to and has not accepted.
    pub(crate) invitations: Vec<PendingInvitation>,
}

/// Who the caller is.
#[utoipa::path(
    get, path = "/api/v1/auth/me", operation_id = "get_me",
    responses((status = 404, description = "The machine has no accounts, or this one was deleted.")))]
async fn get_me(State(accounts): State<Accounts>, who: Allowed<action::GetMe>) -> Result<Json<Me>, Problem> {
    accounts.me(&who).await.map(Json)
}

/// What can be changed of an account; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MeChange {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Option<String>,
    locale: Option<Locale>,
}

/// Change the profile.
#[utoipa::path(
    patch, path = "/api/v1/auth/me", operation_id = "change_me",
    responses((status = 404, description = "The machine has no accounts, or this one was deleted.")))]
async fn change_me(
    State(accounts): State<Accounts>,
    who: Allowed<action::ChangeMe>,
    JsonBody(change): JsonBody<MeChange>,
) -> Result<Json<Me>, Problem> {
    if let Some(name) = &change.name {
        let mut check = Validator::default();
        check.ensure_line(name, 200, "/name");
        check.finish()?;
    }
    let locale = change.locale.map(Locale::as_str);
    accounts.change_me(&who, change.name.as_deref().map(str::trim), locale).await.map(Json)
}

/// The present password and the one to come.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
    /// 8 to 128 characters that are not easy to guess.
    #[schema(min_length = 8, max_length = 128)]
    new_password: String,
}

/// Change the password. Other sessions end.
#[utoipa::path(
    post, path = "/api/v1/auth/password/change", operation_id = "change_password",
    responses(
        (status = 403, description = "The present password is wrong."),
        (status = 404, description = "The machine has no accounts, or this one was deleted.")))]
async fn change_password(
    State(accounts): State<Accounts>,
    who: Allowed<action::ChangePassword>,
    JsonBody(change): JsonBody<PasswordChange>,
) -> Result<NoContent, Problem> {
    let mut check = Validator::default();
    ensure_password(&mut check, &change.password, "/password");
    ensure_new_password(&mut check, &change.new_password, "/new_password");
    check.finish()?;
    accounts.change_password(&who, &change.password, &change.new_password).await?;
    Ok(NoContent)
}

/// Sessions of the account.
#[derive(Debug, Serialize, ToSchema)]
struct Sessions {
    /// Newest first, at most 200.
    items: Vec<SignedInSession>,
}

/// Where the account is signed in.
#[utoipa::path(get, path = "/api/v1/auth/sessions", operation_id = "list_sessions")]
async fn list_sessions(
    State(accounts): State<Accounts>,
    who: Allowed<action::ListSessions>,
) -> Result<Json<Sessions>, Problem> {
    accounts.sessions(&who).await.map(|items| Json(Sessions { items }))
}

impl Resource for SignedInSession {
    const NAME: &'static str = "session";
}

/// End a session.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{id}", operation_id = "end_session")]
async fn end_session(
    State(accounts): State<Accounts>,
    who: Allowed<action::EndSession>,
    id: Id<SignedInSession>,
) -> Result<NoContent, Problem> {
    accounts.end_session(&who, id.0, Action::EndSession).await?;
    Ok(NoContent)
}

/// The password, to prove once more who asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Proof {
    #[schema(min_length = 1, max_length = 1000)]
    password: String,
}

impl Proof {
    fn check(&self) -> Result<(), Problem> {
        let mut check = Validator::default();
        ensure_password(&mut check, &self.password, "/password");
        check.finish()
    }
}

/// Begin to set up an authenticator app. It counts once a code of it was given.
#[utoipa::path(
    post, path = "/api/v1/auth/mfa/totp", operation_id = "begin_totp",
    responses(
        (status = 403, description = "The password is wrong."),
        (status = 404, description = "The machine has no accounts, or this one was deleted."),
        (status = 409, description = "The account has an authenticator app.")))]
async fn begin_totp(
    State(accounts): State<Accounts>,
    who: Allowed<action::BeginTotp>,
    JsonBody(proof): JsonBody<Proof>,
) -> Result<Created<TotpSecret>, Problem> {
    proof.check()?;
    accounts.begin_totp(&who, &proof.password).await.map(Created)
}

/// A code of the authenticator app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TotpCode {
    #[schema(min_length = 6, max_length = 10)]
    code: String,
}

/// Codes for who has lost the authenticator app, each good once. They are shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Switch the second factor on with a first code.
#[utoipa::path(
    post, path = "/api/v1/auth/mfa/totp/confirm", operation_id = "confirm_totp",
    responses(
        (status = 404, description = "The machine has no accounts, or this one was deleted."),
        (status = 409, description = "The account has an authenticator app already.")))]
async fn confirm_totp(
    State(accounts): State<Accounts>,
    who: Allowed<action::ConfirmTotp>,
    JsonBody(code): JsonBody<TotpCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let mut check = Validator::default();
    check.ensure((6..=10).contains(&code.code.chars().count()), "/code", "6 to 10 characters");
    check.finish()?;
    let recovery_codes = accounts.confirm_totp(&who, &code.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Switch the second factor off. Other sessions end.
#[utoipa::path(
    post, path = "/api/v1/auth/mfa/totp/remove", operation_id = "remove_totp",
    responses(
        (status = 403, description = "The password is wrong."),
        (status = 404, description = "The machine has no accounts, or this one was deleted.")))]
async fn remove_totp(
    State(accounts): State<Accounts>,
    who: Allowed<action::RemoveTotp>,
    JsonBody(proof): JsonBody<Proof>,
) -> Result<NoContent, Problem> {
    proof.check()?;
    accounts.remove_totp(&who, &proof.password).await?;
    Ok(NoContent)
}

/// New recovery codes in place of the old ones.
#[utoipa::path(
    post, path = "/api/v1/auth/mfa/recovery-codes", operation_id = "make_recovery_codes",
    responses(
        (status = 403, description = "The password is wrong."),
        (status = 404, description = "The machine has no accounts, or this one was deleted."),
        (status = 409, description = "The account has no second factor.")))]
async fn make_recovery_codes(
    State(accounts): State<Accounts>,
    who: Allowed<action::MakeRecoveryCodes>,
    JsonBody(proof): JsonBody<Proof>,
) -> Result<Json<RecoveryCodes>, Problem> {
    proof.check()?;
    let recovery_codes = accounts.make_recovery_codes(&who, &proof.password).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Revoke the keys that access tokens are signed with. Clients renew their tokens; nobody has to sign in again.
#[utoipa::path(post, path = "/api/v1/auth/keys/revoke", operation_id = "revoke_signing_keys")]
async fn revoke_signing_keys(
    State(accounts): State<Accounts>,
    who: Allowed<action::RevokeSigningKeys>,
) -> Result<NoContent, Problem> {
    accounts.revoke_signing_keys(&who).await?;
    Ok(NoContent)
}
