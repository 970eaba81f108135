//! Tables of Postgres are kept apart by it.

use axum::http::StatusCode;
use serde_json::json;
use testkit::service::{Tables, World};

use crate::support::{log_in, set_up};

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_rows_of_other_organisations() {
    let Some(mut world) = World::postgres().await else { return };
    let accounts = set_up(&mut world).await;
    let (auth, owner) = (&accounts.service, &accounts.owner);
    let key = json!({ "name": "a script", "scopes": ["chat:read"] });
    auth.send_json(owner, "POST", "/api/v1/auth/api-keys", &key).await.expect(StatusCode::CREATED);
    let invitation = json!({ "email": "ann@example.org", "roles": ["member"] });
    let path = format!("/api/v1/organisations/{}/invitations", owner.org);
    auth.send_json(owner, "POST", &path, &invitation).await.expect(StatusCode::CREATED);
    let domains = format!("/api/v1/organisations/{}/domains", owner.org);
    auth.send_json(owner, "POST", &domains, &json!({ "domain": "corp.example" })).await.expect(StatusCode::CREATED);
    log_in(auth, "owner@example.org", "a wrong password").await.expect(StatusCode::UNAUTHORIZED);
    let tables = Tables {
        system: &[
            "users",
            "device_codes",
            "recovery_codes",
            "sessions",
            "one_time_secrets",
            "attempts",
            "revocations",
            "signing_keys",
            "identities",
        ],
        empty: &[
            "device_codes",
            "recovery_codes",
            "one_time_secrets",
            "revocations",
            "identities",
            "identity_providers",
        ],
        ..Tables::default()
    };
    world.assert_hidden(auth, auth_svc::SERVICE.name, [owner, &world.person()], tables).await;
}
