//! The pages under `/account`, as a browser asks for them.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use http::Request;
use serde_json::json;
use testkit::service::{Answer, TestService};

use crate::support::{PASSWORD, log_in, mailed_link, member, post, post_with, register, set_up};

const PAGES: [&str; 8] = [
    "/account/setup?token=a",
    "/account/sign-in",
    "/account/sign-up",
    "/account/verify?token=a",
    "/account/forgot",
    "/account/reset?token=a",
    "/account/security",
    "/account/organisation",
];

async fn open(service: &TestService, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(request.body(Body::empty()).unwrap()).await
}

async fn text(service: &TestService, path: &str, headers: &[(&str, &str)]) -> String {
    let answer = open(service, path, headers).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    String::from_utf8(answer.body.to_vec()).unwrap()
}

testkit::on_both! {
    async fn every_page_is_there_in_both_languages(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        for path in PAGES {
            for (wanted, language) in [("en-GB,en;q=0.9", "en"), ("ru,en;q=0.5", "ru")] {
                let answer = open(&auth, path, &[("accept-language", wanted)]).await;
                let policy = answer.headers["content-security-policy"].to_str().unwrap();
                assert!(policy.contains("script-src 'self'") && policy.contains("form-action 'self'"), "{policy}");
                assert!(!policy.contains("unsafe"), "{policy}");
                let page = String::from_utf8(answer.body.to_vec()).unwrap();
                assert!(page.contains(&format!("<html lang=\"{language}\">")), "{path}");
                let title = page.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0;
                assert_eq!(title.chars().any(|c| ('а'..='я').contains(&c)), language == "ru", "{title}");
                // What the policy would refuse is not there.
                assert_eq!(page.matches("<script").count(), page.matches("<script type=\"module\" src=\"/account/").count());
                assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick="));
            }
        }
        for name in ["account.css", "account.js", "common.js", "icon.svg", "organisation.js", "security.js", "session.js", "theme.css"] {
            text(&auth, &format!("/account/{name}"), &[]).await;
        }
    }

    async fn a_page_speaks_the_language_of_the_account(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        auth.send_json(&accounts.owner, "PATCH", "/api/v1/auth/me", &json!({ "locale": "ru" })).await.expect(StatusCode::OK);
        let session = post(auth, "/api/v1/auth/login", &json!({ "email": "owner@example.org", "password": PASSWORD, "browser": true })).await;
        let cookie = cookies(&session);
        let page = text(auth, "/account/security", &[("accept-language", "en"), ("cookie", &cookie)]).await;
        assert!(page.contains("<html lang=\"ru\">"), "{page}");
    }

    async fn opening_the_link_of_a_mail_uses_nothing_up(world: World) {
        let mut world = world;
        world.set("SIGN_UP", "open");
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        register(auth, "ann@example.org").await;
        let token = mailed_link(auth, "ann@example.org", "verify_email").await;
        for _ in 0..3 {
            let page = text(auth, &format!("/account/verify?token={token}"), &[]).await;
            assert!(page.contains(&format!("value=\"{token}\"")), "{page}");
        }
        log_in(auth, "ann@example.org", PASSWORD).await.expect(StatusCode::FORBIDDEN);
        post(auth, "/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(StatusCode::NO_CONTENT);
        log_in(auth, "ann@example.org", PASSWORD).await.expect(StatusCode::OK);
    }

    async fn what_stands_in_an_address_is_shown_as_text_and_leads_nowhere_else(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        let page = text(&auth, "/account/reset?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", &[]).await;
        assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;") && !page.contains("<script>"), "{page}");
        for (next, followed) in [
            ("/?thread=1", "/?thread=1"),
            ("https://evil.example/", "/"),
            ("//evil.example", "/"),
            ("/%5Cevil.example", "/"),
            ("/%09/evil.example", "/"),
        ] {
            let page = text(&auth, &format!("/account/sign-in?next={next}"), &[]).await;
            assert!(page.contains(&format!("data-next=\"{followed}\"")), "{next}");
            assert!(!page.contains("evil.example"), "{next}");
        }
    }

    async fn a_token_that_is_believed_no_more_does_not_shut_a_browser_out(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let with = json!({ "email": "ann@example.org", "password": PASSWORD, "browser": true });
        let cookie = cookies(&post(auth, "/api/v1/auth/login", &with).await);
        let path = format!("/api/v1/organisations/{}/members/{}/roles", accounts.owner.org, ann.person.user);
        auth.send_json(&accounts.owner, "PUT", &path, &json!({ "roles": ["guest"] })).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(5));
        let of_browser = [("cookie", &*cookie), ("host", "seek.example.org"), ("origin", "http://seek.example.org")];
        open(auth, "/api/v1/auth/me", &of_browser).await.expect(StatusCode::UNAUTHORIZED);
        text(auth, "/account/sign-in", &of_browser).await;
        let renewed = post_with(auth, "/api/v1/auth/refresh", &json!({}), &of_browser).await;
        renewed.expect(StatusCode::OK);
        let me = open(auth, "/api/v1/auth/me", &[("cookie", &cookies(&renewed))]).await.expect(StatusCode::OK);
        assert_eq!(me["roles"], json!(["guest"]));
        // A program's header is no accident: it is told.
        open(auth, "/account/sign-in", &[("authorization", "Bearer x")]).await.expect(StatusCode::UNAUTHORIZED);
    }

    async fn another_site_changes_nothing_in_a_browsers_session(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let with = json!({ "email": "owner@example.org", "password": PASSWORD, "browser": true });
        let session = post(auth, "/api/v1/auth/login", &with).await;
        let (cookie, csrf) = (cookies(&session), session.json()["csrf_token"].as_str().unwrap().to_owned());
        let name = json!({ "name": "Acme 2" });
        let own = [("cookie", &*cookie), ("host", "seek.example.org"), ("origin", "http://seek.example.org"), ("x-csrf-token", &*csrf)];
        post_with(auth, "/api/v1/organisations", &name, &own).await.expect(StatusCode::CREATED);
        post_with(auth, "/api/v1/organisations", &name, &own[..3]).await.expect(StatusCode::FORBIDDEN);
        let foreign = [own[0], own[1], ("origin", "http://evil.example"), own[3]];
        post_with(auth, "/api/v1/organisations", &name, &foreign).await.expect(StatusCode::FORBIDDEN);
        post_with(auth, "/api/v1/auth/login", &with, &[("host", "seek.example.org"), ("sec-fetch-site", "cross-site")]).await.expect(StatusCode::FORBIDDEN);
    }

    async fn an_authenticator_app_gets_its_secret_as_a_picture(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let proof = json!({ "password": PASSWORD });
        let secret = accounts.service.send_json(&accounts.owner, "POST", "/api/v1/auth/mfa/totp", &proof).await.expect(StatusCode::CREATED);
        assert!(secret["qr_code"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"), "{secret}");
    }

    async fn a_machine_without_accounts_has_no_such_pages(world: World) {
        let auth = world.start_for_owner(auth_svc::SERVICE).await;
        for path in PAGES {
            open(&auth, path, &[]).await.expect(StatusCode::NOT_FOUND);
        }
    }
}

/// What a browser sends back.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    set.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}
