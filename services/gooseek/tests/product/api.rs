//! The API as it is described: a snapshot that a change must touch, unique names, and one shape for every failure.

use std::{collections::BTreeSet, env, fs, path::Path};

use access::Action;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::gooseek;

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[tokio::test]
async fn the_committed_description_is_that_of_the_server() {
    let server = gooseek().start().await;
    let document = server.client().get("/openapi.json").await.expect(StatusCode::OK);
    let written = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let path = Path::new("../../docs/openapi.json");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(path, &written).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let same = committed == written;
    assert!(
        same,
        "docs/openapi.json differs from the server's: run this test with UPDATE_SNAPSHOTS=1 and read the change"
    );
}

#[tokio::test]
async fn every_route_is_described_under_a_name_of_its_own() {
    let server = gooseek().start().await;
    let document = server.client().get("/openapi.json").await.expect(StatusCode::OK);
    let operations = operations(&document);
    let prefixes = registry::SERVICES.iter().flat_map(|service| service.prefixes).copied().chain(["/api/v1/admin"]);
    let prefixes: Vec<&str> = prefixes.collect();
    for (route, _) in &operations {
        let (_, path) = route.split_once(' ').unwrap();
        let below =
            |prefix: &&str| path.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        assert_eq!(prefixes.iter().filter(|prefix| below(prefix)).count(), 1, "the edge knows whose {route} is");
    }
    let names: BTreeSet<&str> =
        operations.iter().filter_map(|(_, operation)| operation["operationId"].as_str()).collect();
    assert_eq!(names.len(), operations.len(), "{names:?}");
    for (route, operation) in &operations {
        let words = operation["summary"].as_str().or(operation["description"].as_str());
        assert!(words.is_some_and(|words| !words.is_empty()), "{route} says what it does");
    }
    assert_eq!(server.client().get("/docs/").await.status, StatusCode::OK);
}

/// What an audited operation commits is counted by the server in debug builds, which all tests run.
#[tokio::test]
async fn every_operation_that_is_not_a_get_is_audited() {
    /// They take a body and change nothing.
    const READS: &[&str] = &["search_web"];
    let server = gooseek().start().await;
    let document = server.client().get("/openapi.json").await.expect(StatusCode::OK);
    for (route, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        let action = Action::ALL.iter().find(|action| action.operation() == id);
        let audited = action.unwrap_or_else(|| panic!("{id} has no row in the policy")).rule().audited;
        assert_eq!(audited, !route.starts_with("get ") && !READS.contains(&id), "{route}");
    }
}

/// Strings and lists without a bound below `schema`; references are followed once.
fn unbounded(schema: &Value, document: &Value, path: &str, seen: &mut Vec<String>, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        if !seen.iter().any(|known| known == name) {
            seen.push(name.to_owned());
            unbounded(&document["components"]["schemas"][name], document, &format!("{path}>{name}"), seen, found);
        }
        return;
    }
    for option in ["oneOf", "anyOf", "allOf"].iter().flat_map(|kind| schema[kind].as_array().into_iter().flatten()) {
        unbounded(option, document, path, seen, found);
    }
    let is =
        |kind: &str| schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&kind.into()));
    let has_format = ["uuid", "date-time", "binary"].iter().any(|format| schema["format"] == *format);
    if is("string") && schema["enum"].is_null() && schema["maxLength"].is_null() && !has_format {
        found.push(path.to_owned());
    }
    if is("array") {
        if schema["maxItems"].is_null() {
            found.push(format!("{path}[]"));
        }
        unbounded(&schema["items"], document, &format!("{path}[]"), seen, found);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        unbounded(property, document, &format!("{path}.{name}"), seen, found);
    }
}

#[tokio::test]
async fn every_string_and_list_of_a_request_has_a_bound() {
    let server = gooseek().start().await;
    let document = server.client().get("/openapi.json").await.expect(StatusCode::OK);
    let mut found = Vec::new();
    for (route, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let schemas = parameters.map(|parameter| &parameter["schema"]);
        let bodies = operation["requestBody"]["content"].as_object().into_iter().flatten();
        for schema in schemas.chain(bodies.map(|(_, content)| &content["schema"])) {
            unbounded(schema, &document, &route, &mut Vec::new(), &mut found);
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn every_body_that_is_read_is_described() {
    let server = gooseek().start().await;
    let client = server.client();
    let document = client.get("/openapi.json").await.expect(StatusCode::OK);
    for (route, operation) in operations(&document) {
        let (method, path) = route.split_once(' ').unwrap();
        if !matches!(method, "post" | "patch" | "put") {
            continue;
        }
        let request =
            client.request(&method.to_uppercase(), &path.replace("{id}", "00000000-0000-0000-0000-000000000000"));
        let request = request.header("content-type", "application/json").body("no JSON");
        let read = client.send(request).await.status == StatusCode::BAD_REQUEST;
        assert_eq!(operation["requestBody"].is_object(), read, "{route}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_is_a_problem_that_names_it() {
    let server = gooseek().start().await;
    let client = server.client();
    let not_a_run = "/api/v1/chat/runs/not-an-id";
    for path in [
        "/no-such-address",
        not_a_run,
        "/api/v1/upload/not-an-id",
        "/api/v1/library/threads/not-an-id",
        "/api/v1/projects/nobodys",
        "/api/v1/search/pages/not-an-id",
    ] {
        assert_eq!(client.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/api/v1/chat/runs/not-an-id/cancel", "/api/v1/admin/bus/dead-letters/not-an-id/nobody/replay"] {
        assert_eq!(client.post(path, &json!({})).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(client.delete("/api/v1/chat").await.status, StatusCode::METHOD_NOT_ALLOWED);

    let several = json!({ "query": "", "budget": { "seconds": 0, "tokens": 0 }, "sources": [] });
    let refused = client.ask(&several).await.expect(StatusCode::BAD_REQUEST);
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().filter_map(|fault| fault["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/query", "/sources", "/budget/seconds", "/budget/tokens"]);
    for (body, pointer) in [
        (json!({ "query": 7 }), "/query"),
        (json!({ "query": "???" }), "/query"),
        (json!({ "query": "Why?", "mode": "psychic" }), "/mode"),
        (json!({ "query": "Why?", "filters": { "domain": [] } }), "/filters"),
    ] {
        let refused = client.post("/api/v1/chat", &body).await.expect(StatusCode::BAD_REQUEST);
        assert!(refused["errors"][0]["pointer"].as_str().unwrap().starts_with(pointer), "{refused}");
    }
    let broken = client.request("POST", "/api/v1/chat").header("content-type", "application/json").body("{");
    assert_eq!(client.send(broken).await.status, StatusCode::BAD_REQUEST);
    // The server closes a connection whose body it has not read to the end; no later request may meet it.
    let huge = client.request("POST", "/api/v1/chat").header("connection", "close");
    let huge = huge.header("content-type", "application/json").body(vec![b' '; 2 << 20]);
    assert_eq!(client.send(huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    for list in ["/api/v1/projects?limit=0", "/api/v1/library/threads?cursor=made-up", "/api/v1/upload?limit=x"] {
        assert_eq!(client.get(list).await.status, StatusCode::BAD_REQUEST, "{list}");
    }
    let form = client
        .request("POST", "/api/v1/upload")
        .header("content-type", "multipart/form-data; boundary=x")
        .body("nothing");
    assert_eq!(client.send(form).await.status, StatusCode::BAD_REQUEST);
}
