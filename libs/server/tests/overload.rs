//! More requests than a server can serve: some are refused at once, those it takes are served, and nobody is starved.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{convert::Infallible, sync::Arc, time::Duration};

use access::{Action, Allowed, Auth, Authenticator, CachedDirectory, Caller, RpcAuth, action};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
    routing::{get, post},
};
use base::time::{Clock, Ids};
use fetch::operator::OperatorClient;
use futures::{FutureExt, future::join_all, stream};
use serde_json::Value;
use server::http::{AdaptiveLimiter, Bounds, RequestMiddleware, exempt_from_limit, with_middleware};
use testkit::{
    FakeServer,
    service::{Issuer, Person},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, watch},
    time::{Instant, advance, sleep, timeout},
};
use tower::ServiceExt;

/// Nothing here takes so long unless it takes forever.
const FOREVER: Duration = Duration::from_secs(60);
const TWO: Bounds = Bounds { min: 2, max: 2 };
const CALL: &str = "/gooseek.search.v1.SearchService/Passages";
const STREAM: &str = "/gooseek.upload.v1.UploadService/Retrieve";

/// What the handlers of a test do, and what they see.
#[derive(Clone)]
struct Work {
    /// A request is answered when it finds a permit.
    gate: Arc<Semaphore>,
    /// Requests that have begun.
    begun: watch::Sender<usize>,
    /// Organisations, in the order in which they were served.
    served: watch::Sender<Vec<uuid::Uuid>>,
    /// Requests in their handlers.
    present: watch::Sender<usize>,
}

/// A server with a route whose requests wait at a gate.
struct Server {
    work: Work,
    issuer: Issuer,
    ids: Ids,
    limiter: AdaptiveLimiter,
    /// What it serves, for tests that set the clock: a network does not follow it.
    app: Router,
    server: FakeServer,
}

/// A request in its handler.
struct Present(watch::Sender<usize>);

impl Present {
    fn new(present: &watch::Sender<usize>) -> Self {
        present.send_modify(|present| *present += 1);
        Self(present.clone())
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.send_modify(|present| *present -= 1);
    }
}

async fn gated(State(work): State<Work>, who: Allowed<action::ListProjects>) -> &'static str {
    let _present = Present::new(&work.present);
    work.begun.send_modify(|begun| *begun += 1);
    work.served.send_modify(|served| served.push(who.org()));
    work.gate.acquire().await.unwrap().forget();
    "done"
}

async fn watched(State(work): State<Work>) {
    work.begun.send_modify(|begun| *begun += 1);
    work.gate.acquire().await.unwrap().forget();
}

async fn read(State(work): State<Work>, _: Allowed<action::SearchWeb>, _body: bytes::Bytes) -> &'static str {
    let _present = Present::new(&work.present);
    work.begun.send_modify(|begun| *begun += 1);
    work.gate.acquire().await.unwrap().forget();
    "done"
}

/// A call whose answer has begun and does not end.
async fn endless(request: Request<Body>) -> Response {
    let caller = Caller::attached(request.extensions()).expect("the call has a caller");
    let directory = CachedDirectory::local(Clock::system());
    directory.check_project(caller, Action::GetFileText, "file", uuid::Uuid::from_u128(3)).await.unwrap();
    let body = Body::from_stream(stream::pending::<Result<bytes::Bytes, Infallible>>());
    Response::builder().header(header::CONTENT_TYPE, "application/grpc").body(body).unwrap()
}

/// Keeps the process busy: nothing else is done meanwhile.
async fn busy(State(work): State<Work>) {
    let _present = Present::new(&work.present);
    advance(Duration::from_millis(5)).await;
}

