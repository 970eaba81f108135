//! Sessions: tokens that are renewed, stolen, revoked.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use testkit::service::{Answer, Person, TestService};

use crate::support::{PASSWORD, Session, log_in, mails, member, post, post_with, set_up};

async fn refresh_from(service: &TestService, token: &str, program: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    post_with(service, "/api/v1/auth/refresh", &body, &[("user-agent", program)]).await
}

async fn is_believed(service: &TestService, who: &Person) -> bool {
    let answer = service.get(who, "/api/v1/auth/me").await;
    assert!(matches!(answer.status, StatusCode::OK | StatusCode::UNAUTHORIZED), "{answer:?}");
    answer.status == StatusCode::OK
}

/// What a process knows of revocations is at most this old.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

testkit::on_both! {
    async fn a_refresh_token_is_good_once(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let first = refresh_from(auth, &ann.refresh, "").await.expect(StatusCode::OK);
        assert_ne!(first["refresh_token"], ann.refresh);
        // Whose answer was lost asks again and gets the same.
        let repeated = refresh_from(auth, &ann.refresh, "").await.expect(StatusCode::OK);
        assert_eq!(repeated["refresh_token"], first["refresh_token"]);
        world.clock.advance(Duration::from_secs(11));
        refresh_from(auth, &ann.refresh, "").await.expect(StatusCode::UNAUTHORIZED);
        // The session is gone, with the token that took the place of the stolen one.
        let newer = first["refresh_token"].as_str().unwrap();
        refresh_from(auth, newer, "").await.expect(StatusCode::UNAUTHORIZED);
        let session = Session::of(&first);
        assert!(!is_believed(auth, &session.person).await);
        let told = mails(auth).await.into_iter().find(|mail| mail.template == "session_reuse").unwrap();
        assert_eq!(told.to, "ann@example.org");
        let records = auth.audit_records(&accounts.owner).await;
        assert!(records.iter().any(|record| record.action == "refresh_session" && record.object_kind == "reused_session"));
    }

    async fn a_thief_is_not_taken_for_a_client_that_lost_an_answer(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        for (order, first, second) in [("victim first", "browser", "thief"), ("thief first", "thief", "browser")] {
            let ann = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK));
            let taken = refresh_from(auth, &ann.refresh, first).await.expect(StatusCode::OK);
            refresh_from(auth, &ann.refresh, second).await.expect(StatusCode::UNAUTHORIZED);
            let rest = refresh_from(auth, taken["refresh_token"].as_str().unwrap(), first).await;
            assert_eq!(rest.status, StatusCode::UNAUTHORIZED, "{order}");
        }
    }

    async fn of_many_refreshes_at_once_one_goes_on(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK));
        let mut requests = Vec::new();
        for _ in 0..16 {
            requests.push(refresh_from(auth, &ann.refresh, ""));
        }
        let answers = futures::future::join_all(requests).await;
        let mut tokens: Vec<String> =
            answers.iter().map(|answer| answer.expect(StatusCode::OK)["refresh_token"].as_str().unwrap().to_owned()).collect();
        tokens.dedup();
        assert_eq!(tokens.len(), 1, "one successor, however many asked");
        refresh_from(auth, &tokens[0], "").await.expect(StatusCode::OK);
    }

    async fn what_is_no_refresh_token_is_refused(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK));
        let mut forged = ann.refresh.clone().into_bytes();
        for at in 0..forged.len() {
            let byte = forged[at];
            forged[at] = if byte == b'A' { b'B' } else { b'A' };
            let token = String::from_utf8(forged.clone()).unwrap();
            // The last character of base64 has bits that nothing depends on.
            if at + 1 < forged.len() {
                refresh_from(auth, &token, "").await.expect(StatusCode::UNAUTHORIZED);
            }
            forged[at] = byte;
        }
        refresh_from(auth, &ann.refresh, "").await.expect(StatusCode::OK);
    }

    async fn a_session_ends_after_a_week_without_use(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let mut token = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK)).refresh;
        for _ in 0..5 {
            world.clock.advance(Duration::from_secs(6 * 86_400));
            let answer = refresh_from(auth, &token, "").await;
            if answer.status == StatusCode::UNAUTHORIZED {
                break;
            }
            token = Session::of(&answer.json()).refresh;
        }
        refresh_from(auth, &token, "").await.expect(StatusCode::UNAUTHORIZED);
        let fresh = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK));
        world.clock.advance(Duration::from_secs(8 * 86_400));
        refresh_from(auth, &fresh.refresh, "").await.expect(StatusCode::UNAUTHORIZED);
    }

    async fn signing_out_ends_the_session_for_every_service(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let projects = world.start(projects_svc::SERVICE).await;
        let (here, there) = (
            Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.json()),
            Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.json()),
        );
        projects.get(&here.person, "/api/v1/projects").await.expect(StatusCode::OK);
        auth.send_json(&here.person, "POST", "/api/v1/auth/logout", &json!({})).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(KNOWN_WITHIN);
        projects.get(&here.person, "/api/v1/projects").await.expect(StatusCode::UNAUTHORIZED);
        projects.get(&there.person, "/api/v1/projects").await.expect(StatusCode::OK);
        auth.send_json(&there.person, "POST", "/api/v1/auth/logout-all", &json!({})).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(KNOWN_WITHIN);
        for session in [&there.person, &accounts.owner] {
            projects.get(session, "/api/v1/projects").await.expect(StatusCode::UNAUTHORIZED);
        }
        refresh_from(auth, &there.refresh, "").await.expect(StatusCode::UNAUTHORIZED);
    }

    async fn sessions_are_listed_and_ended_one_by_one(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let phone = Session::of(&log_in(auth, "owner@example.org", PASSWORD).await.json());
        let listed = auth.get(&phone.person, "/api/v1/auth/sessions").await.expect(StatusCode::OK);
        let items = listed["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["is_current"], &items[1]["is_current"]), (2, &json!(true), &json!(false)));
        let other = format!("/api/v1/auth/sessions/{}", items[1]["id"].as_str().unwrap());
        auth.delete(&phone.person, &other).await.expect(StatusCode::NO_CONTENT);
        auth.delete(&phone.person, &other).await.expect(StatusCode::NOT_FOUND);
        world.clock.advance(KNOWN_WITHIN);
        assert!(!is_believed(auth, &accounts.owner).await);
        assert!(is_believed(auth, &phone.person).await);
    }

    async fn a_browser_gets_cookies_that_scripts_cannot_read(world: World) {
        let mut world = world;
        world.set("PUBLIC_URL", "https://seek.example.org");
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let with = json!({ "email": "owner@example.org", "password": PASSWORD, "browser": true });
        let answer = post(auth, "/api/v1/auth/login", &with).await;
        let body = answer.expect(StatusCode::OK);
        assert_eq!((&body["access_token"], &body["refresh_token"]), (&json!(null), &json!(null)));
        let set: Vec<&str> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        for name in ["gooseek_access", "gooseek_refresh", "gooseek_device"] {
            let cookie = set.iter().find(|cookie| cookie.starts_with(&format!("__Host-{name}="))).unwrap();
            for flag in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
                assert!(cookie.contains(flag), "{cookie}");
            }
        }
        let jar: Vec<&str> = set.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
        let (jar, csrf) = (jar.join("; "), body["csrf_token"].as_str().unwrap());
        let own = [("cookie", &*jar), ("host", "seek.example.org"), ("x-csrf-token", csrf)];
        let with_own = |extra: &[(&'static str, &'static str)]| [&own[..2], extra].concat();
        let change = json!({});
        for forged in [
            with_own(&[]),
            with_own(&[("x-csrf-token", "guessed")]),
            [&own[..], &[("origin", "https://evil.example")]].concat(),
            [&own[..], &[("origin", "null")]].concat(),
            [&own[..], &[("sec-fetch-site", "cross-site")]].concat(),
        ] {
            post_with(auth, "/api/v1/auth/logout", &change, &forged).await.expect(StatusCode::FORBIDDEN);
        }
        let renewed = post_with(auth, "/api/v1/auth/refresh", &change, &own).await;
        assert_eq!(renewed.expect(StatusCode::OK)["refresh_token"], json!(null));
        let elsewhere = [&own[..], &[("sec-fetch-site", "cross-site")]].concat();
        post_with(auth, "/api/v1/auth/refresh", &change, &elsewhere).await.expect(StatusCode::FORBIDDEN);
        let left = post_with(auth, "/api/v1/auth/logout", &change, &own).await;
        left.expect(StatusCode::NO_CONTENT);
        assert!(left.headers.get_all("set-cookie").iter().all(|value| value.to_str().unwrap().contains("Max-Age=0")));
    }
}
