//! The OpenAPI documents are valid, and the server does what its document says.

use std::{fs, process::Command};

use http::StatusCode;
use serde_json::Value;
use testkit::{FakeOpenAi, FakeSearxng, FakeWeb, Script, gooseek::Builder, python_module};

use crate::support::{gooseek, on_postgres, with_model};

/// Statuses that are no fault. 502 and 503 say that something the server asks does not work. A cursor, the other request of an
/// `Idempotency-Key`, the content of a file, a good password and a right secret cannot be told from their schemas, nor that a
/// question has a letter of some script: `\p{L}` is no pattern to readers in Python. A stream without an
/// end is not waited for.
const CONFIGURATION: &str = r#"
hooks = "hooks.py"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 502, 503]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 404, 409, 412, 422, 502, 503]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 414, 415, 422, 428, 429]
[[operations]]
include-operation-id = ["list_dead_jobs", "list_dead_letters", "list_files", "list_projects", "list_threads"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404]
[[operations]]
include-operation-id = ["list_api_keys", "list_members", "list_invitations", "list_notifications"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404]
[[operations]]
include-operation-id = [
    "set_up", "register", "log_in", "log_in_second_factor", "refresh_session", "log_out", "forgot_password", "reset_password",
    "confirm_totp", "create_api_key", "switch_organisation", "invite", "change_password", "verify_email",
    "device_tokens", "get_device", "approve_device", "set_identity_provider", "claim_domain",
]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 429]
[[operations]]
include-operation-id = "ask"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 409, 412, 422, 502, 503]
[[operations]]
include-operation-id = "follow_notifications"
enabled = false
[[operations]]
include-operation-id = "upload_file"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 404, 415, 422]
"#;

/// To JSON Schema, 16.0 is an integer; to serde it is not.
const HOOKS: &str = "
import schemathesis

def integers(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [integers(item) for item in value]
    if isinstance(value, dict):
        return {name: integers(item) for name, item in value.items()}
    return value

@schemathesis.hook
def map_body(context, body):
    return integers(body)
";

/// What Schemathesis holds each answer against. `ignored_auth` is not among them: a machine without accounts asks for no
/// token.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,negative_data_rejection,positive_data_acceptance,unsupported_method,\
    allow_header_conformance,use_after_free,ensure_resource_availability";

#[tokio::test]
async fn the_documents_of_all_services_and_of_each_are_valid() {
    let Some(mut validator) = python_module("openapi_spec_validator") else { return };
    let folder = tempfile::tempdir().unwrap();
    validator.args(["--schema", "3.1"]);
    for service in ["all"].into_iter().chain(registry::names()) {
        let server = if service == "all" { gooseek() } else { gooseek().arg("--only").arg(service) };
        let server = server.start().await;
        let document = server.client().get("/openapi.json").await.expect(StatusCode::OK);
        assert_complete(service, &document);
        let file = folder.path().join(format!("{service}.json"));
        fs::write(&file, document.to_string()).unwrap();
        validator.arg(file);
    }
    expect_success(validator);
}

/// What the rules of OpenAPI do not ask for, and readers of the document do.
fn assert_complete(service: &str, document: &Value) {
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let route = format!("{service}: {method} {path}");
            assert!(operation["security"].is_array(), "{route} says whether it needs a token");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{route} has the tag of its service");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters {
                let in_path = path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap()));
                assert_eq!(parameter["in"] == "path", in_path, "{route}: {parameter}");
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = match response["$ref"].as_str() {
                    Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                    None => response,
                };
                assert!(response["description"].is_string(), "{route}: {status} has no description");
                if status.starts_with('4') {
                    assert!(response["content"]["application/problem+json"].is_object(), "{route}: {status}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_server_does_what_its_document_says() {
    check_against_document(gooseek()).await;
}

#[tokio::test]
async fn on_postgres_the_server_does_what_its_document_says() {
    if let Some(server) = on_postgres().await {
        check_against_document(server).await;
    }
}

async fn check_against_document(server: Builder) {
    let Some(mut schemathesis) = python_module("schemathesis.cli") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("schemathesis.toml"), CONFIGURATION).unwrap();
    fs::write(folder.path().join("hooks.py"), HOOKS).unwrap();
    let (web, model) = (FakeWeb::start().await, FakeOpenAi::start(Script::default()).await);
    let engine = FakeSearxng::start(&web.url()).await;
    let server = with_model(server.set("SEARXNG_URL", engine.url()), &model).start().await;
    schemathesis
        .current_dir(folder.path())
        .args(["run", &format!("{}/openapi.json", server.url())])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing,stateful"])
        .args(["--max-examples", "5", "--seed", "1", "--generation-database", "none"])
        .args(["--request-timeout", "20", "--workers", "1", "--continue-on-failure", "--no-shrink", "--no-color"]);
    let run = tokio::task::spawn_blocking(move || expect_success(schemathesis));
    run.await.unwrap();
    assert_eq!(server.client().get("/health").await.status, StatusCode::OK);
}

fn expect_success(mut command: Command) {
    let output = command.output().expect("python3 can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
