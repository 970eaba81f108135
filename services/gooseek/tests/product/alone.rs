//! Each service as a process of its own: it starts, becomes ready, answers HTTP and gRPC, and stops in order.

use std::path::PathBuf;

use base::time::{Clock, Ids};
use http::StatusCode;
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use serde_json::json;
use testkit::{
    FakeOpenAi, Gooseek, Script,
    gooseek::{Builder, Keys, check_log},
    service::Issuer,
};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::support::{GOOSEEK, with_model};

const NOBODYS: &str = "01900000-0000-7000-8000-000000000000";

/// The first route of a service that reads something; what it reads is nobody's.
async fn readable(server: &Gooseek) -> String {
    let document = server.client().get("/openapi.json").await.expect(StatusCode::OK);
    let paths = document["paths"].as_object().unwrap();
    let own = paths.iter().filter(|(path, _)| !path.starts_with("/api/v1/admin/"));
    // Not one that must be told what to look for.
    let free = |operation: &serde_json::Value| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        operation.is_object() && parameters.clone().all(|known| known["in"] == "path" || known["required"] != true)
    };
    let (path, _) = own.into_iter().find(|(_, methods)| free(&methods["get"])).expect("each service has such a route");
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { NOBODYS } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The program of a service, which `cargo test --workspace` builds beside the one under test.
fn program(name: &str) -> Builder {
    let path = PathBuf::from(GOOSEEK).with_file_name(name);
    assert!(path.exists(), "{} is missing: test the whole workspace", path.display());
    Gooseek::alone(path)
}

async fn health(url: &str) -> ServingStatus {
    let channel = tonic::transport::Endpoint::new(url.to_owned()).unwrap().connect().await.unwrap();
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap();
    answer.into_inner().status()
}

#[tokio::test]
async fn each_service_starts_serves_and_stops_by_itself() {
    let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
    let person = issuer.person(ids.next(), ids.next());
    for name in registry::names().map(|name| format!("{name}-svc")) {
        let mut server = program(&name).set("JWT_PUBLIC_KEY", issuer.public_key()).start().await;
        assert_eq!(server.client().get("/health").await.status, StatusCode::OK, "{name}");
        let path = readable(&server).await;
        assert_eq!(server.client().get(&path).await.status, StatusCode::UNAUTHORIZED, "{name}");
        let answer = server.client_of(&person).get(&path).await.status;
        assert!(matches!(answer, StatusCode::OK | StatusCode::NOT_FOUND), "{name}: {answer} for {path}");
        assert_eq!(health(server.url()).await, ServingStatus::Serving, "{name}");
        let stopped = server.stop().await;
        assert_eq!(stopped.code, Some(0), "{name}");
    }
}

#[tokio::test]
async fn without_accounts_a_service_tells_its_health_and_nothing_else() {
    // auth-svc has accounts.
    for service in registry::SERVICES.iter().filter(|service| **service != registry::AUTH) {
        let name = format!("{}-svc", service.name);
        let server = program(&name).start().await;
        assert_eq!(server.client().get("/health").await.status, StatusCode::OK, "{name}");
        let refused = server.client().get(service.prefixes[0]).await.expect(StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused["detail"].as_str().unwrap().contains("JWT_PUBLIC_KEY"), "{refused}");
        assert_eq!(health(server.url()).await, ServingStatus::Serving, "{name}");
    }
}

#[tokio::test]
async fn services_in_processes_of_their_own_call_each_other_in_a_persons_name() {
    let keys = Keys::bootstrap(GOOSEEK).await;
    let model = FakeOpenAi::start(Script::default()).await;
    let projects = keys.give(program("projects-svc"), "projects").start().await;
    let chat = keys.give(with_model(program("chat-svc"), &model), "chat");
    let chat = chat.set("PROJECTS_SVC_URL", projects.url()).start().await;
    projects.client_with(keys.owner()).make_project("handbook").await;
    let ask = json!({ "query": "Say hello", "project": "handbook", "sources": [], "mode": "speed" });
    let events = chat.client_with(keys.owner()).ask_stream(&ask).await.rest().await;
    assert_eq!(check_log(&events).data["status"], "complete");
    assert_eq!(events[0].data["project"]["slug"], "handbook");
    assert_eq!(chat.client().ask(&ask).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_persons_token_alone_opens_no_call_between_services() {
    let keys = Keys::bootstrap(GOOSEEK).await;
    let projects = keys.give(program("projects-svc"), "projects").start().await;
    projects.client_with(keys.owner()).make_project("handbook").await;
    let channel = tonic::transport::Endpoint::new(projects.url().to_owned()).unwrap().connect().await.unwrap();
    let mut client = ProjectsServiceClient::new(channel);
    let resolve = || tonic::Request::new(ResolveRequest { slug_or_id: "handbook".to_owned() });
    assert_eq!(client.resolve(resolve()).await.unwrap_err().code(), Code::Unauthenticated);
    let mut person = resolve();
    person.metadata_mut().insert("authorization", format!("Bearer {}", keys.owner()).parse().unwrap());
    assert_eq!(client.resolve(person).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn the_contracts_between_services_are_shown_to_nobody_without_a_token() {
    let keys = Keys::bootstrap(GOOSEEK).await;
    let server = keys.give(program("projects-svc"), "projects").start().await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let client = server.client();
    assert_eq!(client.send(client.request("POST", path)).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_keys_calls_between_services_are_closed_and_say_so() {
    let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
    let projects = program("projects-svc").set("JWT_PUBLIC_KEY", issuer.public_key()).start().await;
    let chat = program("chat-svc").set("JWT_PUBLIC_KEY", issuer.public_key());
    let chat = chat.set("PROJECTS_SVC_URL", projects.url()).start().await;
    let ada = issuer.person(ids.next(), ids.next());
    projects.client_of(&ada).make_project("handbook").await;
    let ask = json!({ "query": "Say hello", "project": "handbook" });
    let refused = chat.client_of(&ada).ask(&ask).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused["detail"].as_str().unwrap().contains("SERVICE_KEY"), "{refused}");
}
