//! From a request to its caller, through the middleware of the server: tokens, API keys, secret links, and where the client is.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use access::{
    Allowed, ApiKey, Auth, Authenticator, CachedDirectory, Directory, Link, OrgPolicy, ProjectRole, Role, Roles,
    RpcAuth, Scopes, SecretHash, Subject, TrustedProxies, Verifier, action,
    link::{LinkResolver, LinkRow, Links, SharePage, Webhook},
};
use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, FromRef},
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base::{
    Problem, SystemScope,
    time::{Clock, Ids},
};
use serde_json::{Value, json};
use server::http::{RequestMiddleware, with_middleware};
use testkit::service::{Answer, Issuer, Person, TestClock};
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

const STRICT: Uuid = Uuid::from_u128(1);
const OPEN: Uuid = Uuid::from_u128(2);
const USER: Uuid = Uuid::from_u128(3);
const SECRET: &str = "gooseek_0123456789abcdef";
const SHARED: &str = "a-secret-of-a-share-page";
const HOOK: &str = "a-secret-of-a-webhook-00";

/// Knows one organisation that demands a second factor and forbids sharing, and one API key. Counts what it is asked.
#[derive(Debug, Clone, Default)]
struct TestDirectory {
    asked: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    revoked: Arc<AtomicBool>,
}

impl TestDirectory {
    fn answer<T>(&self, answer: T) -> Result<T, Problem> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) { Err(Problem::unavailable("auth-svc is down")) } else { Ok(answer) }
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Directory for TestDirectory {
    async fn organisation(&self, org: Uuid) -> Result<OrgPolicy, Problem> {
        self.answer(OrgPolicy { mfa_required: org == STRICT, public_sharing: org != STRICT })
    }

    async fn project_role(&self, org: Uuid, user: Uuid, _: Uuid) -> Result<Option<ProjectRole>, Problem> {
        self.answer((org == OPEN && user == USER).then_some(ProjectRole::Viewer))
    }

    async fn api_key(&self, hash: &SecretHash) -> Result<Option<ApiKey>, Problem> {
        let known = *hash == SecretHash::of(SECRET) && !self.revoked.load(Ordering::SeqCst);
        let (roles, scopes) = (Roles::of(&[Role::Owner]), Scopes::parse("projects:read"));
        self.answer(known.then(|| ApiKey { id: Uuid::from_u128(4), org: OPEN, user: USER, roles, scopes }))
    }
}

/// One share page of each organisation and one webhook.
struct Rows;

#[async_trait::async_trait]
impl LinkResolver<SharePage> for Rows {
    async fn resolve(&self, _: &SystemScope, hash: &SecretHash) -> Result<Option<LinkRow>, Problem> {
        let row = |org| Some(LinkRow { org, user: Some(USER), object: Uuid::from_u128(5) });
        let strict = format!("{SHARED}-strict");
        Ok(if *hash == SecretHash::of(SHARED) {
            row(OPEN)
        } else if *hash == SecretHash::of(&strict) {
            row(STRICT)
        } else {
            None
        })
    }
}

#[async_trait::async_trait]
impl LinkResolver<Webhook> for Rows {
    async fn resolve(&self, _: &SystemScope, hash: &SecretHash) -> Result<Option<LinkRow>, Problem> {
        let row = LinkRow { org: STRICT, user: None, object: Uuid::from_u128(6) };
        Ok((*hash == SecretHash::of(HOOK)).then_some(row))
    }
}

#[derive(Clone)]
struct State {
    pages: Links<SharePage>,
    hooks: Links<Webhook>,
}

impl FromRef<State> for Links<SharePage> {
    fn from_ref(state: &State) -> Self {
        state.pages.clone()
    }
}

impl FromRef<State> for Links<Webhook> {
    fn from_ref(state: &State) -> Self {
        state.hooks.clone()
    }
}

/// A server with accounts, whose routes tell their caller.
struct Server {
    app: Router,
    directory: TestDirectory,
    cached: CachedDirectory,
    clock: TestClock,
    issuer: Issuer,
}

async fn list(who: Allowed<action::ListProjects>) -> String {
    let client = who.client();
    let subject = if matches!(who.subject(), Subject::ApiKey(_)) { "key" } else { "user" };
    json!({
        "subject": subject, "org": who.org(), "user": who.user(), "address": client.address,
        "agent": client.user_agent.as_deref(), "request": *client.request_id,
    })
    .to_string()
}

/// What it would make is there already, so that nothing is owed to the audit log.
async fn create(_: Allowed<action::CreateProject>) -> StatusCode {
    StatusCode::CONFLICT
}

