//! Forged access tokens: not one of them is believed by any service, over HTTP or gRPC, however it is sent.
#![expect(clippy::unwrap_used, reason = "tests")]

mod corpus;
mod forger;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use access::Verifier;
use axum::{Json, Router, body::Body, http::StatusCode};
use forger::Forger;
use http::Request;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use server::service::ServiceDef;
use testkit::{
    FakeServer,
    service::{Answer, TestService, World},
};
use tower::ServiceExt;

const PASSWORD: &str = "wetterfrosch kuckuck";
const SET_UP_TOKEN: &str = "a-token-that-a-test-has-put-there";
/// Unauthenticated.
const REFUSED: &str = "16";

/// A service, and how it is asked for something that needs a token.
struct Asked {
    service: TestService,
    name: &'static str,
    route: &'static str,
    methods: Vec<&'static str>,
}

fn services() -> Vec<(ServiceDef, &'static str)> {
    let services = vec![
        (auth_svc::SERVICE, "/api/v1/auth/me"),
        (projects_svc::SERVICE, "/api/v1/projects"),
        (search_svc::SERVICE, "/api/v1/search/engines"),
        (upload_svc::SERVICE, "/api/v1/upload"),
        (chat_svc::SERVICE, "/api/v1/chat/capabilities"),
        (library_svc::SERVICE, "/api/v1/library/threads"),
        (notifications_svc::SERVICE, "/api/v1/notifications"),
    ];
    let names: Vec<&str> = services.iter().map(|(service, _)| service.name).collect();
    assert_eq!(names, registry::names().collect::<Vec<_>>(), "a new service has a route here");
    services
}

/// Every service with accounts, and a real session: its answer.
async fn start(world: &mut World) -> (Vec<Asked>, Value) {
    world.use_accounts();
    let mut asked = Vec::new();
    for (spec, route) in services() {
        let of_service = |rule: &&access::policy::RpcRule| access::policy::rpc_callee(rule.method) == Some(spec.name);
        let methods = access::policy::RPC_ACL.iter().filter(of_service).map(|rule| rule.method).collect();
        asked.push(Asked { service: world.start(spec).await, name: spec.name, route, methods });
    }
    let hash: String =
        access::SecretHash::of(SET_UP_TOKEN).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let update = format!("UPDATE one_time_secrets SET hash = X'{hash}' WHERE kind = 'set_up'");
    world.as_owner("auth", update).await;
    let account = json!({
        "token": SET_UP_TOKEN, "email": "owner@example.org", "password": PASSWORD, "name": "Olga", "organisation": "Acme",
    });
    let request = Request::post("/api/v1/auth/setup").header("content-type", "application/json");
    let made = asked[0].service.send(request.body(Body::from(account.to_string())).unwrap()).await;
    let session = made.expect(StatusCode::CREATED);
    (asked, session)
}

impl Asked {
    async fn get(&self, header: &str, value: &str) -> Answer {
        self.service.send(Request::get(self.route).header(header, value).body(Body::empty()).unwrap()).await
    }

    /// The gRPC status of a call with an empty message; `None` when the method was reached and began to answer.
    async fn call(&self, method: &str, token: &str) -> Option<String> {
        let message = tonic::body::Body::new(Body::from(vec![0; 5]));
        let request = Request::post(method).header("content-type", "application/grpc").header("te", "trailers");
        let request = request.header("authorization", format!("Bearer {token}")).body(message).unwrap();
        match self.service.transport().oneshot(request).await {
            Ok(response) => Some(response.headers().get("grpc-status")?.to_str().unwrap().to_owned()),
            Err(status) => Some(i32::from(status.code()).to_string()),
        }
    }

    /// Asks with a token in every way.
    async fn assert_refused(&self, what: &str, token: &str) {
        let bearer = format!("Bearer {token}");
        let cookies = [format!("gooseek_access={token}"), format!("__Host-gooseek_access={token}")];
        for (header, value) in [("authorization", &bearer), ("cookie", &cookies[0]), ("cookie", &cookies[1])] {
            let status = self.get(header, value).await.status;
            let too_large = token.len() > 16_000 && status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            assert!(status == StatusCode::UNAUTHORIZED || too_large, "{}: {header}: {what}: {status}", self.name);
        }
        for method in &self.methods {
            let status = self.call(method, token).await;
            let too_large = token.len() > 16_000 && status.as_deref().is_some_and(|status| status != "0");
            assert!(status.as_deref() == Some(REFUSED) || too_large, "{method}: {what}: {status:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_service_believes_a_forged_token() {
    let mut world = World::sqlite();
    let (services, session) = start(&mut world).await;
    let (token, refresh) = (session["access_token"].as_str().unwrap(), session["refresh_token"].as_str().unwrap());
    let published = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
    let published = services[0].service.send(published).await.expect(StatusCode::OK);
    let forger = Forger::new(token, &published);

    // Where a stranger publishes its key, and nobody may look.
    let (visits, key) = (Arc::new(AtomicUsize::new(0)), forger.strange_jwk(&json!("stranger")));
    let counted = visits.clone();
    let stranger = FakeServer::start(Router::new().fallback(move || async move {
        counted.fetch_add(1, Ordering::Relaxed);
        Json(json!({ "keys": [key] }))
    }))
    .await;

    let reissued = forger.issued(&forger.header, &forger.claims);
    for asked in &services {
        for real in [token, &reissued] {
            assert_eq!(
                asked.get("authorization", &format!("Bearer {real}")).await.status,
                StatusCode::OK,
                "{}",
                asked.name
            );
            assert_eq!(
                asked.get("cookie", &format!("gooseek_access={real}")).await.status,
                StatusCode::OK,
                "{}",
                asked.name
            );
            for method in &asked.methods {
                assert_ne!(asked.call(method, real).await.as_deref(), Some(REFUSED), "{method}");
            }
        }
    }
    let corpus = corpus::all(&forger, refresh, &stranger.url());
    assert!(corpus.len() >= 60, "{}", corpus.len());
    for (what, forged) in &corpus {
        assert_ne!(forged, token, "{what} is the real token");
        for asked in &services {
            asked.assert_refused(what, forged).await;
        }
    }
    assert_eq!(visits.load(Ordering::Relaxed), 0, "no key is fetched from where a token says");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_with_any_bit_changed_is_refused() {
    let mut world = World::sqlite();
    let (services, session) = start(&mut world).await;
    let token = session["access_token"].as_str().unwrap().as_bytes();
    let published = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
    let published = services[0].service.send(published).await.expect(StatusCode::OK);
    let verifier = Verifier::pinned(&published.to_string()).unwrap();
    verifier.verify(std::str::from_utf8(token).unwrap()).await.unwrap();

    let every = (0..token.len() * 8).map(|bit| vec![bit]);
    let mut random = StdRng::seed_from_u64(1);
    let several = (0..10_000).map(|_| {
        let count = random.random_range(2..=4);
        (0..count).map(|_| random.random_range(0..token.len() * 8)).collect::<Vec<usize>>()
    });
    for bits in every.chain(several) {
        let mut changed = token.to_vec();
        for bit in &bits {
            changed[bit / 8] ^= 1 << (bit % 8);
        }
        // What is no text cannot be sent as a header.
        let Ok(text) = std::str::from_utf8(&changed) else { continue };
        assert!(changed == token || verifier.verify(text).await.is_err(), "bits {bits:?}");
    }
}
