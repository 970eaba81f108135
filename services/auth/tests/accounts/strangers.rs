//! What is somebody else's is answered like what does not exist, and trying changes nothing.

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::service::Person;

use crate::support::{Accounts, Session, mailed_link, member, post, register, set_up};

const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";

/// Somebody who owns another organisation of this installation.
async fn stranger(accounts: &Accounts) -> Person {
    let auth = &accounts.service;
    register(auth, "eve@example.net").await;
    let token = mailed_link(auth, "eve@example.net", "verify_email").await;
    post(auth, "/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(StatusCode::NO_CONTENT);
    let signed_in = crate::support::log_in(auth, "eve@example.net", crate::support::PASSWORD).await;
    Session::of(&signed_in.expect(StatusCode::OK)).person
}

/// Everything of the owner that has an id, and what can be done to it.
async fn routes(accounts: &Accounts, ann: &Person) -> Vec<(&'static str, String, Value)> {
    let (auth, owner) = (&accounts.service, &accounts.owner);
    let key = json!({ "name": "a script", "scopes": ["chat:read"] });
    let key = auth.send_json(owner, "POST", "/api/v1/auth/api-keys", &key).await.expect(StatusCode::CREATED);
    let organisation = format!("/api/v1/organisations/{}", owner.org);
    let invitations = format!("{organisation}/invitations");
    let invitation = json!({ "email": "zoe@example.org", "roles": ["member"] });
    let invited = auth.send_json(owner, "POST", &invitations, &invitation).await.expect(StatusCode::CREATED);
    let sessions = auth.get(owner, "/api/v1/auth/sessions").await.expect(StatusCode::OK);
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let roles = json!({ "roles": ["guest"] });
    vec![
        ("GET", organisation.clone(), json!({})),
        ("PATCH", organisation.clone(), json!({ "name": "Taken over" })),
        ("POST", format!("{organisation}/switch"), json!({})),
        ("POST", format!("{organisation}/leave"), json!({})),
        ("GET", format!("{organisation}/members"), json!({})),
        ("PUT", format!("{organisation}/members/{}/roles", ann.user), roles.clone()),
        ("DELETE", format!("{organisation}/members/{}", ann.user), json!({})),
        ("GET", invitations.clone(), json!({})),
        ("POST", invitations.clone(), invitation),
        ("DELETE", format!("{invitations}/{}", id(&invited)), json!({})),
        ("POST", format!("/api/v1/auth/invitations/{}/accept", id(&invited)), json!({})),
        ("DELETE", format!("/api/v1/auth/api-keys/{}", id(&key)), json!({})),
        ("DELETE", format!("/api/v1/auth/sessions/{}", id(&sessions["items"][0])), json!({})),
    ]
}

async fn seen(accounts: &Accounts) -> Vec<Value> {
    let organisation = format!("/api/v1/organisations/{}", accounts.owner.org);
    let mut seen = Vec::new();
    for path in [
        organisation.clone(),
        format!("{organisation}/members"),
        format!("{organisation}/invitations"),
        "/api/v1/auth/api-keys".to_owned(),
        "/api/v1/auth/sessions".to_owned(),
    ] {
        seen.push(accounts.service.get(&accounts.owner, &path).await.expect(StatusCode::OK));
    }
    seen
}

testkit::on_both! {
    async fn nothing_of_another_organisation_can_be_seen_or_changed(world: World) {
        let mut world = world;
        world.set("SIGN_UP", "open");
        let accounts = set_up(&mut world).await;
        let auth = &accounts.service;
        let ann = member(&accounts, "ann@example.org", &["member"]).await.person;
        let eve = stranger(&accounts).await;
        let routes = routes(&accounts, &ann).await;
        let before = seen(&accounts).await;
        for (method, path, body) in &routes {
            let refused = auth.send_json(&eve, method, path, body).await;
            let segments: Vec<&str> = path.split('/').collect();
            let unknown = |segment: &&str| segment.len() == NOWHERE.len();
            let nowhere: Vec<&str> =
                segments.iter().map(|segment| if unknown(segment) { NOWHERE } else { segment }).collect();
            let missing = auth.send_json(&eve, method, &nowhere.join("/"), body).await;
            let mut answers = [refused.expect(StatusCode::NOT_FOUND), missing.expect(StatusCode::NOT_FOUND)];
            for answer in &mut answers {
                answer["request_id"] = Value::Null;
            }
            assert_eq!(answers[0], answers[1], "{method} {path}");
        }
        assert_eq!(seen(&accounts).await, before, "trying has changed nothing");
    }

    async fn nothing_opens_without_a_token(world: World) {
        let mut world = world;
        let accounts = set_up(&mut world).await;
        let nobody = Person::signed_in(accounts.owner.org, accounts.owner.user, "");
        for (method, path, body) in routes(&accounts, &accounts.owner).await {
            let refused = accounts.service.send_json(&nobody, method, &path, &body).await;
            refused.expect(StatusCode::UNAUTHORIZED);
        }
    }
}
