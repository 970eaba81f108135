//! What the middleware believes of a request, and what a call carries to another service.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{convert::Infallible, sync::Arc, time::Duration};

use access::{Auth, Authenticator, RpcAuth, ServiceIdentity, Verifier, keys::SigningKey};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    routing::{get, post},
};
use base::time::{Clock, Ids};
use futures::stream;
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use rpc::Endpoints;
use serde_json::json;
use server::http::{RequestMiddleware, with_middleware};
use testkit::{
    FakeServer,
    service::{Issuer, Person},
};
use tokio::{sync::mpsc, time::timeout};
use tower::ServiceExt;

/// Less than a body that pauses is given.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with accounts and one person.
struct Accounts {
    issuer: Issuer,
    ids: Ids,
}

impl Accounts {
    fn new() -> Self {
        Self { issuer: Issuer::new(), ids: Ids::new(Clock::system()) }
    }

    fn person(&self) -> Person {
        self.issuer.person(self.ids.next(), self.ids.next())
    }

    fn verifier(&self) -> Verifier {
        Verifier::pinned(self.issuer.public_key()).unwrap()
    }

    fn with_middleware(&self, routes: Router) -> Router {
        let access = Authenticator::local(Auth::Tokens(Arc::new(self.verifier())), RpcAuth::Anyone);
        with_middleware(routes, RequestMiddleware::new(access, self.ids.clone()))
    }
}

/// A body that does not end.
fn unfinished() -> Body {
    Body::from_stream(stream::pending::<Result<bytes::Bytes, Infallible>>())
}

#[tokio::test]
async fn a_deadline_is_for_services_to_set_and_not_for_persons() {
    let accounts = Accounts::new();
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        "done"
    };
    let routes = Router::new().route("/slow", get(slow)).route("/gooseek.search.v1.SearchService/Passages", get(slow));
    let ask = async |path: &str| {
        let request = accounts.person().http("GET", path).header("grpc-timeout", "1m").body(Body::empty()).unwrap();
        accounts.with_middleware(routes.clone()).oneshot(request).await.unwrap()
    };
    let answer = ask("/slow").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("grpc-status"));
    let given_up = ask("/gooseek.search.v1.SearchService/Passages").await;
    assert_eq!(given_up.headers()["grpc-status"], (tonic::Code::DeadlineExceeded as i32).to_string());
}

#[tokio::test]
async fn the_contracts_are_shown_to_people_with_a_token() {
    let accounts = Accounts::new();
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let routes = Router::new().route(path, post(|| async { "contracts" }));
    // Whoever asks may ask more after the first answer.
    let ask = async |request: http::request::Builder| {
        let asked = accounts.with_middleware(routes.clone()).oneshot(request.body(unfinished()).unwrap());
        timeout(PATIENCE, asked).await.expect("the end of the body is not waited for").unwrap().status()
    };
    assert_eq!(ask(Request::post(path)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(Request::post(path).header("authorization", "Bearer guess")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(accounts.person().http("POST", path)).await, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_says_to_be_too_long_is_not_waited_for() {
    let accounts = Accounts::new();
    let routes = Router::new().route("/notes", post(async |_: kit::JsonBody<serde_json::Value>| "kept"));
    let request = accounts.person().http("POST", "/notes").header("content-length", "3000000");
    let asked = accounts.with_middleware(routes).oneshot(request.body(unfinished()).unwrap());
    let answer = timeout(PATIENCE, asked).await.expect("it is refused at once").unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// It would open the public API to whoever reads it on the way.
#[tokio::test]
async fn a_persons_token_goes_along_with_no_call() {
    let accounts = Accounts::new();
    let who = accounts.verifier().verify(accounts.person().token()).await.unwrap().caller;
    let (heard, mut hears) = mpsc::unbounded_channel();
    let resolve = move |headers: HeaderMap| async move {
        heard.send(headers).unwrap();
        [("grpc-status", "5")]
    };
    let (_, health) = tonic_health::server::health_reporter();
    let health = tonic::service::Routes::from(Router::new()).add_service(health).into_axum_router();
    let routes = Router::new().route("/gooseek.projects.v1.ProjectsService/Resolve", post(resolve)).merge(health);
    let server = FakeServer::start(routes).await;
    for name in ["chat", "upload"] {
        let key = SigningKey::generate(name);
        let public = json!({ "keys": [key.jwk()] }).to_string();
        let caller = ServiceIdentity::new(name, &key.pem(), &public, Clock::system(), accounts.ids.clone()).unwrap();
        let endpoints = Endpoints::new(["projects"]);
        endpoints.connect_remote("projects", &server.url(), Some(caller)).unwrap();
        let message = who.request(ResolveRequest { slug_or_id: "handbook".to_owned() });
        let answer =
            ProjectsServiceClient::new(endpoints.for_caller(name).to("projects").unwrap()).resolve(message).await;
        assert_eq!(answer.unwrap_err().code(), tonic::Code::NotFound);
        let headers = hears.recv().await.unwrap();
        assert!(headers.contains_key("x-gooseek-service"), "{name}");
        assert!(!headers.contains_key("authorization"), "{name}");
    }
}
