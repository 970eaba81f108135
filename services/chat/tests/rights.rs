//! A run keeps the rights of its owner when another process goes on with it.
#![expect(clippy::unwrap_used, reason = "tests")]

use access::{Caller, Role, Subject};
use axum::{Router, body::Body, extract::Request, routing::post};
use db::Migrations;
use http::StatusCode;
use serde_json::json;
use server::service::{Service, ServiceBuilder, ServiceDef};
use testkit::service::idle;
use tokio::sync::broadcast;
use utoipa_axum::router::OpenApiRouter;

/// The callers of upload-svc, in the order in which they came.
static CALLERS: std::sync::LazyLock<broadcast::Sender<Caller>> = std::sync::LazyLock::new(|| broadcast::channel(64).0);

/// An upload-svc that tells who called, and never answers.
async fn retrieve(request: Request<Body>) {
    let caller = Caller::of(&tonic::Request::from_http(request)).unwrap();
    CALLERS.send(caller).unwrap();
    std::future::pending::<()>().await;
}

fn upload() -> ServiceDef {
    ServiceDef {
        configure: |_| {
            ServiceBuilder::new(|_| async {
                let mut service = Service::new("upload", OpenApiRouter::new());
                service.grpc = Router::new().route("/gooseek.upload.v1.UploadService/Retrieve", post(retrieve));
                Ok(service)
            })
        },
        ..idle("upload", Migrations::NONE)
    }
}

testkit::on_both! {
    async fn a_run_that_is_taken_over_keeps_the_rights_of_its_owner(world: World) {
        let mut callers = CALLERS.subscribe();
        let _upload = world.start(upload()).await;
        let first = world.start(chat_svc::SERVICE).await;
        let who = world.person_with(&[Role::Guest, Role::Billing]);
        let question = json!({ "query": "Where is the key?", "sources": ["files"], "background": true });
        let request = who.http("POST", "/api/v1/chat").header("content-type", "application/json");
        let asked = first.http.clone();
        let asked = tokio::spawn(async move {
            use tower::ServiceExt;
            asked.oneshot(request.body(Body::from(question.to_string())).unwrap()).await.unwrap().status()
        });
        let mut next = async || loop {
            // Both databases are tested at once.
            let caller = callers.recv().await.unwrap();
            if caller.user() == who.user {
                return caller;
            }
        };
        let begun = next().await;
        assert_eq!(asked.await.unwrap(), StatusCode::OK);
        drop(first);

        world.clock.advance(std::time::Duration::from_secs(60));
        let _second = world.start(chat_svc::SERVICE).await;
        let resumed = next().await;
        assert_eq!((resumed.org(), resumed.user()), (who.org, who.user));
        assert_eq!((resumed.roles(), resumed.scopes()), (begun.roles(), begun.scopes()));
        assert!(!resumed.roles().contains(Role::Member), "its owner is none");
        assert_eq!(resumed.subject(), &Subject::User);
    }
}
