//! Which service may call which method, over the wire and inside a process: every method of the contracts, with every kind of
//! token.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use access::{
    ALL_IN_ONE, Action, Auth, Authenticator, CachedDirectory, Caller, Role, RpcAuth, ServiceIdentity, Subject,
    Verifier,
    keys::SigningKey,
    policy::{RPC_ACL, action_of},
};
use axum::{Router, extract::Request, routing::post};
use base::time::{Clock, Ids};
use fetch::operator::OperatorClient;
use prost::Message;
use rpc::{Endpoints, PeerError, Transport};
use serde_json::{Value, json};
use server::http::{RequestMiddleware, with_middleware};
use testkit::{
    FakeServer,
    service::{Issuer, Person},
};
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;
use uuid::Uuid;

const FOREVER: Duration = Duration::from_secs(60);
const SERVICES: &[&str] = registry::NAMES;

/// The services that may call a method.
fn allowed(method: &str) -> Vec<&'static str> {
    let rule = RPC_ACL.iter().find(|rule| rule.method == method);
    let callers = rule.unwrap_or_else(|| panic!("{method} has no row")).callers;
    callers.iter().copied().chain([ALL_IN_ONE]).collect()
}

/// Every method in the contracts, and the service it belongs to.
fn methods() -> Vec<(String, String)> {
    let descriptors = prost_types::FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let mut methods = Vec::new();
    for file in &descriptors.file {
        for service in &file.service {
            let callee = file.package().split('.').nth(1).unwrap();
            let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
            methods.extend(service.method.iter().map(|method| (path(method.name()), callee.to_owned())));
        }
    }
    methods
}

/// Every service at one address, with the keys of all of them.
struct World {
    keys: Vec<SigningKey>,
    person: Person,
    client: OperatorClient,
    _server: FakeServer,
}

