//! Who may call which method, over the wire: every method that the contracts have, with every kind of token.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use access::{Auth, Caller, RpcAuth, ServiceIdentity, Verifier, keys::SigningKey};
use axum::{Router, http::HeaderMap, routing::post};
use base::time::{Clock, Ids};
use fetch::operator::OperatorClient;
use prost::Message;
use serde_json::{Value, json};
use server::http::{AdaptiveLimiter, Frame, framed};
use testkit::{
    FakeServer,
    service::{Issuer, Person},
};
use tonic::Code;
use uuid::Uuid;

const FOREVER: Duration = Duration::from_secs(60);
const SERVICES: [&str; 5] = ["chat", "search", "upload", "library", "projects"];

/// Every method, and who gets through. A method that is new needs a row here and in the table of the server.
const ALLOWED: [(&str, &[&str]); 7] = [
    ("/gooseek.projects.v1.ProjectsService/Resolve", &["chat", "upload", "gooseek"]),
    ("/gooseek.search.v1.SearchService/Passages", &["chat", "gooseek"]),
    ("/gooseek.search.v1.SearchService/Read", &[]),
    ("/gooseek.search.v1.SearchService/Search", &[]),
    ("/gooseek.search.v1.SearchService/Snapshot", &[]),
    ("/gooseek.search.v1.SearchService/Suggest", &[]),
    ("/gooseek.upload.v1.UploadService/Retrieve", &["chat", "gooseek"]),
];
/// Who is believed when it names a person.
const ACT: [&str; 2] = ["chat", "gooseek"];

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

/// Tells whom it was called for.
async fn let_through(headers: HeaderMap, who: Option<axum::Extension<Caller>>) -> [(&'static str, String); 2] {
    assert!(!headers.contains_key("x-user-id"));
    [("grpc-status", "0".to_owned()), ("x-for", who.map(|who| who.user.to_string()).unwrap_or_default())]
}

impl World {
    async fn start() -> Self {
        let (issuer, clock) = (Issuer::new(), Clock::system());
        let ids = Ids::new(clock.clone());
        let keys: Vec<SigningKey> = SERVICES.into_iter().chain(["gooseek"]).map(SigningKey::generate).collect();
        let public = json!({ "keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() }).to_string();
        let routes =
            methods().into_iter().fold(Router::new(), |routes, (path, _)| routes.route(&path, post(let_through)));
        let callee = ServiceIdentity::new("gooseek", &keys[5].pem(), &public, clock, ids.clone()).unwrap();
        let frame = Frame {
            auth: Auth::Tokens(Arc::new(Verifier::pinned(issuer.public_key()).unwrap())),
            guard: None,
            callers: RpcAuth::Known(callee),
            limiter: AdaptiveLimiter::default(),
            ids: ids.clone(),
        };
        let server = FakeServer::start(framed(routes, frame)).await;
        let client = OperatorClient::new(&server.url(), FOREVER).unwrap();
        Self { keys, person: issuer.person(ids.next(), ids.next()), client, _server: server }
    }

    fn key(&self, name: &str) -> &SigningKey {
        self.keys.iter().find(|key| key.jwk()["kid"] == name).unwrap()
    }

    /// What came of a call, and the person it was made for.
    async fn call(&self, path: &str, token: Option<&str>, person: bool) -> (Code, String) {
        let call = self.client.request("POST".parse().unwrap(), path).timeout(FOREVER);
        let call = token.into_iter().fold(call, |call, token| call.header("x-gooseek-service", token));
        let call = if person { call.bearer_auth(self.person.token()) } else { call };
        let answer = call.send().await.unwrap();
        let status = answer.headers()["grpc-status"].to_str().unwrap().parse::<i32>().unwrap();
        let whom = answer.headers().get("x-for").map(|whom| whom.to_str().unwrap().to_owned());
        (status.into(), whom.unwrap_or_default())
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
    let mut seen = BTreeSet::new();
    for (path, callee) in methods() {
        let allowed = ALLOWED.iter().find(|(known, _)| *known == path).map(|(_, callers)| *callers);
        let allowed = allowed.unwrap_or_else(|| panic!("who may call {path}?"));
        for caller in SERVICES.into_iter().chain(["gooseek"]) {
            let token = world.key(caller).sign("service+jwt", &claims(caller, &callee, &[]));
            let expected = if allowed.contains(&caller) { Code::Ok } else { Code::PermissionDenied };
            assert_eq!(world.call(&path, Some(&token), false).await, (expected, String::new()), "{caller} → {path}");
            seen.insert((path.clone(), caller, expected == Code::Ok));
        }
    }
    let through = seen.iter().filter(|(.., through)| *through).count();
    assert_eq!(through, ALLOWED.iter().map(|(_, callers)| callers.len()).sum::<usize>(), "every row is of a method");
}

#[tokio::test]
async fn no_other_token_opens_any_method() {
    let world = World::start().await;
    let now = Clock::system().now().timestamp();
    for (path, callee) in methods() {
        // One that would be let through, where there is one.
        let caller = ALLOWED.iter().find(|(known, _)| *known == path).and_then(|(_, callers)| callers.first()).copied();
        let caller = caller.unwrap_or("chat");
        let sign =
            |key: &SigningKey, changes: &[(&str, Value)]| key.sign("service+jwt", &claims(caller, &callee, changes));
        let own = world.key(caller);
        let elsewhere = SERVICES.into_iter().find(|name| *name != callee).unwrap();
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
async fn only_who_may_act_for_a_person_is_believed_to() {
    let world = World::start().await;
    let ada = Uuid::from_u128(7);
    let act = json!({ "org": Uuid::from_u128(1), "sub": ada, "role": "member" });
    for (path, callers) in ALLOWED {
        let callee = path.split('.').nth(1).unwrap();
        for caller in callers {
            let token = world.key(caller).sign("service+jwt", &claims(caller, callee, &[("act", act.clone())]));
            let expected = match ACT.contains(caller) {
                true => (Code::Ok, ada.to_string()),
                false => (Code::PermissionDenied, String::new()),
            };
            assert_eq!(world.call(path, Some(&token), true).await, expected, "{caller} → {path}");
            let token = world.key(caller).sign("service+jwt", &claims(caller, callee, &[]));
            let whom = world.call(path, Some(&token), true).await;
            assert_eq!(whom, (Code::Ok, world.person.user.to_string()), "the person's own token travels along");
        }
    }
}
