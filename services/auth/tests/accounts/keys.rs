//! API keys, and the keys that access tokens are signed with.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use http::Request;
use serde_json::{Value, json};
use testkit::service::{Person, TestService};

use crate::support::{PASSWORD, Session, log_in, member, post, set_up};

const KEYS: &str = "/api/v1/auth/api-keys";

async fn make_key(auth: &TestService, who: &Person, scopes: &[&str]) -> Value {
    let request = json!({ "name": "a script", "scopes": scopes });
    auth.send_json(who, "POST", KEYS, &request).await.expect(StatusCode::CREATED)
}

fn with_key(who: &Person, made: &Value) -> Person {
    Person::signed_in(who.org, who.user, made["key"].as_str().unwrap())
}

testkit::on_both! {
    async fn a_key_opens_what_its_scopes_name(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let projects = world.start(projects_svc::SERVICE).await;
        let made = make_key(auth, &accounts.owner, &["projects:read"]).await;
        let key = with_key(&accounts.owner, &made);
        projects.get(&key, "/api/v1/projects").await.expect(StatusCode::OK);
        projects.send_json(&key, "POST", "/api/v1/projects", &json!({ "slug": "moon" })).await.expect(StatusCode::FORBIDDEN);
        auth.send_json(&key, "POST", KEYS, &json!({ "name": "more", "scopes": ["chat:read"] })).await.expect(StatusCode::FORBIDDEN);
        auth.send_json(&key, "POST", "/api/v1/auth/logout", &json!({})).await.expect(StatusCode::FORBIDDEN);
        let listed = auth.get(&accounts.owner, KEYS).await.expect(StatusCode::OK);
        assert_eq!(listed["items"][0]["prefix"], made["key"].as_str().unwrap()[..12]);
        assert!(!listed.to_string().contains(made["key"].as_str().unwrap()), "it is shown once");
    }

    async fn a_revoked_key_opens_nothing_within_seconds(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let projects = world.start(projects_svc::SERVICE).await;
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let (own, anns) = (
            make_key(auth, &accounts.owner, &["projects:read"]).await,
            make_key(auth, &ann.person, &["projects:read"]).await,
        );
        let (own_key, anns_key) = (with_key(&accounts.owner, &own), with_key(&ann.person, &anns));
        for key in [&own_key, &anns_key] {
            projects.get(key, "/api/v1/projects").await.expect(StatusCode::OK);
        }
        let path = format!("{KEYS}/{}", own["id"].as_str().unwrap());
        auth.delete(&ann.person, &path).await.expect(StatusCode::NOT_FOUND);
        auth.delete(&accounts.owner, &path).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(5));
        projects.get(&own_key, "/api/v1/projects").await.expect(StatusCode::UNAUTHORIZED);
        projects.get(&anns_key, "/api/v1/projects").await.expect(StatusCode::OK);
        let member = format!("/api/v1/organisations/{}/members/{}", accounts.owner.org, ann.person.user);
        auth.delete(&accounts.owner, &member).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(5));
        projects.get(&anns_key, "/api/v1/projects").await.expect(StatusCode::UNAUTHORIZED);
    }

    async fn scopes_that_are_none_are_named(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        for scope in ["chat", "everything", "account:write", ""] {
            let request = json!({ "name": "a script", "scopes": ["chat:read", scope] });
            let refused = accounts.service.send_json(&accounts.owner, "POST", KEYS, &request).await;
            assert_eq!(refused.expect(StatusCode::BAD_REQUEST)["errors"][0]["pointer"], "/scopes/1", "{scope}");
        }
    }

    async fn the_key_set_is_public_and_has_no_private_part(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        let request = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
        let set = auth.send(request).await.expect(StatusCode::OK);
        let keys = set["keys"].as_array().unwrap();
        assert_eq!((keys.len(), &keys[0]["alg"], &keys[0]["kty"]), (1, &json!("EdDSA"), &json!("OKP")));
        assert!(keys[0].get("d").is_none());
    }

    async fn a_leaked_signing_key_is_revoked_without_a_new_sign_in(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.json());
        let path = "/api/v1/auth/keys/revoke";
        auth.send_json(&ann.person, "POST", path, &json!({})).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(5));
        auth.get(&ann.person, "/api/v1/auth/me").await.expect(StatusCode::UNAUTHORIZED);
        let renewed = post(auth, "/api/v1/auth/refresh", &json!({ "refresh_token": ann.refresh })).await;
        let renewed = Session::of(&renewed.expect(StatusCode::OK));
        // Another process has not heard of the new key and asks for it.
        let projects = world.start(projects_svc::SERVICE).await;
        projects.get(&renewed.person, "/api/v1/projects").await.expect(StatusCode::OK);
    }
}
