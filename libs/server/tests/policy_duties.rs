//! A request that changes something commits one audit record, and one that is done in a project checks it, or it fails in debug
//! builds.

use access::{Action, Allowed, action};
use audit::Object;
use axum::{Router, extract::State, routing::post};
use base::Problem;
use db::Migrations;
use http::StatusCode;
use server::{
    Deps,
    service::{Service, ServiceBuilder, ServiceDef},
};
use testkit::service::idle;
use utoipa_axum::router::OpenApiRouter;

/// A service with one route that writes as many records as its path says, and commits them unless it is to be rolled back.
fn recorder() -> ServiceDef {
    ServiceDef { configure: |_| ServiceBuilder::new(build), ..idle("recorder", Migrations::NONE) }
}

async fn build(deps: Deps) -> anyhow::Result<Service> {
    let routes = Router::new()
        .route("/none", post(|state, who| record(state, who, 0, true)))
        .route("/one", post(|state, who| record(state, who, 1, true)))
        .route("/two", post(|state, who| record(state, who, 2, true)))
        .route("/rolled-back", post(|state, who| record(state, who, 1, false)))
        .route("/read", post(async |_: Allowed<action::SearchWeb>| StatusCode::OK))
        .route("/project-unchecked", post(async |_: Allowed<action::GetProject>| StatusCode::OK))
        .route("/project-checked", post(check_project))
        .with_state(deps);
    Ok(Service::new("recorder", OpenApiRouter::from(routes)))
}

async fn check_project(State(deps): State<Deps>, who: Allowed<action::GetProject>) -> Result<StatusCode, Problem> {
    let project = uuid::Uuid::from_u128(7);
    deps.directory.check_project(&who, Action::GetProject, "project", project).await?;
    Ok(StatusCode::OK)
}

async fn record(
    State(deps): State<Deps>,
    who: Allowed<action::CreateProject>,
    records: usize,
    commits: bool,
) -> Result<StatusCode, Problem> {
    let mut session = deps.db.begin(&who.scope()).await?;
    for _ in 0..records {
        deps.audit.record(&mut session, &who, Action::CreateProject, Object::new("project", 7)).await?;
    }
    if commits {
        session.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

testkit::on_both! {
    async fn what_a_handler_forgot_is_found_by_the_first_request(world: World) {
        let (service, ann) = (world.start(recorder()).await, world.person());
        for (path, status) in [
            ("/one", StatusCode::NO_CONTENT),
            ("/read", StatusCode::OK),
            ("/none", StatusCode::INTERNAL_SERVER_ERROR),
            ("/two", StatusCode::INTERNAL_SERVER_ERROR),
            ("/rolled-back", StatusCode::INTERNAL_SERVER_ERROR),
            ("/project-unchecked", StatusCode::INTERNAL_SERVER_ERROR),
            ("/project-checked", StatusCode::OK),
        ] {
            let answer = service.send_json(&ann, "POST", path, &serde_json::json!({})).await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
}
