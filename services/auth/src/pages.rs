//! The pages of accounts, under `/account`: signing in and up, one's own account, the organisation.
//!
//! What stands on them is made here, in the visitor's language; `services/auth/pages` has the look, and the scripts that fill lists
//! and send forms to the JSON API. So each change goes through the handler, the permission and the audit record of the API.

mod enter;
mod layout;
mod next;
mod organisation;
mod security;
mod texts;
mod visitor;

use axum::{
    Router,
    extract::Query,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use maud::Markup;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::Accounts;
use texts::Texts;
use visitor::Visitor;

/// Scripts and styles come from this server only; trusted types prevent scripts from turning text into markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                                       connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
                                       require-trusted-types-for 'script'";

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../pages/", $name)))),*]
    };
}

pub(crate) const SHARED_ASSETS: [(&str, &str); 3] = assets!["icon.svg", "session.js", "theme.css"];
const ASSETS: [(&str, &str); 5] = assets!["account.css", "account.js", "common.js", "organisation.js", "security.js"];

/// They are no part of the API, and not in its description.
pub(crate) fn routes(accounts: Accounts) -> OpenApiRouter {
    let mut routes = Router::new()
        .route("/account", get(|visitor| page(visitor, security::page_of_account)))
        .route("/account/setup", get(|visitor, link| page_of_link(visitor, link, enter::set_up)))
        .route("/account/sign-in", get(sign_in))
        .route("/account/sign-up", get(|visitor| page(visitor, enter::sign_up)))
        .route("/account/verify", get(|visitor, link| page_of_link(visitor, link, enter::verify)))
        .route("/account/forgot", get(|visitor| page(visitor, enter::forgot)))
        .route("/account/reset", get(|visitor, link| page_of_link(visitor, link, enter::reset)))
        .route("/account/device", get(device))
        .route("/account/security", get(|visitor| page(visitor, security::page_of_account)))
        .route("/account/organisation", get(|visitor| page(visitor, organisation::page_of_organisation)));
    for (name, text) in SHARED_ASSETS.into_iter().chain(ASSETS) {
        routes = routes.route(&format!("/account/{name}"), get(move || async move { asset(name, text) }));
    }
    OpenApiRouter::from(routes.with_state(accounts))
}

async fn page(visitor: Visitor, make: fn(&Texts) -> Markup) -> Response {
    html(make(visitor.texts))
}

/// The query of a link that was sent by mail or printed.
#[derive(Debug, Default, Deserialize)]
struct LinkQuery {
    #[serde(default)]
    token: String,
}

async fn page_of_link(visitor: Visitor, Query(link): Query<LinkQuery>, make: fn(&Texts, &str) -> Markup) -> Response {
    html(make(visitor.texts, &link.token))
}

/// Where to go on after signing in.
#[derive(Debug, Default, Deserialize)]
struct SignInQuery {
    #[serde(default)]
    next: String,
}

async fn sign_in(visitor: Visitor, Query(query): Query<SignInQuery>) -> Response {
    html(enter::sign_in(visitor.texts, next::own_path(&query.next)))
}

/// What a device shows, if its link says so.
#[derive(Debug, Default, Deserialize)]
struct DeviceQuery {
    #[serde(default)]
    user_code: String,
}

async fn device(visitor: Visitor, Query(query): Query<DeviceQuery>) -> Response {
    html(enter::device(visitor.texts, &query.user_code))
}

fn html(markup: Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::VARY, "accept-language, cookie"),
    ];
    (headers, markup.into_string()).into_response()
}

/// A newer binary may have newer files, and all must be of one version: none is kept.
fn asset(name: &str, text: &'static str) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "image/svg+xml",
    };
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)], text).into_response()
}
