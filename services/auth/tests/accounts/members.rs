//! Organisations and their members.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{PASSWORD, Session, log_in, member, post, set_up};

testkit::on_both! {
    async fn a_member_that_is_removed_loses_its_session_at_once(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let ann = member(&accounts, "ann@example.org", &["member"]).await;
        let members = format!("/api/v1/organisations/{}/members", owner.org);
        let listed = auth.get(&ann.person, &members).await.expect(StatusCode::OK);
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        let path = format!("{members}/{}", ann.person.user);
        auth.delete(&ann.person, &path).await.expect(StatusCode::FORBIDDEN);
        auth.delete(owner, &path).await.expect(StatusCode::NO_CONTENT);
        auth.delete(owner, &path).await.expect(StatusCode::NOT_FOUND);
        world.clock.advance(Duration::from_secs(5));
        auth.get(&ann.person, "/api/v1/auth/me").await.expect(StatusCode::UNAUTHORIZED);
        post(auth, "/api/v1/auth/refresh", &json!({ "refresh_token": ann.refresh })).await.expect(StatusCode::UNAUTHORIZED);
        log_in(auth, "ann@example.org", PASSWORD).await.expect(StatusCode::FORBIDDEN);
    }

    async fn other_roles_hold_from_the_next_token_on(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let ann = member(&accounts, "ann@example.org", &["guest"]).await;
        let projects = world.start(projects_svc::SERVICE).await;
        let new = json!({ "slug": "moon" });
        projects.send_json(&ann.person, "POST", "/api/v1/projects", &new).await.expect(StatusCode::FORBIDDEN);
        let path = format!("/api/v1/organisations/{}/members/{}/roles", owner.org, ann.person.user);
        auth.send_json(owner, "PUT", &path, &json!({ "roles": ["member"] })).await.expect(StatusCode::NO_CONTENT);
        world.clock.advance(Duration::from_secs(5));
        projects.send_json(&ann.person, "POST", "/api/v1/projects", &new).await.expect(StatusCode::UNAUTHORIZED);
        let renewed = post(auth, "/api/v1/auth/refresh", &json!({ "refresh_token": ann.refresh })).await;
        let ann = Session::of(&renewed.expect(StatusCode::OK));
        projects.send_json(&ann.person, "POST", "/api/v1/projects", &new).await.expect(StatusCode::CREATED);
    }

    async fn an_organisation_keeps_an_owner(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let admin = member(&accounts, "ann@example.org", &["admin"]).await.person;
        let organisation = format!("/api/v1/organisations/{}", owner.org);
        let own_roles = format!("{organisation}/members/{}/roles", owner.user);
        let (member_role, owner_role) = (json!({ "roles": ["member"] }), json!({ "roles": ["owner"] }));
        auth.send_json(owner, "PUT", &own_roles, &member_role).await.expect(StatusCode::CONFLICT);
        auth.send_json(owner, "POST", &format!("{organisation}/leave"), &json!({})).await.expect(StatusCode::CONFLICT);
        // An admin makes nobody an owner, itself included, and takes it from nobody.
        auth.send_json(&admin, "PUT", &own_roles, &member_role).await.expect(StatusCode::FORBIDDEN);
        let admins_roles = format!("{organisation}/members/{}/roles", admin.user);
        auth.send_json(&admin, "PUT", &admins_roles, &owner_role).await.expect(StatusCode::FORBIDDEN);
        let invitation = json!({ "email": "eve@example.org", "roles": ["owner"] });
        let path = format!("{organisation}/invitations");
        auth.send_json(&admin, "POST", &path, &invitation).await.expect(StatusCode::FORBIDDEN);
    }

    async fn somebody_with_an_account_accepts_an_invitation_and_switches(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let ann = member(&accounts, "ann@example.org", &["member"]).await.person;
        let made = auth.send_json(&ann, "POST", "/api/v1/organisations", &json!({ "name": "Moonshot" })).await;
        let made = made.expect(StatusCode::CREATED);
        let moonshot = format!("/api/v1/organisations/{}", made["id"].as_str().unwrap());
        auth.get(&ann, &moonshot).await.expect(StatusCode::NOT_FOUND);
        let switch = format!("{moonshot}/switch");
        auth.send_json(owner, "POST", &switch, &json!({})).await.expect(StatusCode::NOT_FOUND);
        let there = Session::of(&auth.send_json(&ann, "POST", &switch, &json!({})).await.expect(StatusCode::OK)).person;
        let invitation = json!({ "email": "owner@example.org", "roles": ["guest"] });
        let path = format!("{moonshot}/invitations");
        auth.send_json(owner, "POST", &path, &invitation).await.expect(StatusCode::NOT_FOUND);
        auth.send_json(&there, "POST", &path, &invitation).await.expect(StatusCode::CREATED);
        let me = auth.get(owner, "/api/v1/auth/me").await.expect(StatusCode::OK);
        let pending = &me["invitations"][0];
        assert_eq!((&pending["organisation"], &pending["roles"]), (&json!("Moonshot"), &json!(["guest"])));
        let accept = format!("/api/v1/auth/invitations/{}/accept", pending["id"].as_str().unwrap());
        auth.send_json(&ann, "POST", &accept, &json!({})).await.expect(StatusCode::NOT_FOUND);
        auth.send_json(owner, "POST", &accept, &json!({})).await.expect(StatusCode::NO_CONTENT);
        let own = auth.get(owner, "/api/v1/organisations").await.expect(StatusCode::OK);
        assert_eq!(own["items"].as_array().unwrap().len(), 2);
    }

    async fn an_edit_of_somebody_else_is_not_overwritten(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let (auth, owner) = (&accounts.service, &accounts.owner);
        let path = format!("/api/v1/organisations/{}", owner.org);
        let tag = auth.get(owner, &path).await.headers["etag"].to_str().unwrap().to_owned();
        let rename = async |name: &str| auth.patch(owner, &path, &tag, &json!({ "name": name })).await;
        rename("Acme Inc.").await.expect(StatusCode::OK);
        rename("Acme Ltd.").await.expect(StatusCode::PRECONDITION_FAILED);
        assert_eq!(auth.get(owner, &path).await.expect(StatusCode::OK)["name"], "Acme Inc.");
    }
}
