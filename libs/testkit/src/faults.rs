//! Ways in which a fake upstream misbehaves on purpose.

use std::{io::Write as _, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode, header},
    response::IntoResponse,
};
use flate2::{Compression, write::GzEncoder};
use futures::{StreamExt, stream};

const HUGE: usize = 12 * 1024 * 1024;

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
    /// The right type and a body of twelve megabytes.
    Huge,
    /// The same, packed with gzip to a few kilobytes.
    Bomb,
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
            Self::Huge => Some(([(header::CONTENT_TYPE, kind)], vec![b' '; HUGE]).into_response()),
            Self::Bomb => Some(packed(StatusCode::OK, kind, &vec![b' '; HUGE])),
            Self::Slow(_) | Self::Empty | Self::ErrorBody => None,
        }
    }
}

/// An answer packed with gzip, asked for or not.
pub(crate) fn packed(status: StatusCode, kind: &'static str, body: &[u8]) -> Response<Body> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("a Vec takes all");
    let packed = encoder.finish().expect("a Vec takes all");
    (status, [(header::CONTENT_TYPE, kind), (header::CONTENT_ENCODING, "gzip")], packed).into_response()
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
