//! Calls to other services: one transport type, over the network or straight into the callee's router in this
//! process. Deadline, circuit breaker, metrics and trace context are the same on both.

mod balance;
mod breaker;
pub mod deadline;
mod retry;

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use access::{Caller, ServiceIdentity, service};
use axum::Router;
pub use balance::BadAddress;
use balance::Balanced;
use base::telemetry;
use breaker::Breaker;
use http::{HeaderValue, Request, Response};
use retry::Budget;
pub use retry::retry;
use tonic::{Code, Status, body::Body};
use tower::{Service, ServiceExt};

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
    ///
    /// `address` may list several, separated by commas; each is resolved again and again, and calls are spread over all that
    /// is found. `caller` signs the calls, where the callee asks who calls.
    pub fn connect_remote(
        &self,
        name: &'static str,
        address: &str,
        caller: Option<ServiceIdentity>,
    ) -> Result<(), BadAddress> {
        let channel = balance::channel(address)?;
        if let Some(peer) = self.peers.get(name) {
            let _ = peer.shared.target.set(Target::Remote { channel, caller });
        }
        Ok(())
    }
}

enum Target {
    Local(Router),
    Remote { channel: Balanced, caller: Option<ServiceIdentity> },
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
            return Err(retry::not_sent(format!("{} is failing and is left alone for a moment", self.name)));
        }
        if let Some(value) = telemetry::current_traceparent().and_then(|parent| HeaderValue::from_str(&parent).ok()) {
            request.headers_mut().insert("traceparent", value);
        }
        let (deadline, ours) = deadline::remaining(request.headers());
        if deadline.is_zero() {
            return Err(Status::deadline_exceeded("no time is left for this call"));
        }
        deadline::tell(request.headers_mut(), deadline);
        let started = std::time::Instant::now();
        let answer = deadline::within(deadline, self.send(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded(format!("{} did not answer", self.name))));
        let code = answer.as_ref().map_or_else(Status::code, status_of);
        // That somebody else had little time left says nothing of the callee.
        if ours || code != Code::DeadlineExceeded {
            self.breaker.record(&method, !matches!(code, Code::Unavailable | Code::DeadlineExceeded));
        }
        metrics::histogram!("gooseek_call_seconds", "service" => self.name, "method" => method, "code" => code_label(code))
            .record(started.elapsed().as_secs_f64());
        answer
    }

    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        match self.target.get() {
            Some(Target::Local(routes)) => match routes.clone().call(request).await {
                Ok(response) => Ok(response.map(Body::new)),
                Err(never) => match never {},
            },
            Some(Target::Remote { channel, caller }) => {
                channel.wait_for_address(self.name).await?;
                if let Some(caller) = caller {
                    let token = caller.token(self.name, request.extensions().get::<Caller>());
                    let token = HeaderValue::try_from(token).map_err(|_| Status::internal("a token is ASCII"))?;
                    request.headers_mut().insert(service::HEADER, token);
                    if caller.impersonates() {
                        // It would open the public API to whoever reads it on the way.
                        request.headers_mut().remove(http::header::AUTHORIZATION);
                    }
                }
                let answer = channel.channel.clone().oneshot(request).await;
                answer.map_err(|error| {
                    tracing::debug!(service = self.name, %error, "call failed");
                    Status::unavailable(format!("{} cannot be reached", self.name))
                })
            }
            None => {
                let variable = format!("{}_SVC_URL", self.name.to_uppercase());
                Err(retry::not_sent(format!("{} is not part of this process and {variable} is not set", self.name)))
            }
        }
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
