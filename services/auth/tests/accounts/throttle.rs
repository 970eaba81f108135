//! Guessing is slowed down, and nobody is locked out for good.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{PASSWORD, guess_until_slow, log_in, post, post_with, set_up};

testkit::on_both! {
    async fn guesses_are_few_however_many_are_made_at_once(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        guess_until_slow(&world, &auth).await;
        world.clock.advance(Duration::from_secs(16 * 60));
        let guesses = (0..40).map(|_| log_in(&auth, "owner@example.org", "a wrong password"));
        let answers = futures::future::join_all(guesses).await;
        let looked_at = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
        assert_eq!(looked_at, 1, "so many at once are no more than one after the other");
        let refused = answers.iter().find(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).unwrap();
        assert!(refused.headers.contains_key("retry-after"));
        // The right password has to wait as well, and then it opens.
        log_in(&auth, "owner@example.org", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
        world.clock.advance(Duration::from_secs(16 * 60));
        log_in(&auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK);
    }

    async fn a_device_that_is_known_is_not_kept_out_by_strangers(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        let with = json!({ "email": "owner@example.org", "password": PASSWORD, "browser": true });
        let answer = post(&auth, "/api/v1/auth/login", &with).await;
        let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let device = cookies.filter_map(|cookie| cookie.split(';').next()).find(|cookie| cookie.contains("device"));
        let device = device.unwrap().to_owned();
        guess_until_slow(&world, &auth).await;
        log_in(&auth, "owner@example.org", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
        post_with(&auth, "/api/v1/auth/login", &with, &[("cookie", &device)]).await.expect(StatusCode::OK);
        let forged = device.replace('.', "0.");
        let refused = post_with(&auth, "/api/v1/auth/login", &with, &[("cookie", &forged)]).await;
        refused.expect(StatusCode::TOO_MANY_REQUESTS);
    }

    async fn a_restart_forgets_no_failure(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        guess_until_slow(&world, &auth).await;
        drop(auth);
        let auth = world.start(auth_svc::SERVICE).await;
        log_in(&auth, "owner@example.org", PASSWORD).await.expect(StatusCode::TOO_MANY_REQUESTS);
    }
}
