//! What every HTTP request meets: request id, span, metrics, its caller, the rules of a machine without accounts, the limits
//! of an overloaded process, security headers, and problem documents for what goes wrong.
//!
//! Calls between the services of one process come through here too, so that they meet the same.

mod adaptive_limiter;
mod body;
mod guard;
mod policy_duties;

use std::{
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use access::{
    Authenticator, Caller, Client, Credentials, LocalCall, RpcCall, SERVICE_TOKEN, TakenAction, TrustedProxies, policy,
};
pub use adaptive_limiter::{AdaptiveLimiter, Bounds, exempt_from_limit};
use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use base::{
    Problem,
    problem::{Code, REQUEST_ID},
    telemetry,
    time::Ids,
};
use futures::FutureExt;
pub use guard::LoopbackGuard;
use kit::BODY_LIMIT;
use rpc::deadline;
use tower_http::timeout::TimeoutBody;
use tracing::Instrument;
use uuid::Uuid;

/// A body of which nothing arrives for this long is given up.
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest message of a call, as tonic has it.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;
const URI_LIMIT: usize = 8 * 1024;
const HEADER_LIMIT: usize = 16 * 1024;
/// A year without plain HTTP (RFC 6797).
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What the middleware needs to know who makes a request and whether it may.
#[derive(Debug, Clone)]
pub struct RequestMiddleware {
    pub access: Authenticator,
    /// Set on a machine without accounts.
    pub guard: Option<LoopbackGuard>,
    pub proxies: TrustedProxies,
    /// Whether browsers reach this server over HTTPS, here or at a proxy, and are to insist on it.
    pub is_https: bool,
    pub ids: Ids,
    pub limiter: AdaptiveLimiter,
}

impl RequestMiddleware {
    /// Without a guard or proxies, and with the limits of a server.
    pub fn new(access: Authenticator, ids: Ids) -> Self {
        let (proxies, limiter) = (TrustedProxies::default(), AdaptiveLimiter::default());
        Self { access, guard: None, proxies, is_https: false, ids, limiter }
    }
}

/// Puts the middleware around `routes`.
pub fn with_middleware(routes: Router, middleware: RequestMiddleware) -> Router {
    routes
        .fallback(|| async { Problem::new(Code::NotFound, "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "this address has other methods")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::new(middleware), serve))
}

async fn serve(State(middleware): State<Arc<RequestMiddleware>>, request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers(), &middleware.ids);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("http", %method, route, request_id, trace_id = tracing::field::Empty);
    let parent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    telemetry::set_parent(&span, parent);
    let started = Instant::now();
    let is_call = rpc_method(request.uri().path()).is_some();
    let served = admit(&middleware, &route, &request_id, request, next);
    let answer = REQUEST_ID.scope(request_id.clone(), served).instrument(span).await;
    let mut response = REQUEST_ID.sync_scope(request_id.clone(), || match answer {
        // A gRPC client reads no problem documents.
        Err(problem) if is_call => tonic::Status::from(problem).into_http(),
        answer => answer.into_response(),
    });
    metrics::histogram!("gooseek_http_seconds", "route" => route, "method" => method_label(&method),
        "status" => response.status().as_u16().to_string())
    .record(started.elapsed().as_secs_f64());
    set_response_headers(response.headers_mut(), &request_id);
    if middleware.is_https {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

async fn admit(
    middleware: &RequestMiddleware,
    route: &str,
    request_id: &str,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    check_size(&request)?;
    request = request.map(|body| axum::body::Body::new(TimeoutBody::new(BODY_IDLE_TIMEOUT, body)));
    let path = request.uri().path();
    if is_health(path) {
        return Ok(run(next, request).await);
    }
    if let Some(guard) = &middleware.guard {
        guard.check(&request)?;
    }
    if path == "/metrics" {
        return Ok(run(next, request).await);
    }
    let (mut parts, body) = request.into_parts();
    let org = identify(middleware, request_id, &mut parts).await?;
    request = Request::from_parts(parts, body);
    let Some(call) = rpc_method(request.uri().path()).map(str::to_owned) else {
        let route = format!("{} {route}", method_label(request.method()));
        let is_reflection = is_reflection(request.uri().path());
        // The body of a request without an account is not read, and that of reflection does not end before its answer.
        if org.is_some() && !is_reflection {
            request = read_ahead(request, BODY_LIMIT).await;
        }
        let (taken, safe) = (TakenAction::default(), request.method().is_safe() || is_reflection);
        request.extensions_mut().insert(taken.clone());
        let served = middleware.limiter.serve(&route, org, adaptive_limiter::USER_QUEUE_TIMEOUT, run(next, request));
        return policy_duties::of_request(taken, safe, served).await;
    };
    // Only our own services may set one: a user's would make us give up, and blame the service that is asked.
    let asked = deadline::from_headers(request.headers());
    let served = async {
        let request = read_ahead(request, MESSAGE_LIMIT).await;
        // To the router all methods of a service are one route.
        let served = middleware.limiter.serve(&call, org, adaptive_limiter::RPC_QUEUE_TIMEOUT, run(next, request));
        policy_duties::of_call(policy::action_of(&call), served).await
    };
    match asked {
        None => served.await,
        // Waiting for a permit counts.
        Some(deadline) => deadline::with_deadline(deadline, served)
            .await
            .unwrap_or_else(|_| Ok(tonic::Status::deadline_exceeded("the caller's deadline has passed").into_http())),
    }
}

async fn read_ahead(request: Request, most: usize) -> Request {
    let (parts, body) = request.into_parts();
    let body = body::read_ahead(&parts.headers, body, most).await;
    Request::from_parts(parts, body)
}

/// Puts its caller on the request; the caller's organisation, if it has one.
async fn identify(
    middleware: &RequestMiddleware,
    request_id: &str,
    request: &mut Parts,
) -> Result<Option<Uuid>, Problem> {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let client = Client::new(&middleware.proxies, peer, &request.headers, request_id);
    let text = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text(header::AUTHORIZATION.as_str());
    let path = request.uri.path();
    let caller = match rpc_method(path) {
        Some(method) => {
            let local = request.extensions.get::<LocalCall>().copied();
            let carried = Caller::attached(&request.extensions).filter(|_| local.is_some());
            let call = RpcCall { method, local, token: text(SERVICE_TOKEN), carried };
            middleware.access.rpc(call, authorization, client).await?
        }
        None => middleware.access.user(Credentials::of(request), client).await?,
    };
    if !caller.has_org() && is_reflection(path) {
        return Err(Problem::unauthorized("reflection needs an access token"));
    }
    let org = caller.has_org().then(|| caller.org());
    caller.attach(&mut request.extensions);
    Ok(org)
}

/// The path of a call of one of our gRPC methods, which names the method.
fn rpc_method(path: &str) -> Option<&str> {
    path.starts_with("/gooseek.").then_some(path)
}

/// A panic of a handler becomes a problem document; the process lives on.
async fn run(next: Next, request: Request) -> Response {
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    handled.unwrap_or_else(|_| Problem::internal("handler panicked").into_response())
}

/// A label must come from a short list: a client can send any token as its method.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Health needs no account, and answers also while accounts are not configured.
fn is_health(path: &str) -> bool {
    matches!(path, "/health" | "/ready") || path.starts_with("/grpc.health.v1.Health/")
}

/// Shows the contracts between services, which is for callers with an account.
fn is_reflection(path: &str) -> bool {
    path.starts_with("/grpc.reflection.")
}

fn check_size(request: &Request) -> Result<(), Problem> {
    if request.uri().to_string().len() > URI_LIMIT {
        return Err(Problem::new(Code::UriTooLong, "the address is longer than 8 KiB"));
    }
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers > HEADER_LIMIT {
        return Err(Problem::new(Code::HeadersTooLarge, "the headers are larger than 16 KiB"));
    }
    Ok(())
}

/// The client's own id when it is a plausible one, so that both sides' logs can be matched.
fn request_id(headers: &HeaderMap, ids: &Ids) -> String {
    let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    let plausible = |id: &&str| {
        (8..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    given.filter(plausible).map_or_else(|| ids.next().to_string(), str::to_owned)
}

/// Headers of every answer, errors too. A page sets its own policy; everything else is data.
fn set_response_headers(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert("x-request-id", value);
    }
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry("cross-origin-opener-policy").or_insert(HeaderValue::from_static("same-origin"));
}
