//! Getting an account.

use axum::http::StatusCode;
use serde_json::json;
use testkit::eventually;

use crate::support::{
    PASSWORD, SET_UP_TOKEN, Session, know_set_up_token, log_in, mailed_link, mails, member, post, register, set_up,
};

testkit::on_both! {
    async fn the_first_account_takes_over_what_the_machine_has(world: World) {
        let mut world = world;
        world.use_accounts();
        let auth = world.start(auth_svc::SERVICE).await;
        know_set_up_token(&world).await;
        let account = |token: &str| json!({
            "token": token, "email": "Owner@Example.org", "password": PASSWORD, "name": "Olga", "organisation": "Acme",
        });
        let unknown = post(&auth, "/api/v1/auth/setup", &account("another-token-of-that-length")).await;
        unknown.expect(StatusCode::NOT_FOUND);
        let made = post(&auth, "/api/v1/auth/setup", &account(SET_UP_TOKEN)).await.expect(StatusCode::CREATED);
        let owner = Session::of(&made).person;
        assert_eq!((owner.org, owner.user), (access::LOCAL_ORG, access::LOCAL_OWNER));
        let me = auth.get(&owner, "/api/v1/auth/me").await.expect(StatusCode::OK);
        assert_eq!((&me["email"], &me["roles"]), (&json!("owner@example.org"), &json!(["owner"])));
        post(&auth, "/api/v1/auth/setup", &account(SET_UP_TOKEN)).await.expect(StatusCode::NOT_FOUND);
        let again = world.start(auth_svc::SERVICE).await;
        know_set_up_token(&world).await;
        post(&again, "/api/v1/auth/setup", &account(SET_UP_TOKEN)).await.expect(StatusCode::NOT_FOUND);
    }

    async fn who_was_invited_registers_and_is_a_member(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let ann = member(&accounts, "ann@example.org", &["member", "billing"]).await;
        assert_eq!(ann.person.org, accounts.owner.org);
        let me = accounts.service.get(&ann.person, "/api/v1/auth/me").await.expect(StatusCode::OK);
        assert_eq!(me["roles"], json!(["member", "billing"]));
        let invitation = mails(&accounts.service).await.into_iter().find(|mail| mail.template == "invitation").unwrap();
        assert_eq!((&*invitation.to, &*invitation.values["organisation"]), ("ann@example.org", "Acme"));
    }

    async fn a_password_that_is_easy_to_guess_is_refused(world: World) {
        let mut world = world;
        let auth = set_up(&mut world).await.service;
        for (password, name) in [("password", "Ann"), ("short", "Ann"), ("annlovelace1", "Ann Lovelace")] {
            let account = json!({ "email": "ann.lovelace@example.org", "password": password, "name": name });
            let refused = post(&auth, "/api/v1/auth/register", &account).await.expect(StatusCode::BAD_REQUEST);
            assert_eq!(refused["errors"][0]["pointer"], "/password", "{refused}");
        }
    }

    async fn whether_an_address_has_an_account_is_not_told(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let registration = |email: &str| json!({ "email": email, "password": PASSWORD, "name": "Eve" });
        let known = post(auth, "/api/v1/auth/register", &registration("owner@example.org")).await;
        let unknown = post(auth, "/api/v1/auth/register", &registration("nobody@example.org")).await;
        assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
        // The owner is told, and nobody else: closed to strangers, no account is made for them.
        eventually("the mail", async || mails(auth).await.iter().any(|mail| mail.template == "account_exists")).await;
        assert!(mails(auth).await.iter().all(|mail| mail.to == "owner@example.org"));
        for path in ["/api/v1/auth/password/forgot"] {
            let known = post(auth, path, &json!({ "email": "owner@example.org" })).await;
            let unknown = post(auth, path, &json!({ "email": "nobody@example.org" })).await;
            assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
        }
        let known = log_in(auth, "owner@example.org", "a wrong password").await.expect(StatusCode::UNAUTHORIZED);
        let unknown = log_in(auth, "nobody@example.org", "a wrong password").await.expect(StatusCode::UNAUTHORIZED);
        assert_eq!(known["detail"], unknown["detail"]);
    }

    async fn open_to_all_everybody_gets_an_organisation(world: World) {
        let mut world = world;
        world.set("SIGN_UP", "open");
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        register(auth, "eve@example.net").await;
        let token = mailed_link(auth, "eve@example.net", "verify_email").await;
        log_in(auth, "eve@example.net", PASSWORD).await.expect(StatusCode::FORBIDDEN);
        post(auth, "/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(StatusCode::NO_CONTENT);
        post(auth, "/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(StatusCode::NOT_FOUND);
        let eve = Session::of(&log_in(auth, "eve@example.net", PASSWORD).await.expect(StatusCode::OK)).person;
        assert_ne!(eve.org, accounts.owner.org);
        let own = auth.get(&eve, "/api/v1/organisations").await.expect(StatusCode::OK);
        assert_eq!(own["items"][0]["roles"], json!(["owner"]));
    }

    async fn who_registered_an_address_before_its_owner_does_not_know_its_password(world: World) {
        let mut world = world;
        world.set("SIGN_UP", "open");
        let auth = set_up(&mut world).await.service;
        let account = |password: &str| json!({ "email": "ann@example.net", "password": password, "name": "Ann" });
        let thiefs = "somebody elses lantern";
        post(&auth, "/api/v1/auth/register", &account(thiefs)).await.expect(StatusCode::ACCEPTED);
        mailed_link(&auth, "ann@example.net", "verify_email").await;
        post(&auth, "/api/v1/auth/register", &account(PASSWORD)).await.expect(StatusCode::ACCEPTED);
        eventually("the second mail", async || mails(&auth).await.len() == 2).await;
        let token = mailed_link(&auth, "ann@example.net", "verify_email").await;
        post(&auth, "/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(StatusCode::NO_CONTENT);
        log_in(&auth, "ann@example.net", thiefs).await.expect(StatusCode::UNAUTHORIZED);
        log_in(&auth, "ann@example.net", PASSWORD).await.expect(StatusCode::OK);
    }
}