impl Server {
    async fn start(bounds: Bounds) -> Self {
        let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
        let work = Work {
            gate: Arc::new(Semaphore::new(0)),
            begun: watch::Sender::new(0),
            served: watch::Sender::default(),
            present: watch::Sender::new(0),
        };
        let long = |work: State<Work>, who: Allowed<action::ListProjects>| async {
            exempt_from_limit();
            gated(work, who).await
        };
        let routes = Router::new()
            .route("/gated", get(gated))
            .route("/long", post(long))
            .route(CALL, post(gated))
            .route(STREAM, post(endless))
            .route("/busy", get(busy))
            .route("/body", post(read))
            .route("/free", get(|| async {}))
            .route("/slow", get(|| sleep(Duration::from_secs(1))))
            .route("/health", get(watched))
            .route("/metrics", get(watched))
            .with_state(work.clone());
        let verifier = access::Verifier::pinned(issuer.public_key()).unwrap();
        let limiter = AdaptiveLimiter::with_bounds(bounds);
        let access = Authenticator::local(Auth::Tokens(Arc::new(verifier)), RpcAuth::Anyone);
        let middleware = RequestMiddleware { limiter: limiter.clone(), ..RequestMiddleware::new(access, ids.clone()) };
        let app = with_middleware(routes, middleware);
        let server = FakeServer::start(app.clone()).await;
        Self { work, issuer, ids, limiter, app, server }
    }

    fn person(&self) -> Person {
        self.issuer.person(self.ids.next(), self.ids.next())
    }

    fn client(&self) -> OperatorClient {
        OperatorClient::new(&self.server.url(), FOREVER).unwrap()
    }

    /// Asks in the background.
    fn ask(&self, who: &Person, method: &str, path: &str) -> tokio::task::JoinHandle<(StatusCode, HeaderMap, Value)> {
        let asked = self.client().request(method.parse().unwrap(), path).bearer_auth(who.token()).timeout(FOREVER);
        tokio::spawn(async move {
            let answer = asked.send().await.unwrap();
            let (status, headers) = (answer.status(), answer.headers().clone());
            (status, headers, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
        })
    }

    /// Asks without a network, as somebody unknown.
    async fn get(&self, path: &str) -> StatusCode {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.app.clone().oneshot(request).await.unwrap().status()
    }

    /// Calls without a network. `deadline` is in milliseconds.
    async fn call(&self, who: &Person, path: &str, deadline: u32) -> Response {
        let request = who.http("POST", path).header("grpc-timeout", format!("{deadline}m"));
        self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// Sets the limits from here on.
    fn watch(&self) {
        let limiter = self.limiter.clone();
        tokio::spawn(async move { limiter.adjust_limits().await });
    }

    async fn begun(&self, requests: usize) {
        let mut begun = self.work.begun.subscribe();
        let waited = tokio::time::timeout(FOREVER, begun.wait_for(|begun| *begun >= requests)).await;
        waited.expect("the requests reach the handler").unwrap();
    }
}

#[tokio::test]
async fn a_request_too_many_is_refused_while_the_others_are_served() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let served = [server.ask(&who, "GET", "/gated"), server.ask(&who, "GET", "/gated")];
    server.begun(2).await;
    let (status, headers, problem) = server.ask(&who, "GET", "/gated").await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        (&headers["retry-after"], &headers["content-type"]),
        (&"1".parse().unwrap(), &"application/problem+json".parse().unwrap())
    );
    assert_eq!(problem["code"], "overloaded");
    assert_eq!(
        server.ask(&who, "GET", "/free").await.unwrap().0,
        StatusCode::OK,
        "another route has a limit of its own"
    );
    let watching = ["/health", "/metrics"].into_iter().flat_map(|path| [path; 3]);
    let watching: Vec<_> = watching.map(|path| server.ask(&who, "GET", path)).collect();
    server.begun(2 + 6).await;
    server.work.gate.add_permits(2 + 6);
    for served in join_all(served.into_iter().chain(watching)).await {
        assert_eq!(served.unwrap().0, StatusCode::OK);
    }
    server.work.gate.add_permits(1);
    assert_eq!(server.ask(&who, "GET", "/gated").await.unwrap().0, StatusCode::OK, "there are places again");
}

