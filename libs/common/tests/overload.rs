//! More requests than a server can serve: some are refused at once, those it takes are served, and nobody is starved.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use common::{
    auth::{Auth, Callers, Identity},
    http::{Bounds, Frame, Overload, framed, takes_long},
    time::{Clock, Ids},
};
use fetch::operator::OperatorClient;
use futures::future::join_all;
use serde_json::Value;
use testkit::{
    FakeServer,
    service::{Issuer, Person},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, watch},
};

/// Nothing here takes so long unless it takes forever.
const FOREVER: Duration = Duration::from_secs(60);
const TWO: Bounds = Bounds { least: 2, most: 2 };

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

async fn gated(State(work): State<Work>, who: Identity) -> &'static str {
    let _present = Present::new(&work.present);
    work.begun.send_modify(|begun| *begun += 1);
    work.served.send_modify(|served| served.push(who.org));
    work.gate.acquire().await.unwrap().forget();
    "done"
}

async fn watched(State(work): State<Work>) {
    work.begun.send_modify(|begun| *begun += 1);
    work.gate.acquire().await.unwrap().forget();
}

async fn read(State(work): State<Work>, body: Body) -> bytes::Bytes {
    work.begun.send_modify(|begun| *begun += 1);
    axum::body::to_bytes(body, 1_024).await.unwrap()
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
        let long = |work: State<Work>, who: Identity| async {
            takes_long();
            gated(work, who).await
        };
        // Two at a time, as on a machine with two cores.
        let cores = Arc::new(Semaphore::new(2));
        let busy = move || async move {
            let _core = cores.acquire().await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let routes = Router::new()
            .route("/gated", get(gated))
            .route("/long", post(long))
            .route("/gooseek.test.v1.Test/Gated", post(gated))
            .route("/busy", get(busy))
            .route("/body", post(read))
            .route("/free", get(|| async {}))
            .route("/health", get(watched))
            .route("/metrics", get(watched))
            .with_state(work.clone());
        let verifier = common::auth::Verifier::pinned(issuer.public_key()).unwrap();
        let frame = Frame {
            auth: Auth::Tokens(Arc::new(verifier)),
            guard: None,
            callers: Callers::Anyone,
            ids: ids.clone(),
            overload: Overload::within(bounds),
        };
        let server = FakeServer::start(framed(routes, frame)).await;
        Self { work, issuer, ids, server }
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

#[tokio::test]
async fn a_call_too_many_is_told_when_to_come_again() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let path = "/gooseek.test.v1.Test/Gated";
    let _served = [server.ask(&who, "POST", path), server.ask(&who, "POST", path)];
    server.begun(2).await;
    let (status, headers, _) = server.ask(&who, "POST", path).await.unwrap();
    assert_eq!(status, StatusCode::OK, "a gRPC client looks at its own status");
    assert_eq!(headers["grpc-status"], (tonic::Code::ResourceExhausted as i32).to_string());
    assert_eq!(headers["grpc-retry-pushback-ms"], "1000");
}

#[tokio::test]
async fn an_organisation_that_asks_for_ten_times_as_much_does_not_starve_another() {
    let server = Server::start(TWO).await;
    let (many, few) = (server.person(), server.person());
    let _first = [server.ask(&many, "GET", "/gated"), server.ask(&many, "GET", "/gated")];
    server.begun(2).await;
    // More than there are places in the queue, again and again.
    let (stop, stopped) = watch::channel(false);
    let flood: Vec<_> = (0..100)
        .map(|_| {
            let (client, token, stopped) = (server.client(), many.token().to_owned(), stopped.clone());
            tokio::spawn(async move {
                while !*stopped.borrow() {
                    let asked = client.get("/gated").bearer_auth(&token).timeout(FOREVER);
                    drop(asked.send().await);
                }
            })
        })
        .collect();
    for round in 1..=5 {
        let asked = server.ask(&few, "GET", "/gated");
        // One place becomes free at a time, for as long as the other organisation has none.
        let served = async {
            while !server.work.served.borrow()[2..].contains(&few.org) {
                server.work.gate.add_permits(1);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            server.work.gate.add_permits(2);
        };
        tokio::time::timeout(FOREVER, served).await.expect("it is served");
        assert_eq!(asked.await.unwrap().0, StatusCode::OK, "round {round}");
        server.work.served.send_modify(|served| served.truncate(2));
    }
    stop.send_replace(true);
    server.work.gate.add_permits(10_000);
    join_all(flood).await;
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
async fn what_takes_long_by_nature_is_limited_elsewhere() {
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
async fn whoever_sends_slowly_keeps_no_place_from_others() {
    let server = Server::start(TWO).await;
    let who = server.person();
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(server.server.addr()).await.unwrap();
        let head = format!(
            "POST /body HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 4\r\n\r\nsl",
            who.token()
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        slow.push(connection);
    }
    server.begun(2).await;
    let served = async { while server.ask(&who, "POST", "/body").await.unwrap().0 != StatusCode::OK {} };
    tokio::time::timeout(FOREVER, served).await.expect("nobody waits for them");
    for mut connection in slow {
        connection.write_all(b"ow").await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200", "what came late is answered too");
    }
}

/// The limit follows what requests take: a crowd is refused in part, what is served goes on, and then all is as before.
#[tokio::test]
async fn a_crowd_is_served_as_far_as_the_machine_goes_and_forgotten_afterwards() {
    let server = Server::start(Bounds { least: 4, most: 1_024 }).await;
    let client = server.client();
    let status = async |path: &str| client.get(path).timeout(FOREVER).send().await.unwrap().status();
    for _ in 0..50 {
        assert_eq!(status("/busy").await, StatusCode::OK, "one at a time is no crowd");
    }
    let (served, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let visitor = async || {
        while refused.load(Ordering::Relaxed) < 200 || served.load(Ordering::Relaxed) < 200 {
            match status("/busy").await {
                StatusCode::OK => served.fetch_add(1, Ordering::Relaxed),
                StatusCode::SERVICE_UNAVAILABLE => refused.fetch_add(1, Ordering::Relaxed),
                other => panic!("{other}"),
            };
        }
    };
    let crowd = join_all((0..200).map(|_| visitor()));
    tokio::time::timeout(FOREVER, crowd).await.expect("some are refused, and others served all the while");
    let calm = async {
        loop {
            let answers = join_all((0..32).map(|_| status("/busy"))).await;
            if answers.iter().all(|status| *status == StatusCode::OK) {
                return;
            }
        }
    };
    tokio::time::timeout(FOREVER, calm).await.expect("after the crowd there is room again");
}

#[tokio::test]
async fn a_burst_at_a_server_that_was_idle_is_served() {
    let server = Server::start(Bounds::default()).await;
    let (who, client) = (server.person(), server.client());
    let asked: Vec<_> =
        (0..128).map(|_| client.get("/busy").bearer_auth(who.token()).timeout(FOREVER).send()).collect();
    for answer in join_all(asked).await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
}