/// Tells for whom it was called.
async fn let_through(request: Request) -> [(&'static str, String); 2] {
    assert!(!request.headers().contains_key("x-user-id"));
    let caller = Caller::of(&tonic::Request::from_http(request)).unwrap();
    // As a handler of what is done in a project has to.
    let directory = CachedDirectory::local(Clock::system());
    directory.check_project(&caller, Action::GetProject, "project", Uuid::from_u128(3)).await.unwrap();
    let user = match caller.subject() {
        Subject::Service(name) => name.to_string(),
        _ => caller.user().to_string(),
    };
    [("grpc-status", "0".to_owned()), ("x-for", user)]
}

/// A router that knows every method.
fn routes() -> Router {
    methods().into_iter().fold(Router::new(), |routes, (path, _)| routes.route(&path, post(let_through)))
}

impl World {
    async fn start() -> Self {
        let (issuer, clock) = (Issuer::new(), Clock::system());
        let ids = Ids::new(clock.clone());
        let keys: Vec<SigningKey> = SERVICES.iter().copied().chain([ALL_IN_ONE]).map(SigningKey::generate).collect();
        let public = json!({ "keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() }).to_string();
        let callee =
            ServiceIdentity::new(ALL_IN_ONE, &keys[keys.len() - 1].pem(), &public, clock, ids.clone()).unwrap();
        let auth = Auth::Tokens(Arc::new(Verifier::pinned(issuer.public_key()).unwrap()));
        let middleware = RequestMiddleware::new(Authenticator::local(auth, RpcAuth::Known(callee)), ids.clone());
        let server = FakeServer::start(with_middleware(routes(), middleware)).await;
        let client = OperatorClient::new(&server.url(), FOREVER).unwrap();
        Self { keys, person: issuer.person(ids.next(), ids.next()), client, _server: server }
    }

    fn key(&self, name: &str) -> &SigningKey {
        self.keys.iter().find(|key| key.jwk()["kid"] == name).unwrap()
    }

    /// What came of a call, and the user it was made for.
    async fn call(&self, path: &str, token: Option<&str>, person: bool) -> (Code, String) {
        let call = self.client.request("POST".parse().unwrap(), path).timeout(FOREVER);
        let call = token.into_iter().fold(call, |call, token| call.header("x-gooseek-service", token));
        let call = if person { call.bearer_auth(self.person.token()) } else { call };
        let answer = call.send().await.unwrap();
        let status = answer.headers()["grpc-status"].to_str().unwrap().parse::<i32>().unwrap();
        let user = answer.headers().get("x-for").map(|user| user.to_str().unwrap().to_owned());
        (status.into(), user.unwrap_or_default())
    }
}

/// The claims of a good token, some of them changed.
fn claims(caller: &str, callee: &str, changes: &[(&str, Value)]) -> Value {
    let now = Clock::system().now().timestamp();
    let mut claims = json!({ "iss": caller, "aud": callee, "iat": now, "exp": now + 60, "jti": Uuid::nil() });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn exactly_the_listed_callers_get_through() {
    let world = World::start().await;
    for (path, callee) in methods() {
        for caller in SERVICES.iter().copied().chain([ALL_IN_ONE]) {
            let token = world.key(caller).sign("service+jwt", &claims(caller, &callee, &[]));
            let expected = match allowed(&path).contains(&caller) {
                true => (Code::Ok, world.person.user.to_string()),
                false => (Code::PermissionDenied, String::new()),
            };
            assert_eq!(world.call(&path, Some(&token), true).await, expected, "{caller} → {path}");
        }
    }
}

#[tokio::test]
async fn a_service_alone_is_not_a_user() {
    let world = World::start().await;
    for (path, callee) in methods() {
        let caller = allowed(&path)[0];
        let token = world.key(caller).sign("service+jwt", &claims(caller, &callee, &[]));
        let expected = match action_of(&path) {
            Some(_) => (Code::Unauthenticated, String::new()),
            None => (Code::Ok, caller.to_owned()),
        };
        assert_eq!(world.call(&path, Some(&token), false).await, expected, "{caller} → {path}");
    }
}

/// Every role, as the row of what the method does says.
#[tokio::test]
async fn a_method_is_for_users_whose_role_allows_what_it_does() {
    let world = World::start().await;
    for rule in RPC_ACL.iter().filter(|rule| rule.action.is_some()) {
        let callee = rule.method.split('.').nth(1).unwrap();
        for role in Role::ALL {
            let act = json!({ "org": Uuid::from_u128(1), "sub": Uuid::from_u128(7), "roles": [role] });
            let token = world.key("chat").sign("service+jwt", &claims("chat", callee, &[("act", act)]));
            let may = rule.action.is_none_or(|action| action.rule().roles.contains(role));
            let expected = if may { Code::Ok } else { Code::PermissionDenied };
            assert_eq!(world.call(rule.method, Some(&token), false).await.0, expected, "{role:?}: {}", rule.method);
        }
    }
}

#[tokio::test]
async fn no_other_token_opens_any_method() {
    let world = World::start().await;
    let now = Clock::system().now().timestamp();
    for (path, callee) in methods() {
        // One that would be let through, where there is one.
        let caller = allowed(&path)[0];
        let sign =
            |key: &SigningKey, changes: &[(&str, Value)]| key.sign("service+jwt", &claims(caller, &callee, changes));
        let own = world.key(caller);
        let elsewhere = SERVICES.iter().copied().find(|name| *name != callee).unwrap();
        let bad = [
            ("none", None),
            ("another callee", Some(sign(own, &[("aud", elsewhere.into())]))),
            ("expired", Some(sign(own, &[("iat", (now - 120).into()), ("exp", (now - 60).into())]))),
            ("an hour long", Some(sign(own, &[("exp", (now + 3_600).into())]))),
            ("an unknown key", Some(sign(&SigningKey::generate("stranger"), &[]))),
            ("another key of that name", Some(sign(&SigningKey::generate(caller), &[]))),
            ("another's name", Some(sign(world.key("library"), &[]))),
            ("a person's", Some(world.person.token().to_owned())),
        ];
        for (what, token) in bad {
            for person in [false, true] {
                let (code, _) = world.call(&path, token.as_deref(), person).await;
                assert_eq!(code, Code::Unauthenticated, "{what} (with a person's token: {person}) → {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_listed_caller_is_believed_when_it_names_a_user() {
    let world = World::start().await;
    let ada = Uuid::from_u128(7);
    let act = json!({ "org": Uuid::from_u128(1), "sub": ada, "roles": ["member"] });
    for (path, callee) in methods().into_iter().filter(|(path, _)| action_of(path).is_some()) {
        for caller in allowed(&path) {
            let token = world.key(caller).sign("service+jwt", &claims(caller, &callee, &[("act", act.clone())]));
            let outcome = world.call(&path, Some(&token), true).await;
            assert_eq!(outcome, (Code::Ok, ada.to_string()), "{caller} → {path}");
        }
    }
}

/// All services in one process, with accounts.
struct OneProcess {
    endpoints: Endpoints,
    person: Person,
}

impl OneProcess {
    fn start() -> Self {
        let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
        let auth = Auth::Tokens(Arc::new(Verifier::pinned(issuer.public_key()).unwrap()));
        let access = Authenticator::new(auth, RpcAuth::Closed, CachedDirectory::local(Clock::system()));
        let middleware = RequestMiddleware::new(access, ids.clone());
        let endpoints = Endpoints::new(registry::names());
        for &name in SERVICES {
            endpoints.connect_local(name, with_middleware(routes(), middleware.clone())).unwrap();
        }
        Self { endpoints, person: issuer.person(ids.next(), ids.next()) }
    }

    /// What comes of a call in the name of the person.
    async fn call(&self, transport: Transport, path: &str) -> Code {
        let request = self.person.http("POST", path).body(Body::empty()).unwrap();
        match transport.oneshot(request).await {
            Ok(answer) => Status::from_header_map(answer.headers()).unwrap().code(),
            Err(status) => status.code(),
        }
    }
}

#[tokio::test]
async fn inside_a_process_the_same_callers_get_through() {
    let process = OneProcess::start();
    for (path, callee) in methods() {
        let callee = SERVICES.iter().copied().find(|name| *name == callee).unwrap();
        for caller in SERVICES.iter().copied().chain([ALL_IN_ONE]) {
            match process.endpoints.for_caller(caller).to(callee) {
                Ok(transport) => {
                    let expected = if allowed(&path).contains(&caller) { Code::Ok } else { Code::PermissionDenied };
                    assert_eq!(process.call(transport, &path).await, expected, "{caller} → {path}");
                }
                Err(error) => {
                    assert!(matches!(error, PeerError::NotListed { .. }), "{error}");
                    assert!(!allowed(&path).contains(&caller), "{caller} → {path}");
                }
            }
        }
        // A method that a new service has without a row is refused before anybody runs it as a cluster.
        let unlisted = format!("{path}Twice");
        let chat = process.endpoints.for_caller(ALL_IN_ONE).to(callee).unwrap();
        assert_eq!(process.call(chat, &unlisted).await, Code::PermissionDenied, "{unlisted}");
    }
}

#[test]
fn a_service_that_does_not_exist_is_an_error_at_start() {
    let endpoints = Endpoints::new(registry::names());
    assert!(matches!(endpoints.for_caller("chat").to("serach"), Err(PeerError::Unknown(_))));
    assert!(matches!(endpoints.connect_local("serach", Router::new()), Err(PeerError::Unknown(_))));
    assert!(matches!(endpoints.for_caller("library").to("search"), Err(PeerError::NotListed { .. })));
}
