//! Calls to a service that is in trouble: how often they are made again, and when the service is left alone.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use access::{ALL_IN_ONE, Auth, Authenticator, RpcAuth};
use axum::{Router, http::HeaderMap, routing::post};
use base::time::{Clock, Ids};
use futures::{StreamExt, future::join_all, stream};
use http::Request;
use rpc::{Endpoints, Transport, retry};
use server::http::{RequestMiddleware, with_middleware};
use testkit::FakeServer;
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

const FOREVER: Duration = Duration::from_secs(60);
const METHOD: &str = "/gooseek.search.v1.SearchService/Passages";

/// What the callee answers: code, and the pause it asks for.
type Answer = (Code, Option<&'static str>);

/// A callee that counts its calls and answers each as told.
#[derive(Clone)]
struct Callee {
    calls: Arc<AtomicUsize>,
    answer: Arc<dyn Fn(usize) -> Answer + Send + Sync>,
}

impl Callee {
    fn new(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), answer: Arc::new(answer) }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn routes(&self) -> Router {
        let callee = self.clone();
        let handler = move || async move {
            let (code, pause) = (callee.answer)(callee.calls.fetch_add(1, Ordering::SeqCst));
            head(code, pause)
        };
        Router::new().route(METHOD, post(handler))
    }

    fn peer(&self) -> Transport {
        peer(self.routes())
    }
}

fn head(code: Code, pause: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-status", (code as i32).into());
    if let Some(pause) = pause {
        headers.insert("grpc-retry-pushback-ms", pause.parse().unwrap());
    }
    headers
}

/// The way to search-svc in this process.
fn peer(routes: Router) -> Transport {
    let endpoints = Endpoints::new(["search"]);
    endpoints.connect_local("search", routes).unwrap();
    endpoints.for_caller(ALL_IN_ONE).to("search").unwrap()
}

/// The way to search-svc in another process.
async fn remote(routes: Router) -> (Transport, FakeServer) {
    let (_, health) = tonic_health::server::health_reporter();
    let access = Authenticator::local(Auth::LocalOwner, RpcAuth::Anyone);
    let middleware = RequestMiddleware::new(access, Ids::new(Clock::system()));
    let health = tonic::service::Routes::from(Router::new()).add_service(health).into_axum_router();
    let server = FakeServer::start(with_middleware(routes.merge(health), middleware)).await;
    let endpoints = Endpoints::new(["search"]);
    endpoints.connect_remote("search", &server.url(), None).unwrap();
    (endpoints.for_caller(ALL_IN_ONE).to("search").unwrap(), server)
}

async fn call(transport: &Transport, headers: &[(&str, &str)]) -> Result<(), Status> {
    let mut request = Request::post(METHOD);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = transport.clone().oneshot(request.body(Body::empty()).unwrap()).await?;
    match Status::from_header_map(answer.headers()) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(()),
    }
}

async fn call_again(transport: &Transport) -> Result<(), Status> {
    retry(transport, || call(transport, &[])).await
}