#[utoipa::path(get, path = "/share/{secret}", operation_id = "get_shared_example")]
async fn page(link: Link<SharePage, action::GetSharedExample>) -> Response {
    Json(json!({ "org": link.org(), "user": link.user(), "object": link.object() })).into_response()
}

/// What it would be told of is known already, so that nothing is owed to the audit log.
async fn hook(link: Link<Webhook, action::NotifyExample>) -> (StatusCode, String) {
    (StatusCode::CONFLICT, json!({ "org": link.org(), "user": link.user(), "object": link.object() }).to_string())
}

/// A share page that says it does what is for a webhook.
async fn mistaken(_: Link<SharePage, action::NotifyExample>) {}

impl Server {
    fn start() -> Self {
        let (issuer, clock, directory) = (Issuer::new(), TestClock::default(), TestDirectory::default());
        let cached = CachedDirectory::new(directory.clone(), clock.clock());
        let state = State { pages: Links::new(Rows, cached.clone()), hooks: Links::new(Rows, cached.clone()) };
        let routes = Router::new()
            .route("/projects", get(list).post(create))
            .route("/share/{secret}", get(page))
            .route("/mistaken/{secret}", get(mistaken))
            .route("/hooks/{secret}", post(hook))
            .with_state(state);
        let auth = Auth::Tokens(Arc::new(Verifier::pinned(issuer.public_key()).unwrap()));
        let proxies = TrustedProxies::parse(&["10.0.0.0/8".to_owned()]).unwrap();
        let access = Authenticator::new(auth, RpcAuth::Closed, cached.clone());
        let middleware = RequestMiddleware { proxies, ..RequestMiddleware::new(access, Ids::new(Clock::system())) };
        Self { app: with_middleware(routes, middleware), directory, cached, clock, issuer }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.app.clone().oneshot(request).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str) -> Answer {
        self.send(Request::post(path).body(Body::empty()).unwrap()).await
    }

