//! A password that was forgotten or is changed.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{PASSWORD, log_in, mailed_link, mails, member, post, post_with, set_up};

const NEW: &str = "lodka sem groza klyuch";

testkit::on_both! {
    async fn a_forgotten_password_is_replaced_through_the_mailbox(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let forged = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
        let asked = json!({ "email": "Ann@example.org" });
        post_with(auth, "/api/v1/auth/password/forgot", &asked, &forged).await.expect(StatusCode::ACCEPTED);
        let token = mailed_link(auth, "ann@example.org", "reset_password").await;
        assert!(mails(auth).await.iter().all(|mail| !mail.values["link"].contains("evil")), "the host is configured");
        let weak = json!({ "token": token, "password": "password" });
        post(auth, "/api/v1/auth/password/reset", &weak).await.expect(StatusCode::BAD_REQUEST);
        let good = json!({ "token": token, "password": NEW });
        post(auth, "/api/v1/auth/password/reset", &good).await.expect(StatusCode::NO_CONTENT);
        post(auth, "/api/v1/auth/password/reset", &good).await.expect(StatusCode::NOT_FOUND);
        world.clock.advance(Duration::from_secs(5));
        auth.get(&ann.person, "/api/v1/auth/me").await.expect(StatusCode::UNAUTHORIZED);
        log_in(auth, "ann@example.org", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
        log_in(auth, "ann@example.org", NEW).await.expect(StatusCode::OK);
        assert!(mails(auth).await.iter().any(|mail| mail.template == "password_changed" && mail.to == "ann@example.org"));
    }

    async fn a_link_is_good_for_half_an_hour_and_only_the_newest(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        let ask = async || {
            let asked = json!({ "email": "owner@example.org" });
            post(&auth, "/api/v1/auth/password/forgot", &asked).await.expect(StatusCode::ACCEPTED);
        };
        ask().await;
        let first = mailed_link(&auth, "owner@example.org", "reset_password").await;
        ask().await;
        let count = async || mails(&auth).await.iter().filter(|mail| mail.template == "reset_password").count();
        testkit::eventually("the second mail", async || count().await == 2).await;
        let second = mailed_link(&auth, "owner@example.org", "reset_password").await;
        let with = |token: &str| json!({ "token": token, "password": NEW });
        post(&auth, "/api/v1/auth/password/reset", &with(&first)).await.expect(StatusCode::NOT_FOUND);
        world.clock.advance(Duration::from_secs(31 * 60));
        post(&auth, "/api/v1/auth/password/reset", &with(&second)).await.expect(StatusCode::NOT_FOUND);
        log_in(&auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK);
    }

    async fn the_present_password_is_needed_for_another_one(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let path = "/api/v1/auth/password/change";
        let wrong = json!({ "password": "not that one at all", "new_password": NEW });
        auth.send_json(&accounts.owner, "POST", path, &wrong).await.expect(StatusCode::FORBIDDEN);
        let right = json!({ "password": PASSWORD, "new_password": NEW });
        auth.send_json(&accounts.owner, "POST", path, &right).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(5));
        auth.get(&accounts.owner, "/api/v1/auth/me").await.expect(StatusCode::OK);
        log_in(auth, "owner@example.org", NEW).await.expect(StatusCode::OK);
    }
}
