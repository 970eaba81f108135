//! Signing in on a device without a browser.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::service::{Answer, TestService, World};

use crate::support::{Accounts, PASSWORD, Session, log_in, member, post, post_with, set_up};

/// auth-svc with an owner who is signed in, and its world.
async fn signed_in(world: &mut World) -> (Accounts, Session) {
    world.set("PUBLIC_URL", "https://seek.example.org");
    let accounts = set_up(world).await;
    let session = Session::of(&log_in(&accounts.service, "owner@example.org", PASSWORD).await.expect(StatusCode::OK));
    (accounts, session)
}

async fn begin(auth: &TestService) -> Value {
    post(auth, "/api/v1/auth/device", &json!({})).await.expect(StatusCode::OK)
}

async fn ask(auth: &TestService, codes: &Value) -> Answer {
    post(auth, "/api/v1/auth/device/token", &json!({ "device_code": codes["device_code"] })).await
}

async fn answer(auth: &TestService, by: &Session, user_code: &str, approve: bool) -> Answer {
    let answer = json!({ "user_code": user_code, "approve": approve });
    auth.send_json(&by.person, "POST", "/api/v1/auth/device/approve", &answer).await
}

fn code(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    answer.json()["code"].as_str().unwrap().to_owned()
}

testkit::on_both! {
    async fn a_device_is_signed_in_once_a_person_has_confirmed_its_code(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let headers = [("user-agent", "a terminal"), ("host", "evil.example"), ("x-forwarded-host", "evil.example")];
        let codes = post_with(auth, "/api/v1/auth/device", &json!({}), &headers).await.expect(StatusCode::OK);
        let user_code = codes["user_code"].as_str().unwrap();
        assert_eq!(codes["verification_uri"], "https://seek.example.org/account/device");
        let complete = format!("https://seek.example.org/account/device?user_code={user_code}");
        assert_eq!(codes["verification_uri_complete"], complete);
        assert_eq!((&codes["expires_in"], &codes["interval"]), (&json!(600), &json!(5)));
        assert_eq!(code(&ask(auth, &codes).await), "authorization_pending");

        let typed = user_code.to_lowercase().replace('-', "%20");
        let device = auth.get(&owner.person, &format!("/api/v1/auth/device?user_code={typed}")).await;
        assert_eq!(device.expect(StatusCode::OK)["user_agent"], "a terminal");
        answer(auth, &owner, user_code, true).await.expect(StatusCode::NO_CONTENT);
        answer(auth, &owner, user_code, true).await.expect(StatusCode::NOT_FOUND);

        let session = Session::of(&ask(auth, &codes).await.expect(StatusCode::OK));
        assert_eq!((session.person.org, session.person.user), (owner.person.org, owner.person.user));
        auth.get(&session.person, "/api/v1/auth/me").await.expect(StatusCode::OK);
        assert_eq!(code(&ask(auth, &codes).await), "expired_token", "it is good once");
        let sessions = auth.get(&session.person, "/api/v1/auth/sessions").await.expect(StatusCode::OK);
        assert!(sessions.to_string().contains("\"is_current\":true"), "{sessions}");
    }

    async fn one_of_many_questions_at_once_is_given_the_tokens(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let codes = begin(auth).await;
        answer(auth, &owner, codes["user_code"].as_str().unwrap(), true).await.expect(StatusCode::NO_CONTENT);
        let answers = futures::future::join_all((0..16).map(|_| ask(auth, &codes))).await;
        let signed_in = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
        assert_eq!(signed_in, 1);
    }

    async fn a_device_that_is_turned_away_hears_so(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let codes = begin(&accounts.service).await;
        let user_code = codes["user_code"].as_str().unwrap();
        answer(&accounts.service, &owner, user_code, false).await.expect(StatusCode::NO_CONTENT);
        assert_eq!(code(&ask(&accounts.service, &codes).await), "access_denied");
        answer(&accounts.service, &owner, user_code, true).await.expect(StatusCode::NOT_FOUND);
    }

    async fn a_device_that_asks_too_often_is_told_to_wait(world: World) {
        let mut world = world;
        let (accounts, _) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let codes = begin(auth).await;
        assert_eq!(code(&ask(auth, &codes).await), "authorization_pending");
        let early = ask(auth, &codes).await;
        assert_eq!((early.headers["retry-after"].to_str().unwrap(), code(&early).as_str()), ("10", "slow_down"));
        world.clock.advance(Duration::from_secs(6));
        assert_eq!(code(&ask(auth, &codes).await), "slow_down");
        world.clock.advance(Duration::from_secs(16));
        assert_eq!(code(&ask(auth, &codes).await), "authorization_pending");
    }

    async fn codes_expire_after_ten_minutes(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let [late, confirmed] = [begin(auth).await, begin(auth).await];
        answer(auth, &owner, confirmed["user_code"].as_str().unwrap(), true).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(601));
        answer(auth, &owner, late["user_code"].as_str().unwrap(), true).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(code(&ask(auth, &late).await), "expired_token");
        assert_eq!(code(&ask(auth, &confirmed).await), "expired_token");
    }

    async fn guesses_of_codes_are_few(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let codes = begin(auth).await;
        let guesses = ["BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF", "GGGG-GGGG"];
        for guess in guesses {
            answer(auth, &owner, guess, true).await.expect(StatusCode::NOT_FOUND);
        }
        // Looking is guessing too, and the right one waits with the others.
        auth.get(&owner.person, "/api/v1/auth/device?user_code=HHHH-HHHH").await.expect(StatusCode::TOO_MANY_REQUESTS);
        let user_code = codes["user_code"].as_str().unwrap();
        answer(auth, &owner, user_code, true).await.expect(StatusCode::TOO_MANY_REQUESTS);
        world.clock.advance(Duration::from_secs(60));
        answer(auth, &owner, user_code, true).await.expect(StatusCode::NO_CONTENT);
    }

    async fn who_left_the_organisation_meanwhile_is_not_signed_in(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let codes = begin(auth).await;
        answer(auth, &ann, codes["user_code"].as_str().unwrap(), true).await.expect(StatusCode::NO_CONTENT);
        let path = format!("/api/v1/organisations/{}/members/{}", owner.person.org, ann.person.user);
        auth.delete(&owner.person, &path).await.expect(StatusCode::NO_CONTENT);
        assert_eq!(code(&ask(auth, &codes).await), "access_denied");
    }

    async fn an_api_key_lets_no_device_in(world: World) {
        let mut world = world;
        let (accounts, owner) = signed_in(&mut world).await;
        let auth = &accounts.service;
        let wanted = json!({ "name": "a script", "scopes": ["account:read"] });
        let key = auth.send_json(&owner.person, "POST", "/api/v1/auth/api-keys", &wanted).await.expect(StatusCode::CREATED);
        let codes = begin(auth).await;
        let mut by = owner.clone();
        by.person = testkit::service::Person::signed_in(by.person.org, by.person.user, key["key"].as_str().unwrap());
        let user_code = codes["user_code"].as_str().unwrap();
        answer(auth, &by, user_code, true).await.expect(StatusCode::FORBIDDEN);
        let looked = auth.get(&by.person, &format!("/api/v1/auth/device?user_code={user_code}")).await;
        looked.expect(StatusCode::FORBIDDEN);
        assert_eq!(code(&ask(auth, &codes).await), "authorization_pending");
    }
}
