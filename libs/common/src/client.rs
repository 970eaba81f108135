//! Calls to other services: one transport type, over the network or straight into the callee's router in this
//! process. Deadline, circuit breaker, metrics and trace context are the same on both.

mod breaker;
mod retry;

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use axum::Router;
use breaker::Breaker;
use http::{HeaderValue, Request, Response};
use retry::Budget;
pub use retry::retry;
use tonic::{
    Code, Status,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{Service, ServiceExt};

use crate::telemetry;

/// How long the head of an answer may take when the caller sets no deadline of its own.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// Every service a process may call, by name.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    peers: Arc<BTreeMap<&'static str, Transport>>,
}

impl Peers {
    /// Peers whose targets are not known yet.
    pub fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self { peers: Arc::new(names.into_iter().map(|name| (name, Transport::new(name))).collect()) }
    }

    /// The way to `name`. A service nobody declared is a peer that is always down.
    pub fn to(&self, name: &'static str) -> Transport {
        self.peers.get(name).cloned().unwrap_or_else(|| Transport::new(name))
    }

    /// Calls to `name` go straight into `routes`. Set once, before serving.
    pub fn connect_local(&self, name: &'static str, routes: Router) {
        if let Some(peer) = self.peers.get(name) {
            // A second target for one name is ignored: the first is being used.
            let _ = peer.shared.target.set(Target::Local(routes));
        }
    }

    /// Calls to `name` go to `address`; the connection is made at the first call and again when it breaks.
    pub fn connect_remote(&self, name: &'static str, address: &str) -> Result<(), tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(address.to_owned())?;
        let channel = endpoint.connect_timeout(Duration::from_secs(3)).tcp_nodelay(true).connect_lazy();
        if let Some(peer) = self.peers.get(name) {
            let _ = peer.shared.target.set(Target::Remote(channel));
        }
        Ok(())
    }
}

enum Target {
    Local(Router),
    Remote(Channel),
}

struct Shared {
    name: &'static str,
    target: OnceLock<Target>,
    breaker: Breaker,
    budget: Budget,
}

/// The way to one service; what tonic's generated clients are built on. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    shared: Arc<Shared>,
}

impl Transport {
    fn new(name: &'static str) -> Self {
        let shared = Shared { name, target: OnceLock::new(), breaker: Breaker::default(), budget: Budget::default() };
        Self { shared: Arc::new(shared) }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Transport").field(&self.shared.name).finish()
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(async move { shared.call(request).await })
    }
}

impl Shared {
    async fn call(&self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let method = request.uri().path().to_owned();
        if !self.breaker.admit(&method) {
            return Err(Status::unavailable(format!("{} is failing and is left alone for a moment", self.name)));
        }
        if let Some(value) = telemetry::current_traceparent().and_then(|parent| HeaderValue::from_str(&parent).ok()) {
            request.headers_mut().insert("traceparent", value);
        }
        let deadline = deadline_of(&request);
        let started = std::time::Instant::now();
        let answer = tokio::time::timeout(deadline, self.send(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded(format!("{} did not answer", self.name))));
        let code = answer.as_ref().map_or_else(Status::code, status_of);
        self.breaker.record(&method, !matches!(code, Code::Unavailable | Code::DeadlineExceeded));
        metrics::histogram!("gooseek_call_seconds", "service" => self.name, "method" => method, "code" => code_label(code))
            .record(started.elapsed().as_secs_f64());
        answer
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        match self.target.get() {
            Some(Target::Local(routes)) => match routes.clone().call(request).await {
                Ok(response) => Ok(response.map(Body::new)),
                Err(never) => match never {},
            },
            Some(Target::Remote(channel)) => {
                let answer = channel.clone().oneshot(request).await;
                answer.map_err(|error| {
                    tracing::debug!(service = self.name, %error, "call failed");
                    Status::unavailable(format!("{} cannot be reached", self.name))
                })
            }
            None => {
                let variable = format!("{}_SVC_URL", self.name.to_uppercase());
                Err(Status::unavailable(format!("{} is not part of this process and {variable} is not set", self.name)))
            }
        }
    }
}

/// `grpc-timeout` as the gRPC specification writes it: up to eight digits and a unit.
fn deadline_of(request: &Request<Body>) -> Duration {
    let header = request.headers().get("grpc-timeout").and_then(|value| value.to_str().ok());
    header.and_then(parse_timeout).unwrap_or(DEFAULT_DEADLINE)
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// A call that failed at once carries its status in the head; the others are counted as answered.
fn status_of(response: &Response<Body>) -> Code {
    Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
}

fn code_label(code: Code) -> &'static str {
    match code {
        Code::Ok => "ok",
        Code::Unavailable => "unavailable",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::InvalidArgument => "invalid_argument",
        Code::Unauthenticated | Code::PermissionDenied => "denied",
        _ => "error",
    }
}
