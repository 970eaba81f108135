//! What every HTTP request meets: request id, span, metrics, identity, the rules of a machine without accounts, the
//! limits of an overloaded process, security headers, and problem documents for whatever goes wrong.

mod adaptive_limiter;
mod body;
mod guard;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use access::{Auth, RpcAuth, service};
pub use adaptive_limiter::{AdaptiveLimiter, Bounds, exempt_from_limit};
use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
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
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// The longest message of a call, as tonic has it.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;
const URI_LIMIT: usize = 8 * 1024;
const HEADER_LIMIT: usize = 16 * 1024;

/// What the frame needs to vouch for a request.
#[derive(Debug, Clone)]
pub struct Frame {
    pub auth: Auth,
    /// Set on a machine without accounts.
    pub guard: Option<LoopbackGuard>,
    /// Who may call gRPC methods here.
    pub callers: RpcAuth,
    pub ids: Ids,
    pub limiter: AdaptiveLimiter,
}

/// Puts the frame around `routes`.
pub fn framed(routes: Router, frame: Frame) -> Router {
    routes
        .fallback(|| async { Problem::new(Code::NotFound, "there is nothing at this address") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "this address has other methods")
        })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::new(frame), serve))
}

async fn serve(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers(), &frame.ids);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("http", %method, route, request_id, trace_id = tracing::field::Empty);
    let parent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    telemetry::set_parent(&span, parent);
    let started = Instant::now();
    let is_call = call_of(&request).is_some();
    let served = admit(&frame, &route, request, next);
    let answer = REQUEST_ID.scope(request_id.clone(), served).instrument(span).await;
    let mut response = REQUEST_ID.sync_scope(request_id.clone(), || match answer {
        // A gRPC client reads no problem documents.
        Err(problem) if is_call => tonic::Status::from(problem).into_http(),
        answer => answer.into_response(),
    });
    metrics::histogram!("gooseek_http_seconds", "route" => route, "method" => method_label(&method),
        "status" => response.status().as_u16().to_string())
    .record(started.elapsed().as_secs_f64());
    harden(response.headers_mut(), &request_id);
    response
}

async fn admit(frame: &Frame, route: &str, mut request: Request, next: Next) -> Result<Response, Problem> {
    check_size(&request)?;
    request = request.map(|body| axum::body::Body::new(TimeoutBody::new(BODY_PAUSE, body)));
    let path = request.uri().path();
    if is_health(path) {
        return Ok(run(next, request).await);
    }
    if let Some(guard) = &frame.guard {
        guard.check(&request)?;
    }
    if path == "/metrics" {
        return Ok(run(next, request).await);
    }
    let org = identify(frame, &mut request).await?;
    let Some((_, call)) = call_of(&request) else {
        let route = format!("{} {route}", method_label(request.method()));
        // A stranger's body is not read, and a question of reflection does not end before its answer.
        if org.is_some() && !is_reflection(request.uri().path()) {
            request = read_ahead(request, BODY_LIMIT).await;
        }
        return frame.limiter.serve(&route, org, adaptive_limiter::USER_QUEUE_TIMEOUT, run(next, request)).await;
    };
    // Only our own services may set one: a person's would make us give up, and blame the service that is asked.
    let asked = deadline::asked(request.headers());
    let served = async {
        let request = read_ahead(request, MESSAGE_LIMIT).await;
        // To the router all methods of a service are one route.
        frame.limiter.serve(&call, org, adaptive_limiter::RPC_QUEUE_TIMEOUT, run(next, request)).await
    };
    match asked {
        None => served.await,
        // The caller waits for its turn in this time too.
        Some(deadline) => deadline::within(deadline, served)
            .await
            .unwrap_or_else(|_| Ok(tonic::Status::deadline_exceeded("the caller's deadline has passed").into_http())),
    }
}

async fn read_ahead(request: Request, most: usize) -> Request {
    let (parts, body) = request.into_parts();
    let body = body::read_ahead(&parts.headers, body, most).await;
    Request::from_parts(parts, body)
}

/// Puts the person on the request whom it is made by, or for; the organisation, if there is one.
async fn identify(frame: &Frame, request: &mut Request) -> Result<Option<Uuid>, Problem> {
    let acting = match call_of(request) {
        Some((token, method)) => frame.callers.check(token.as_deref(), &method).await?,
        None => None,
    };
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let identity = match acting {
        Some(acting) => Some(acting),
        None => frame.auth.identify(authorization).await?,
    };
    if identity.is_none() && is_reflection(request.uri().path()) {
        return Err(Problem::unauthorized("reflection needs an access token"));
    }
    let Some(identity) = identity else { return Ok(None) };
    let org = identity.org;
    request.extensions_mut().insert(identity);
    Ok(Some(org))
}

/// The token and the method of a call of one of our gRPC methods.
fn call_of(request: &Request) -> Option<(Option<String>, String)> {
    let path = request.uri().path();
    let token = request.headers().get(service::HEADER).and_then(|value| value.to_str().ok());
    path.starts_with("/gooseek.").then(|| (token.map(str::to_owned), path.to_owned()))
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

/// Health answers whoever asks, also while accounts are not configured.
fn is_health(path: &str) -> bool {
    matches!(path, "/health" | "/ready") || path.starts_with("/grpc.health.v1.Health/")
}

/// The contracts between services are not for everybody.
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
fn harden(headers: &mut HeaderMap, request_id: &str) {
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
