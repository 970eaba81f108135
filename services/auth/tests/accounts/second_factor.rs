//! Codes of an authenticator app, and recovery codes.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::service::{TestService, World};
use totp_rs::{Builder, Secret};

use crate::support::{Accounts, PASSWORD, Session, log_in, member, post, set_up};

const LOGIN: &str = "/api/v1/auth/login/second-factor";

/// What the app shows now.
fn code(world: &World, secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let app = Builder::new().with_secret(secret).with_digits(6).with_step_duration(30).build_noncompliant();
    app.generate(u64::try_from(world.clock.clock().now().timestamp()).unwrap()).to_string()
}

/// Sets the owner's app up: its secret and the recovery codes.
async fn app(world: &World, accounts: &Accounts) -> (String, Vec<Value>) {
    let begin = json!({ "password": PASSWORD });
    let begun = accounts.service.send_json(&accounts.owner, "POST", "/api/v1/auth/mfa/totp", &begin).await;
    let begun = begun.expect(StatusCode::CREATED);
    let secret = begun["secret"].as_str().unwrap().to_owned();
    assert!(begun["uri"].as_str().unwrap().starts_with("otpauth://totp/GooSeek"), "{begun}");
    let confirm = json!({ "code": code(world, &secret) });
    let confirmed =
        accounts.service.send_json(&accounts.owner, "POST", "/api/v1/auth/mfa/totp/confirm", &confirm).await;
    let confirmed = confirmed.expect(StatusCode::OK);
    (secret, confirmed["recovery_codes"].as_array().unwrap().clone())
}

async fn challenge(auth: &TestService) -> String {
    let answer = log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::ACCEPTED);
    assert!(answer.get("access_token").is_none());
    answer["challenge"].as_str().unwrap().to_owned()
}

testkit::on_both! {
    async fn a_code_is_needed_and_is_good_once(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (secret, _) = app(&world, &accounts).await;
        let auth = &accounts.service;
        world.clock.advance(Duration::from_secs(60));
        let first = challenge(auth).await;
        post(auth, LOGIN, &json!({ "challenge": first, "code": "000000" })).await.expect(StatusCode::UNAUTHORIZED);
        let code = code(&world, &secret);
        let signed_in = post(auth, LOGIN, &json!({ "challenge": first, "code": code })).await.expect(StatusCode::OK);
        auth.get(&Session::of(&signed_in).person, "/api/v1/auth/me").await.expect(StatusCode::OK);
        post(auth, LOGIN, &json!({ "challenge": first, "code": code })).await.expect(StatusCode::UNAUTHORIZED);
        let second = challenge(auth).await;
        let replayed = post(auth, LOGIN, &json!({ "challenge": second, "code": code })).await;
        replayed.expect(StatusCode::UNAUTHORIZED);
    }

    async fn a_recovery_code_stands_in_once(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (_, codes) = app(&world, &accounts).await;
        assert_eq!(codes.len(), 10);
        let auth = &accounts.service;
        let typed = codes[3].as_str().unwrap().to_lowercase().replace('-', " ");
        let with = json!({ "challenge": challenge(auth).await, "code": typed });
        let signed_in = post(auth, LOGIN, &with).await.expect(StatusCode::OK);
        let me = auth.get(&Session::of(&signed_in).person, "/api/v1/auth/me").await.expect(StatusCode::OK);
        assert_eq!(me["recovery_codes"], 9);
        let again = json!({ "challenge": challenge(auth).await, "code": typed });
        post(auth, LOGIN, &again).await.expect(StatusCode::UNAUTHORIZED);
    }

    async fn an_organisation_can_demand_it(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let (secret, _) = app(&world, &accounts).await;
        let auth = &accounts.service;
        world.clock.advance(Duration::from_secs(60));
        let with = json!({ "challenge": challenge(auth).await, "code": code(&world, &secret) });
        let owner = Session::of(&post(auth, LOGIN, &with).await.expect(StatusCode::OK)).person;
        let path = format!("/api/v1/organisations/{}", owner.org);
        auth.send_json(&owner, "PATCH", &path, &json!({ "mfa_required": true })).await.expect(StatusCode::OK);
        world.clock.advance(Duration::from_secs(5));
        let refused = auth.get(&ann.person, &path).await.expect(StatusCode::FORBIDDEN);
        assert!(refused["detail"].as_str().unwrap().contains("second factor"), "{refused}");
        auth.get(&owner, &path).await.expect(StatusCode::OK);
        // Who has none can set one up.
        auth.get(&ann.person, "/api/v1/auth/me").await.expect(StatusCode::OK);
        let begin = json!({ "password": PASSWORD });
        auth.send_json(&ann.person, "POST", "/api/v1/auth/mfa/totp", &begin).await.expect(StatusCode::CREATED);
    }

    async fn the_password_is_needed_to_switch_it_off(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        app(&world, &accounts).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let path = "/api/v1/auth/mfa/totp/remove";
        let wrong = json!({ "password": "not that one at all" });
        auth.send_json(owner, "POST", path, &wrong).await.expect(StatusCode::FORBIDDEN);
        auth.send_json(owner, "POST", path, &json!({ "password": PASSWORD })).await.expect(StatusCode::NO_CONTENT);
        log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK);
    }
}
