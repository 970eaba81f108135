//! Ways in which a fake upstream misbehaves on purpose.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode, header},
    response::IntoResponse,
};
use futures::{StreamExt, stream};

/// What a fake does in place of answering well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A status with a text body, and `Retry-After` in seconds when given.
    Status { status: u16, retry_after: Option<u64> },
    /// The page Cloudflare shows to clients it takes for robots.
    Challenge,
    /// Status 200 with the right type and a body that is not what the type says.
    Garbage,
    /// The connection breaks in the middle of the body.
    Cut,
    /// The right answer after this time.
    Slow(Duration),
    /// An answer without results.
    Empty,
    /// The way this upstream reports a failure inside an answer that looks like a success.
    ErrorBody,
}

impl Fault {
    /// The faulty answer when it does not depend on the upstream; `kind` is the type of its right answers.
    pub(crate) fn response(&self, kind: &'static str) -> Option<Response<Body>> {
        match self {
            Self::Status { status, retry_after } => Some(failure(*status, *retry_after)),
            Self::Challenge => {
                let headers = [("cf-mitigated", "challenge"), ("content-type", "text/html")];
                Some((StatusCode::FORBIDDEN, headers, "<title>Just a moment...</title>").into_response())
            }
            Self::Garbage => Some(([(header::CONTENT_TYPE, kind)], "{\"results\": [<<<").into_response()),
            Self::Cut => Some(cut(kind, "{\"results\": [")),
            Self::Slow(_) | Self::Empty | Self::ErrorBody => None,
        }
    }
}

/// A plain failure.
pub(crate) fn failure(status: u16, retry_after: Option<u64>) -> Response<Body> {
    let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
    let mut response = (status, "try again later").into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// A body that promises more than it holds: the connection is closed after `beginning`.
pub(crate) fn cut(kind: &'static str, beginning: &'static str) -> Response<Body> {
    let beginning = stream::once(async move { Ok(Bytes::from_static(beginning.as_bytes())) });
    let end = stream::once(async {
        // Lets the server flush what it has; an error at once would swallow even the status.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(beginning.chain(end))).into_response()
}