/// What became of a call.
fn status(answer: &Response) -> Option<tonic::Code> {
    Some(tonic::Status::from_header_map(answer.headers())?.code())
}

#[tokio::test(start_paused = true)]
async fn a_call_too_many_is_told_when_to_come_again() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let call = || server.call(&who, CALL, 60_000);
    let (_, _, refused) = tokio::join!(call(), call(), async {
        let refused = call().await;
        server.work.gate.add_permits(2);
        refused
    });
    assert_eq!(refused.status(), StatusCode::OK, "a gRPC client looks at its own status");
    assert_eq!(status(&refused), Some(tonic::Code::ResourceExhausted));
    assert_eq!(refused.headers()["grpc-retry-pushback-ms"], "1000");
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_its_turn_within_its_callers_deadline() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let begun = Instant::now();
    let served = [(); 2].map(|()| server.call(&who, CALL, 1_000));
    let (_, late, waiting) =
        tokio::join!(join_all(served), server.call(&who, CALL, 300), server.call(&who, CALL, 1_500));
    assert_eq!(status(&late), Some(tonic::Code::DeadlineExceeded), "not refused after the 2 s that a call may wait");
    assert_eq!(status(&waiting), Some(tonic::Code::DeadlineExceeded), "its turn came after 1 s, with 500 ms left");
    assert!(begun.elapsed() < Duration::from_millis(1_600), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_call_has_its_place_until_the_end_of_its_answer() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let call = || server.call(&who, STREAM, 60_000);
    let (first, second) = (call().await, call().await);
    assert_eq!(status(&call().await), Some(tonic::Code::ResourceExhausted));
    drop(first);
    let third = call().await;
    assert_eq!((status(&second), status(&third)), (None, None), "both are being answered");
}

#[tokio::test(start_paused = true)]
async fn an_organisation_that_asks_for_ten_times_as_much_does_not_starve_another() {
    let server = Server::start(TWO).await;
    let (many, few) = (server.person(), server.person());
    let ask = |who: &Person| {
        let asked = server.app.clone().oneshot(who.http("GET", "/gated").body(Body::empty()).unwrap());
        asked.map(|answer| answer.unwrap().status())
    };
    // More than there are places in the queue, again and again.
    let flood = join_all((0..100).map(|_| async {
        loop {
            if ask(&many).await != StatusCode::OK {
                sleep(Duration::from_millis(10)).await;
            }
        }
    }));
    // One place becomes free at a time.
    let freed = async {
        loop {
            sleep(Duration::from_millis(20)).await;
            server.work.gate.add_permits(1);
        }
    };
    let rounds = async {
        server.begun(2).await;
        for round in 1..=20 {
            assert_eq!(ask(&few).await, StatusCode::OK, "round {round}");
        }
        let served = server.work.served.borrow();
        let share = served.iter().filter(|org| **org == few.org).count();
        assert!(share * 4 >= served.len(), "{share} of {}", served.len());
    };
    tokio::select! {
        () = rounds => {}
        _ = flood => {}
        () = freed => {}
    }
}

#[tokio::test]
async fn a_place_is_free_again_when_its_client_has_gone() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let leaving = [server.ask(&who, "GET", "/gated"), server.ask(&who, "GET", "/gated")];
    server.begun(2).await;
    for asked in leaving {
        asked.abort();
    }
    let served = async {
        server.work.present.subscribe().wait_for(|present| *present == 0).await.unwrap();
        server.work.gate.add_permits(1);
        while server.ask(&who, "GET", "/gated").await.unwrap().0 != StatusCode::OK {}
    };
    tokio::time::timeout(FOREVER, served).await.expect("nobody has the places of those who left");
}

#[tokio::test]
async fn what_exempt_from_limit_by_nature_is_limited_elsewhere() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let asked: Vec<_> = (0..100).map(|_| server.ask(&who, "POST", "/long")).collect();
    server.begun(100).await;
    server.work.gate.add_permits(100);
    for answer in join_all(asked).await {
        assert_eq!(answer.unwrap().0, StatusCode::OK);
    }
}

