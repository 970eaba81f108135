//! Calls to other services: one transport type, over the network or straight into the callee's routes in this process.
//!
//! Deadline, circuit breaker, metrics, trace context and the callee's checks are the same on both.

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

use access::{Caller, LocalCall, SERVICE_TOKEN, ServiceIdentity, policy::may_call_any};
use axum::Router;
pub use balance::BadAddress;
use balance::BalancedChannel;
use base::{problem::REQUEST_ID, telemetry};
use breaker::Breaker;
use http::{HeaderValue, Request, Response};
use retry::Budget;
pub use retry::retry;
use tonic::{Code, Status, body::Body};
use tower::{Service, ServiceExt};

/// Why a service cannot be called, known at start.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    #[error("there is no service {0:?} to call")]
    Unknown(String),
    /// No row of the policy lets the caller call anything there.
    #[error("{caller} may call no method of {callee}: access::policy::RPC_ACL has no row for it")]
    NotListed { caller: &'static str, callee: &'static str },
    #[error(transparent)]
    Address(#[from] BadAddress),
}

/// Where each service is, for all services of a process.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    endpoints: Arc<BTreeMap<&'static str, Arc<Endpoint>>>,
}

impl Endpoints {
    /// Services whose places are not known yet.
    pub fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self { endpoints: Arc::new(names.into_iter().map(|name| (name, Arc::new(Endpoint::new(name)))).collect()) }
    }

    /// The services as `caller` sees them.
    pub fn for_caller(&self, caller: &'static str) -> Peers {
        Peers { caller, endpoints: self.clone() }
    }

    /// Calls to `name` go straight into `routes`, which are those that the network would reach, with the HTTP middleware
    /// around them. Set once, before serving.
    pub fn connect_local(&self, name: &str, routes: Router) -> Result<(), PeerError> {
        // A second target for one name is ignored: the first is being used.
        let _ = self.get(name)?.target.set(Target::Local(routes));
        Ok(())
    }

    /// Calls to `name` go to `address`; the connection is made at the first call and again when it breaks.
    ///
    /// `address` may list several, separated by commas; each is resolved again and again, and calls are spread over all that
    /// is found. `identity` signs the calls, where the callee asks for it.
    pub fn connect_remote(
        &self,
        name: &str,
        address: &str,
        identity: Option<ServiceIdentity>,
    ) -> Result<(), PeerError> {
        let channel = balance::channel(address)?;
        let _ = self.get(name)?.target.set(Target::Remote { channel, identity });
        Ok(())
    }

    fn get(&self, name: &str) -> Result<&Arc<Endpoint>, PeerError> {
        self.endpoints.get(name).ok_or_else(|| PeerError::Unknown(name.to_owned()))
    }
}

/// The other services, as one service calls them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peers {
    caller: &'static str,
    endpoints: Endpoints,
}

impl Peers {
    /// The way to `name`. Ask at start: a service that does not exist, or may not be called, is an error.
    pub fn to(&self, name: &'static str) -> Result<Transport, PeerError> {
        let endpoint = self.endpoints.get(name)?.clone();
        if !may_call_any(self.caller, name) {
            return Err(PeerError::NotListed { caller: self.caller, callee: name });
        }
        Ok(Transport { caller: self.caller, endpoint })
    }
}

enum Target {
    Local(Router),
    Remote { channel: BalancedChannel, identity: Option<ServiceIdentity> },
}

struct Endpoint {
    name: &'static str,
    target: OnceLock<Target>,
    breaker: Breaker,
    budget: Budget,
}

impl Endpoint {
    fn new(name: &'static str) -> Self {
        Self { name, target: OnceLock::new(), breaker: Breaker::default(), budget: Budget::default() }
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Endpoint").field(&self.name).finish()
    }
}

/// The way from one service to another; what tonic's generated clients are built on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Transport {
    caller: &'static str,
    endpoint: Arc<Endpoint>,
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let transport = self.clone();
        Box::pin(async move { transport.endpoint.call(transport.caller, request).await })
    }
}

impl Endpoint {
    async fn call(&self, caller: &'static str, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let method = request.uri().path().to_owned();
        if !self.breaker.admit(&method) {
            return Err(retry::not_sent(format!("{} is failing and is left alone for a moment", self.name)));
        }
        if let Some(value) = telemetry::current_traceparent().and_then(|parent| HeaderValue::from_str(&parent).ok()) {
            request.headers_mut().insert("traceparent", value);
        }
        if let Ok(Ok(id)) = REQUEST_ID.try_with(|id| HeaderValue::from_str(id)) {
            request.headers_mut().insert("x-request-id", id);
        }
        let (deadline, is_own) = deadline::remaining(request.headers());
        if deadline.is_zero() {
            return Err(Status::deadline_exceeded("no time is left for this call"));
        }
        deadline::set_header(request.headers_mut(), deadline);
        let started = std::time::Instant::now();
        let answer = deadline::with_deadline(deadline, self.send(caller, request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded(format!("{} did not answer", self.name))));
        let code = answer.as_ref().map_or_else(Status::code, status_of);
        // That an outer call had little time left says nothing of this callee.
        if is_own || code != Code::DeadlineExceeded {
            self.breaker.record(&method, !matches!(code, Code::Unavailable | Code::DeadlineExceeded));
        }
        metrics::histogram!("gooseek_call_seconds", "service" => self.name, "method" => method, "code" => code_label(code))
            .record(started.elapsed().as_secs_f64());
        answer
    }

    async fn send(&self, caller: &'static str, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        match self.target.get() {
            Some(Target::Local(routes)) => {
                request.extensions_mut().insert(LocalCall { service: caller });
                match routes.clone().call(request).await {
                    Ok(response) => Ok(response.map(Body::new)),
                    Err(never) => match never {},
                }
            }
            Some(Target::Remote { channel, identity }) => {
                channel.wait_for_address(self.name).await?;
                if let Some(identity) = identity {
                    let token = identity.token(self.name, Caller::attached(request.extensions()));
                    let token = HeaderValue::try_from(token).map_err(|_| Status::internal("a token is ASCII"))?;
                    request.headers_mut().insert(SERVICE_TOKEN, token);
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
