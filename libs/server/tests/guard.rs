//! A machine without accounts: whoever reaches the port is the owner, so no other site may reach it through the
//! owner's browser, and no proxy may stand before it.
#![expect(clippy::unwrap_used, reason = "tests")]

use access::{Allowed, Auth, Authenticator, RpcAuth, action};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
    routing::get,
};
use base::time::{Clock, Ids};
use server::http::{LoopbackGuard, RequestMiddleware, with_middleware};
use tower::ServiceExt;

/// A route that only the owner gets through to.
fn server() -> Router {
    let owner = |who: Allowed<action::ListProjects>| async move { who.user().to_string() };
    let access = Authenticator::local(Auth::LocalOwner, RpcAuth::Anyone);
    let guard = Some(LoopbackGuard::new(([127, 0, 0, 1], 8080).into(), "http"));
    let middleware = RequestMiddleware { guard, ..RequestMiddleware::new(access, Ids::new(Clock::system())) };
    with_middleware(Router::new().route("/things", get(owner).post(owner).delete(owner)), middleware)
}

async fn status(method: Method, headers: &[(&str, &str)]) -> StatusCode {
    let mut request = Request::builder().method(method).uri("/things");
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "127.0.0.1:8080");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn the_owner_gets_through() {
    for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
        assert_eq!(status(Method::GET, &[("host", host)]).await, StatusCode::OK);
        let page = [("host", host), ("origin", &format!("http://{host}")), ("sec-fetch-site", "same-origin")];
        assert_eq!(status(Method::POST, &page).await, StatusCode::OK);
    }
    // A command-line client sends neither; a bookmark sends `none`.
    assert_eq!(status(Method::DELETE, &[]).await, StatusCode::OK);
    assert_eq!(status(Method::POST, &[("sec-fetch-site", "none")]).await, StatusCode::OK);
}

#[tokio::test]
async fn a_rebound_name_is_misdirected() {
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example:8080",
        "127.0.0.1.evil.example:8080",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8081",
        "127.0.0.1:8080@evil.example",
        "127.0.0.1:08080",
        "127.0.0.1:+8080",
        "127.0.0.1 :8080",
        "127.0.0.1: 8080",
        "[::1]",
        "0.0.0.0:8080",
        "",
    ] {
        assert_eq!(status(Method::GET, &[("host", host)]).await, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    let twice = Request::get("/things").header("host", "127.0.0.1:8080").header("host", "127.0.0.1:8080");
    let twice = server().oneshot(twice.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(twice.status(), StatusCode::MISDIRECTED_REQUEST);
    let nameless = Request::get("/things").body(Body::empty()).unwrap();
    assert_eq!(server().oneshot(nameless).await.unwrap().status(), StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    for origin in [
        "https://evil.example",
        "http://evil.example:8080",
        "https://127.0.0.1:8080",
        "http://127.0.0.1:3000",
        "http://127.0.0.1:8080.evil.example",
        "null",
        "",
    ] {
        assert_eq!(status(Method::POST, &[("origin", origin)]).await, StatusCode::FORBIDDEN, "{origin}");
        assert_eq!(status(Method::DELETE, &[("origin", origin)]).await, StatusCode::FORBIDDEN, "{origin}");
    }
    for site in ["cross-site", "same-site", "nonsense"] {
        assert_eq!(status(Method::POST, &[("sec-fetch-site", site)]).await, StatusCode::FORBIDDEN, "{site}");
    }
}

/// A form can send a file anywhere without asking first; old browsers then name no site, only the origin.
#[tokio::test]
async fn a_form_of_another_site_uploads_nothing() {
    let form = ("content-type", "multipart/form-data; boundary=x");
    assert_eq!(status(Method::POST, &[form, ("sec-fetch-site", "cross-site")]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(Method::POST, &[form, ("origin", "https://evil.example")]).await, StatusCode::FORBIDDEN);
    assert_eq!(status(Method::POST, &[form, ("origin", "null")]).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_value_that_is_no_text_is_a_foreign_one() {
    for name in ["host", "origin", "sec-fetch-site"] {
        let mut request = Request::post("/things").body(Body::empty()).unwrap();
        request.headers_mut().insert("host", "127.0.0.1:8080".parse().unwrap());
        request.headers_mut().insert(name, b"\xff\xfe".as_slice().try_into().unwrap());
        let status = server().oneshot(request).await.unwrap().status();
        assert!(status.is_client_error(), "{name}: {status}");
    }
}

#[tokio::test]
async fn a_proxy_is_told_to_switch_accounts_on() {
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "X-Forwarded-Port"] {
        assert_eq!(status(Method::GET, &[(name, "for=10.0.0.1")]).await, StatusCode::FORBIDDEN, "{name}");
    }
}
