//! Server-sent events with real framing (WHATWG HTML, section 9.2): `id:`, `event:`, one `data:` line, a comment every
//! 15 seconds, and `reconnect` when the server is about to stop.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

/// A comment is sent after this much silence, so that proxies and clients see the connection is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A client that comes back after a restart waits this long.
const RETRY_MS: u32 = 1_000;

/// Frames one event. `data` is one line (JSON).
pub fn frame(out: &mut BytesMut, id: Option<i64>, event: &str, data: &str) {
    if let Some(id) = id {
        out.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    out.extend_from_slice(data.as_bytes());
    out.extend_from_slice(b"\n\n");
}

/// A response that sends what `events` yields (already framed) until it ends or `drain` is cancelled.
pub fn response(events: impl Stream<Item = Bytes> + Send + 'static, drain: CancellationToken) -> Response {
    let body = async_stream::stream! {
        let mut events = std::pin::pin!(events);
        loop {
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(event) => yield Ok::<_, Infallible>(event),
                    None => return,
                },
                () = drain.cancelled() => {
                    let mut last = BytesMut::new();
                    frame(&mut last, None, "reconnect", &format!("{{\"retry_ms\":{RETRY_MS}}}"));
                    yield Ok(last.freeze());
                    return;
                }
                () = tokio::time::sleep(HEARTBEAT) => yield Ok(Bytes::from_static(b": alive\n\n")),
            }
        }
    };
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Reverse proxies (nginx and those that learnt it from it) would otherwise hold the stream back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