    async fn with_token(&self, method: &str, token: &str) -> Answer {
        let request =
            Request::builder().method(method).uri("/projects").header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    fn person(&self, org: Uuid, special: &Value) -> Person {
        self.issuer.person_claiming(org, USER, special)
    }
}

#[tokio::test]
async fn a_caller_has_its_address_its_agent_and_the_id_of_its_request() {
    let server = Server::start();
    let token = server.person(OPEN, &json!({ "role": "member" }));
    for (peer, address) in [("203.0.113.9", "203.0.113.9"), ("10.1.2.3", "198.51.100.1")] {
        let request = token.http("GET", "/projects").header("x-forwarded-for", "1.1.1.1, 198.51.100.1");
        let request = request.header("user-agent", "curl/8").header("x-request-id", "given-by-the-client");
        let mut request = request.body(Body::empty()).unwrap();
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        request.extensions_mut().insert(ConnectInfo(peer));
        let who = server.send(request).await.expect(StatusCode::OK);
        assert_eq!(who["address"], address, "from {peer}");
        assert_eq!((&who["agent"], &who["request"]), (&json!("curl/8"), &json!("given-by-the-client")));
        assert_eq!((&who["org"], &who["user"]), (&json!(OPEN), &json!(USER)));
    }
}

#[tokio::test]
async fn a_handler_is_reached_by_callers_that_may_do_what_it_does() {
    let server = Server::start();
    assert_eq!(server.get("/projects").await.status, StatusCode::UNAUTHORIZED);
    for (special, read, write) in [
        (json!({ "role": "member" }), StatusCode::OK, StatusCode::CONFLICT),
        (json!({ "role": "guest" }), StatusCode::OK, StatusCode::FORBIDDEN),
        (json!({ "roles": ["billing"] }), StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        (json!({ "roles": ["billing", "admin"] }), StatusCode::OK, StatusCode::CONFLICT),
        (json!({ "role": "owner", "scope": "projects:read" }), StatusCode::OK, StatusCode::FORBIDDEN),
        (json!({ "role": "owner", "scope": "" }), StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
    ] {
        let person = server.person(OPEN, &special);
        assert_eq!(server.with_token("GET", person.token()).await.status, read, "{special}");
        assert_eq!(server.with_token("POST", person.token()).await.status, write, "{special}");
    }
}

#[tokio::test]
async fn an_organisation_may_ask_for_a_second_factor() {
    let server = Server::start();
    let once = server.person(STRICT, &json!({ "role": "owner", "amr": ["pwd"] }));
    let twice = server.person(STRICT, &json!({ "role": "owner", "amr": ["pwd", "otp", "mfa"] }));
    assert_eq!(server.with_token("GET", once.token()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(server.with_token("GET", twice.token()).await.status, StatusCode::OK);
    let elsewhere = server.person(OPEN, &json!({ "role": "owner" }));
    assert_eq!(server.with_token("GET", elsewhere.token()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_api_key_opens_its_scopes_until_it_is_revoked() {
    let server = Server::start();
    let who = server.with_token("GET", SECRET).await.expect(StatusCode::OK);
    assert_eq!((&who["subject"], &who["org"], &who["user"]), (&json!("key"), &json!(OPEN), &json!(USER)));
    assert_eq!(server.with_token("POST", SECRET).await.status, StatusCode::FORBIDDEN, "its scope is to read");
    assert_eq!(server.with_token("GET", "gooseek_guessed").await.status, StatusCode::UNAUTHORIZED);
    server.directory.revoked.store(true, Ordering::SeqCst);
    server.cached.forget_api_key(&SecretHash::of(SECRET));
    assert_eq!(server.with_token("GET", SECRET).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_secret_link_opens_the_organisation_of_its_row() {
    let server = Server::start();
    let page = server.get(&format!("/share/{SHARED}")).await.expect(StatusCode::OK);
    assert_eq!(page, json!({ "org": OPEN, "user": USER, "object": Uuid::from_u128(5) }));
    let hook = server.post(&format!("/hooks/{HOOK}")).await.expect(StatusCode::CONFLICT);
    assert_eq!(hook, json!({ "org": STRICT, "user": Uuid::nil(), "object": Uuid::from_u128(6) }));
    server.post(&format!("/hooks/{SHARED}")).await.expect(StatusCode::NOT_FOUND);
    server.get(&format!("/mistaken/{SHARED}")).await.expect(StatusCode::FORBIDDEN);
    for path in [
        format!("/share/{HOOK}"),
        format!("/share/{SHARED}x"),
        format!("/share/{SHARED}-strict"),
        "/share/short".to_owned(),
        format!("/share/{}", "x".repeat(300)),
    ] {
        let refused = server.get(&path).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(refused["detail"], "link not found", "{path}");
    }
}

#[test]
fn a_secret_link_is_described_as_part_of_its_address() {
    let mut routes: OpenApiRouter<State> = kit::routes![page];
    let document = serde_json::to_value(routes.to_openapi()).unwrap();
    let operation = &document["paths"]["/share/{secret}"]["get"];
    assert_eq!((&operation["parameters"][0]["in"], &operation["security"]), (&json!("path"), &json!([{}])));
}

#[tokio::test]
async fn the_directory_is_asked_once_in_a_while_and_again_after_a_change() {
    let server = Server::start();
    let (directory, cached) = (&server.directory, &server.cached);
    let project = Uuid::from_u128(9);
    let role = async || cached.project_role(OPEN, USER, project).await;
    for _ in 0..3 {
        assert_eq!(role().await.unwrap(), Some(ProjectRole::Viewer));
        assert!(cached.organisation(STRICT).await.unwrap().mfa_required);
        assert!(cached.api_key(SecretHash::of(SECRET)).await.unwrap().is_some());
    }
    assert_eq!(directory.asked(), 3, "each fact once");
    assert_eq!(cached.project_role(STRICT, USER, project).await.unwrap(), None, "a role is one organisation's");
    assert_eq!(directory.asked(), 1);

    cached.forget_project(project);
    role().await.unwrap();
    assert_eq!(directory.asked(), 1);
    cached.forget_organisation(OPEN);
    cached.api_key(SecretHash::of(SECRET)).await.unwrap();
    cached.organisation(STRICT).await.unwrap();
    assert_eq!(directory.asked(), 1, "the key is the organisation's, the other organisation is not");

    server.clock.advance(Duration::from_secs(61));
    role().await.unwrap();
    assert_eq!(directory.asked(), 1);
}

#[tokio::test]
async fn while_the_directory_is_down_its_last_answers_count_for_a_while() {
    let server = Server::start();
    let cached = &server.cached;
    cached.organisation(STRICT).await.unwrap();
    server.directory.is_down.store(true, Ordering::SeqCst);
    server.clock.advance(Duration::from_secs(300));
    assert!(cached.organisation(STRICT).await.unwrap().mfa_required);
    assert!(cached.organisation(OPEN).await.is_err(), "nothing is known of this one");
    server.clock.advance(Duration::from_secs(600));
    assert!(cached.organisation(STRICT).await.is_err());
}
