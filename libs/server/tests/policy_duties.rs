//! A request that changes something says what it does and commits one audit record, whoever its caller is, and one that is done in
//! a project checks it, or it fails in debug builds.
#![expect(clippy::unwrap_used, reason = "tests")]

use access::{
    Action, Allowed, Caller, Link, SecretHash, action,
    link::{LinkResolver, LinkRow, Links, Webhook},
};
use audit::Object;
use axum::{
    Router,
    body::Body,
    extract::{FromRef, State},
    routing::post,
};
use base::{Problem, Scope, SystemScope};
use db::Migrations;
use http::{Request, StatusCode};
use server::{
    Deps,
    service::{Service, ServiceBuilder, ServiceDef},
};
use testkit::service::{TestService, idle};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

const SECRET: &str = "a-secret-of-a-webhook-00";

#[derive(Clone)]
struct Recorder {
    deps: Deps,
    hooks: Links<Webhook>,
}

impl FromRef<Recorder> for Links<Webhook> {
    fn from_ref(recorder: &Recorder) -> Self {
        recorder.hooks.clone()
    }
}

/// One webhook of one organisation.
struct Hooks;

#[async_trait::async_trait]
impl LinkResolver<Webhook> for Hooks {
    async fn resolve(&self, _: &SystemScope, hash: &SecretHash) -> Result<Option<LinkRow>, Problem> {
        let row = LinkRow { org: Uuid::from_u128(1), user: None, object: Uuid::from_u128(2) };
        Ok((*hash == SecretHash::of(SECRET)).then_some(row))
    }
}

/// A service with routes that write as many records as their paths say, and commit them unless they are to be rolled back.
fn recorder() -> ServiceDef {
    ServiceDef { configure: |_| ServiceBuilder::new(build), ..idle("recorder", Migrations::NONE) }
}

async fn build(deps: Deps) -> anyhow::Result<Service> {
    let hooks = Links::new(Hooks, deps.directory.clone());
    let routes = Router::new()
        .route("/none", post(|state, who| by_user(state, who, 0, true)))
        .route("/one", post(|state, who| by_user(state, who, 1, true)))
        .route("/two", post(|state, who| by_user(state, who, 2, true)))
        .route("/rolled-back", post(|state, who| by_user(state, who, 1, false)))
        .route("/hooks/{secret}/none", post(|state, who| by_link(state, who, 0)))
        .route("/hooks/{secret}/one", post(|state, who| by_link(state, who, 1)))
        .route("/nobody/none", post(|state, who| by_nobody(state, who, 0)))
        .route("/nobody/one", post(|state, who| by_nobody(state, who, 1)))
        .route("/unsaid", post(async || StatusCode::OK).get(async || StatusCode::OK))
        .route("/read", post(async |_: Allowed<action::SearchWeb>| StatusCode::OK))
        .route("/project-unchecked", post(async |_: Allowed<action::GetProject>| StatusCode::OK))
        .route("/project-checked", post(check_project))
        .with_state(Recorder { deps, hooks });
    Ok(Service::new("recorder", OpenApiRouter::from(routes)))
}

async fn check_project(
    State(recorder): State<Recorder>,
    who: Allowed<action::GetProject>,
) -> Result<StatusCode, Problem> {
    recorder.deps.directory.check_project(&who, Action::GetProject, "project", Uuid::from_u128(7)).await?;
    Ok(StatusCode::OK)
}

async fn by_user(
    State(Recorder { deps, .. }): State<Recorder>,
    who: Allowed<action::CreateProject>,
    records: usize,
    commits: bool,
) -> Result<StatusCode, Problem> {
    record(&deps, who.scope(), &who, Action::CreateProject, records, commits).await
}

async fn by_link(
    State(Recorder { deps, .. }): State<Recorder>,
    link: Link<Webhook, action::NotifyExample>,
    records: usize,
) -> Result<StatusCode, Problem> {
    record(&deps, link.scope(), &link, Action::NotifyExample, records, true).await
}

async fn by_nobody(
    State(Recorder { deps, .. }): State<Recorder>,
    who: Allowed<action::Register>,
    records: usize,
) -> Result<StatusCode, Problem> {
    record(&deps, testkit::system().into(), &who, Action::Register, records, true).await
}

async fn record(
    deps: &Deps,
    scope: Scope,
    who: &Caller,
    action: Action,
    records: usize,
    commits: bool,
) -> Result<StatusCode, Problem> {
    let mut session = deps.db.begin(&scope).await?;
    for _ in 0..records {
        deps.audit.record(&mut session, who, action, Object::new("project", 7)).await?;
    }
    if commits {
        session.commit().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A request without an account.
async fn send(service: &TestService, method: &str, path: &str) -> StatusCode {
    service.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await.status
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
            ("/unsaid", StatusCode::INTERNAL_SERVER_ERROR),
            ("/project-unchecked", StatusCode::INTERNAL_SERVER_ERROR),
            ("/project-checked", StatusCode::OK),
        ] {
            let answer = service.send_json(&ann, "POST", path, &serde_json::json!({})).await;
            assert_eq!(answer.status, status, "{path}");
        }
    }

    async fn callers_without_an_account_owe_the_same(world: World) {
        let service = world.start(recorder()).await;
        for (method, path, status) in [
            ("POST", format!("/hooks/{SECRET}/one"), StatusCode::NO_CONTENT),
            ("POST", format!("/hooks/{SECRET}/none"), StatusCode::INTERNAL_SERVER_ERROR),
            ("POST", format!("/hooks/{SECRET}-guessed/one"), StatusCode::NOT_FOUND),
            ("POST", "/nobody/one".to_owned(), StatusCode::NO_CONTENT),
            ("POST", "/nobody/none".to_owned(), StatusCode::INTERNAL_SERVER_ERROR),
            ("POST", "/unsaid".to_owned(), StatusCode::INTERNAL_SERVER_ERROR),
            ("GET", "/unsaid".to_owned(), StatusCode::OK),
        ] {
            assert_eq!(send(&service, method, &path).await, status, "{method} {path}");
        }
    }
}
