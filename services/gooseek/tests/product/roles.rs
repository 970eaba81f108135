//! The policy over HTTP: every operation that the description of the API has, with every role and scope, on what is one's own
//! organisation's and what is another's.

use std::collections::BTreeSet;

use access::{Action, Role};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    matrix::{Of, Route, Scene, call, scene},
    support::gooseek,
};

/// Every operation of the server with the row of its action, and the names of all. Those of accounts are gone through in auth-svc's
/// own tests: nobody here has an account there.
async fn operations(scene: &Scene) -> (Vec<(Action, Route)>, BTreeSet<&'static str>) {
    let document = scene.ada.get("/openapi.json").await.expect(StatusCode::OK);
    let (mut operations, mut named) = (Vec::new(), BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let action = Action::ALL.iter().find(|action| action.operation() == name);
            let action = action.unwrap_or_else(|| panic!("{name} has no row in the policy"));
            named.insert(action.operation());
            if !registry::AUTH.prefixes.iter().any(|prefix| path.starts_with(prefix)) {
                operations.push((*action, scene.things.route(&format!("{method} {path}"))));
            }
        }
    }
    (operations, named)
}

fn is_refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

#[tokio::test]
async fn every_operation_does_what_its_row_says_for_every_role() {
    let scene = scene(gooseek()).await;
    let (operations, named) = operations(&scene).await;
    let rows = Action::ALL.iter().map(|action| action.operation());
    // Of the template for new services, and where an identity provider sends a browser back to, which is no part of the API.
    let is_described = |operation: &&str| !operation.ends_with("_example") && *operation != "finish_sso";
    let rows: BTreeSet<&str> = rows.filter(is_described).collect();
    assert_eq!(named, rows, "every row is of an operation");
    for (action, Route { method, path, of }) in &operations {
        let nowhere = scene.things.nowhere(path);
        assert_eq!(call(&scene.server.client(), method, path).await.status, StatusCode::UNAUTHORIZED, "{action:?}");
        for role in Role::ALL {
            let own = scene.client_of_ada(&json!({ "role": role }));
            let stranger = scene.client_of_stranger(&json!({ "role": role }));
            if !action.rule().roles.contains(role) {
                for client in [&own, &stranger] {
                    let refused = call(client, method, path).await;
                    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?}: {action:?}");
                }
                continue;
            }
            // On what does not exist, so that the next role finds everything there.
            let status = call(&own, method, &nowhere).await.status;
            assert!(!is_refused(status), "{role:?}: {action:?}: {status}");
            let limited = scene.client_of_ada(&json!({ "role": role, "scope": "openid profile" }));
            let refused = call(&limited, method, path).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?} without a scope: {action:?}");
            let scoped = scene.client_of_ada(&json!({ "role": role, "scope": action.rule().scope }));
            assert!(!is_refused(call(&scoped, method, &nowhere).await.status), "{role:?} with its scope: {action:?}");
            if matches!(of, Of::Person | Of::Organisation) {
                let status = call(&stranger, method, path).await.status;
                assert_eq!(status, StatusCode::NOT_FOUND, "{role:?} of another organisation: {action:?}");
            }
        }
    }
    let kept = scene.ada.get("/api/v1/library/threads").await.expect(StatusCode::OK);
    assert_ne!(kept["items"], Value::Array(Vec::new()), "nothing was deleted meanwhile");
}