/// Waits until a call is answered well.
async fn healed(transport: &Transport) {
    let healed = async {
        while call(transport, &[]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(FOREVER, healed).await.expect("calls go through again");
}

#[tokio::test]
async fn a_callee_that_is_down_is_left_alone_and_used_again_when_it_is_back() {
    const RPC_ACL: usize = 500;
    let down = Arc::new(AtomicUsize::new(1));
    let state = down.clone();
    let callee = Callee::new(move |_| match state.load(Ordering::SeqCst) {
        0 => (Code::Ok, None),
        _ => (Code::Unavailable, None),
    });
    let transport = callee.peer();
    let calls = stream::iter(0..RPC_ACL).map(|_| call_again(&transport)).buffer_unordered(50);
    assert!(calls.all(|answer| async move { answer.is_err() }).await);
    assert!(callee.calls() < RPC_ACL / 2, "{} of {RPC_ACL} calls reached it: its breaker is open", callee.calls());

    down.store(0, Ordering::SeqCst);
    healed(&transport).await;
    let before = callee.calls();
    let answers = join_all((0..RPC_ACL).map(|_| call_again(&transport))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(callee.calls() - before, RPC_ACL, "nothing of the outage is left");
}

#[tokio::test]
async fn a_tenth_of_the_calls_is_made_again_and_three_a_second() {
    const RPC_ACL: usize = 300;
    // Not as bad as to open the breaker.
    let callee = Callee::new(|call| match call % 9 {
        0 | 2 | 4 | 6 => (Code::Unavailable, None),
        _ => (Code::Ok, None),
    });
    let transport = callee.peer();
    let started = Instant::now();
    for _ in 0..RPC_ACL {
        let _ = call_again(&transport).await;
    }
    let again = callee.calls() - RPC_ACL;
    let allowed = RPC_ACL as f64 / 10.0 + 3.0 * started.elapsed().as_secs_f64() + 2.0;
    assert!(again as f64 <= allowed, "{again} retries, {allowed} allowed");
    assert!(again >= RPC_ACL / 20, "{again} retries are fewer than would help");
}

#[tokio::test]
async fn a_callee_says_when_to_call_again_and_when_not_to() {
    let busy = Callee::new(|call| if call == 0 { (Code::ResourceExhausted, Some("300")) } else { (Code::Ok, None) });
    let started = Instant::now();
    call_again(&busy.peer()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(300) && busy.calls() == 2);

    let once: [Answer; 5] = [
        (Code::Unavailable, Some("-1")),
        (Code::Unavailable, Some("soon")),
        (Code::Unavailable, Some("60000")),
        (Code::ResourceExhausted, None),
        (Code::Internal, None),
    ];
    for answer in once {
        let callee = Callee::new(move |_| answer);
        assert_eq!(call_again(&callee.peer()).await.unwrap_err().code(), answer.0);
        assert_eq!(callee.calls(), 1, "{answer:?}");
    }
}

/// A service that calls another one to answer: `inner` at every call.
fn between(inner: Transport, calls: Arc<AtomicUsize>) -> Router {
    let handler = move || async move {
        calls.fetch_add(1, Ordering::SeqCst);
        head(call_again(&inner).await.err().map_or(Code::Ok, |status| status.code()), None)
    };
    Router::new().route(METHOD, post(handler))
}

#[tokio::test]
async fn calls_are_made_again_at_one_layer_only() {
    for in_this_process in [true, false] {
        let inner = Callee::new(|_| (Code::Unavailable, None));
        let outer = Arc::new(AtomicUsize::new(0));
        let routes = between(inner.peer(), outer.clone());
        let (transport, _server) = match in_this_process {
            true => (peer(routes), None),
            false => {
                let (transport, server) = remote(routes).await;
                (transport, Some(server))
            }
        };
        // Enough for a full budget.
        for _ in 0..6 {
            assert_eq!(call_again(&transport).await.unwrap_err().code(), Code::Unavailable);
        }
        let outer = outer.load(Ordering::SeqCst);
        assert!(outer > 6, "{outer}: the outer call is made again");
        assert_eq!(inner.calls(), outer, "the inner one is not");
    }
}

#[tokio::test]
async fn that_a_caller_had_little_time_left_does_not_open_the_breaker_of_the_callee() {
    let silent = Router::new().route(
        METHOD,
        post(|headers: HeaderMap| async move {
            if !headers.contains_key("answer") {
                std::future::pending::<()>().await;
            }
            head(Code::Ok, None)
        }),
    );
    let inner = peer(silent);
    let outer = {
        let inner = inner.clone();
        Router::new().route(
            "/gooseek.search.v1.Between/{number}",
            post(move || async move {
                let _ = call(&inner, &[]).await;
            }),
        )
    };
    let outer = peer(outer);
    let hurried = (0..60).map(|number| {
        let request = Request::post(format!("/gooseek.search.v1.Between/{number}")).header("grpc-timeout", "50m");
        outer.clone().oneshot(request.body(Body::empty()).unwrap())
    });
    join_all(hurried).await;
    call(&inner, &[("answer", "yes")]).await.unwrap();

    // A callee that does not answer in its own time is to blame.
    let slow = (0..20).map(|_| call(&inner, &[("grpc-timeout", "50m")]));
    assert!(join_all(slow).await.iter().all(Result::is_err));
    let refused = call(&inner, &[("answer", "yes")]).await.unwrap_err();
    assert!(refused.message().contains("left alone"), "{refused}");
}
