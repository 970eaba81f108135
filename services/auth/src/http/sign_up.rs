//! Making an account, and proving its address.

use access::{Allowed, action};
use axum::{
    extract::State,
    http::StatusCode,
    response::{AppendHeaders, IntoResponse, NoContent, Response},
};
use base::Problem;
use kit::{JsonBody, Validator};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::{cookies, ensure_new_password, sign_in::SignedIn};
use crate::accounts::{Accounts, NewAccount, SetUp};

pub(super) fn routes() -> OpenApiRouter<Accounts> {
    kit::routes![set_up, register, verify_email]
}

/// Who wants an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Registration {
    #[schema(min_length = 6, max_length = 254, example = "ann@example.org")]
    email: String,
    /// 8 to 128 characters that are not easy to guess.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// What others see.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// Language of mails and pages; `en` when left out.
    #[serde(default)]
    locale: Locale,
}

/// A language of mails and pages.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Locale {
    #[default]
    En,
    Ru,
}

impl Locale {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }
}

impl Registration {
    fn checked(self, check: &mut Validator) -> NewAccount {
        check.ensure_line(&self.name, 200, "/name");
        check.ensure((6..=254).contains(&self.email.chars().count()), "/email", "6 to 254 characters");
        ensure_new_password(check, &self.password, "/password");
        NewAccount {
            email: self.email,
            password: self.password,
            name: self.name.trim().to_owned(),
            locale: self.locale.as_str().to_owned(),
        }
    }
}

/// Ask for an account. A link to prove the address comes by mail. The answer does not tell whether there is an account.
#[utoipa::path(
    post, path = "/api/v1/auth/register", operation_id = "register",
    responses((status = 202, description = "What is to be done next stands in the mail.")))]
async fn register(
    State(accounts): State<Accounts>,
    who: Allowed<action::Register>,
    JsonBody(registration): JsonBody<Registration>,
) -> Result<StatusCode, Problem> {
    let mut check = Validator::default();
    let account = registration.checked(&mut check);
    check.finish()?;
    accounts.register(&who, account).await?;
    Ok(StatusCode::ACCEPTED)
}

/// The secret of a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkSecret {
    #[schema(min_length = 16, max_length = 256)]
    pub(super) token: String,
}

/// Prove the address of an account with the link that was sent there.
#[utoipa::path(
    post, path = "/api/v1/auth/verify-email", operation_id = "verify_email",
    responses((status = 404, description = "The link is unknown, was used, or has expired.")))]
async fn verify_email(
    State(accounts): State<Accounts>,
    who: Allowed<action::VerifyEmail>,
    JsonBody(link): JsonBody<LinkSecret>,
) -> Result<NoContent, Problem> {
    accounts.verify_email(&who, &link.token).await?;
    Ok(NoContent)
}

/// The first account of an installation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FirstAccount {
    /// From the link in the log.
    #[schema(min_length = 16, max_length = 256)]
    token: String,
    #[schema(min_length = 6, max_length = 254, example = "ann@example.org")]
    email: String,
    /// 8 to 128 characters that are not easy to guess.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// What others see.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// Language of mails and pages; `en` when left out.
    #[serde(default)]
    locale: Locale,
    /// The name of the organisation.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    organisation: String,
}

/// Make the first account with the link that was printed at the start, and sign in.
#[utoipa::path(
    post, path = "/api/v1/auth/setup", operation_id = "set_up",
    responses(
        (status = 201, description = "The account was made and is signed in.", body = SignedIn),
        (status = 404, description = "The link is unknown or has expired, or there is an account already.")))]
async fn set_up(
    State(accounts): State<Accounts>,
    who: Allowed<action::SetUp>,
    JsonBody(first): JsonBody<FirstAccount>,
) -> Result<Response, Problem> {
    let mut check = Validator::default();
    let FirstAccount { token, email, password, name, locale, organisation } = first;
    let account = Registration { email, password, name, locale }.checked(&mut check);
    check.ensure_line(&organisation, 200, "/organisation");
    check.finish()?;
    let email = account.email.clone();
    let set_up = SetUp { secret: token, account, organisation: organisation.trim().to_owned() };
    let tokens = accounts.set_up(&who, set_up).await?;
    let mut headers = cookies::of_tokens(&accounts, &tokens);
    headers.push(cookies::of_device(&accounts, &email));
    Ok((StatusCode::CREATED, AppendHeaders(headers), axum::Json(SignedIn::from(tokens))).into_response())
}