#[tokio::test]
async fn whoever_sends_slowly_has_no_place_before_the_body_is_whole_and_one_then() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut connection = TcpStream::connect(server.server.addr()).await.unwrap();
        let head = format!(
            "POST /body HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
            who.token()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(status_line(&mut connection).await, "HTTP/1.1 100", "the body is waited for");
        connection.read_exact(&mut [0; 13]).await.unwrap();
        connection.write_all(b"sl").await.unwrap();
        slow.push(connection);
    }
    server.work.gate.add_permits(1);
    assert_eq!(server.ask(&who, "POST", "/body").await.unwrap().0, StatusCode::OK, "nobody waits for them");
    for connection in &mut slow {
        connection.write_all(b"ow").await.unwrap();
    }
    let answers = join_all(slow.iter_mut().map(status_line));
    let opened = async {
        let refused = server.work.present.subscribe();
        // Those that are too many have waited longer than any of them may.
        refused.clone().wait_for(|present| *present == 2).await.unwrap();
        sleep(Duration::from_millis(500)).await;
        assert_eq!(*refused.borrow(), 2);
        server.work.gate.add_permits(8);
    };
    let (answers, ()) = timeout(FOREVER, futures::future::join(answers, opened)).await.unwrap();
    let served = answers.iter().filter(|line| *line == "HTTP/1.1 200").count();
    let refused = answers.iter().filter(|line| *line == "HTTP/1.1 503").count();
    assert!(served >= 2 && refused >= 1 && served + refused == 8, "{answers:?}");
}

async fn status_line(connection: &mut TcpStream) -> String {
    let mut line = [0; 12];
    connection.read_exact(&mut line).await.unwrap();
    String::from_utf8(line.to_vec()).unwrap()
}

/// Every round is as many as the limit was at first, so one that had become lower would show.
#[tokio::test(start_paused = true)]
async fn a_route_that_waits_for_others_is_not_limited_while_the_process_is_idle() {
    let server = Server::start(Bounds::default()).await;
    server.watch();
    for round in 1..=10 {
        let slow = join_all((0..1_024).map(|_| server.get("/slow"))).await;
        assert!(slow.iter().all(|status| *status == StatusCode::OK), "round {round}");
        for _ in 0..100 {
            assert_eq!(server.get("/free").await, StatusCode::OK);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_crowd_is_served_as_far_as_the_process_goes_and_forgotten_afterwards() {
    let server = Server::start(Bounds { min: 4, max: 1_024 }).await;
    server.watch();
    let begun = Instant::now();
    let visitor = || async {
        let (mut served, mut refused) = (0, 0);
        while begun.elapsed() < Duration::from_secs(30) {
            match server.get("/busy").await {
                StatusCode::OK => served += 1,
                StatusCode::SERVICE_UNAVAILABLE => {
                    refused += 1;
                    sleep(Duration::from_millis(100)).await;
                }
                other => panic!("{other}"),
            }
        }
        (served, refused, *server.work.present.borrow())
    };
    let crowd = join_all((0..400).map(|_| visitor())).await;
    let served: u32 = crowd.iter().map(|(served, ..)| served).sum();
    let refused: u32 = crowd.iter().map(|(_, refused, _)| refused).sum();
    assert!(served > 30 * 1_000 / 5 / 2, "all the while as many as there is time for: {served}");
    assert!(refused > 1_000, "{refused}");
    assert!(crowd[0].2 < 64, "at once: {}", crowd[0].2);

    sleep(Duration::from_secs(15)).await;
    let again = join_all((0..1_024).map(|_| server.get("/slow"))).await;
    assert!(again.iter().all(|status| *status == StatusCode::OK));
    let again = join_all((0..1_024).map(|_| server.get("/busy"))).await;
    assert!(again.iter().all(|status| *status == StatusCode::OK), "a burst is served");
}
