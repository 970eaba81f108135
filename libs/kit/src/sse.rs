//! Server-sent events with real framing (WHATWG HTML, section 9.2): `id:`, `event:`, one `data:` line, a comment every
//! 15 seconds, and `reconnect` when the server is about to stop.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::openapi::{Describe, Description};

/// A comment is sent after this long without an event, so that proxies and clients see the connection is alive.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// How long a client waits before it reconnects to a stopping server.
const RECONNECT_DELAY_MS: u32 = 1_000;

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

/// One event of a stream, as OpenAPI describes it: fields that are texts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the stream")]
pub struct ServerSentEvent {
    /// The number of the event, for `Last-Event-ID`; absent on `reconnect`.
    id: Option<String>,
    /// The type of the event.
    event: String,
    /// JSON.
    data: String,
}

/// An answer of server-sent events.
#[derive(Debug)]
pub struct EventStream(Response);

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Describe for EventStream {
    fn describe(description: &mut Description<'_>) {
        description.answer::<ServerSentEvent>(200, "text/event-stream");
    }
}

/// The answer to a client that has read the last event: 204, at which an `EventSource` stops to reconnect.
pub fn ended() -> EventStream {
    EventStream(StatusCode::NO_CONTENT.into_response())
}

/// Sends what `events` yields (already framed) until it ends or `drain` is cancelled.
pub fn response(events: impl Stream<Item = Bytes> + Send + 'static, drain: CancellationToken) -> EventStream {
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
                    frame(&mut last, None, "reconnect", &format!("{{\"retry_ms\":{RECONNECT_DELAY_MS}}}"));
                    yield Ok(last.freeze());
                    return;
                }
                () = tokio::time::sleep(HEARTBEAT_INTERVAL) => yield Ok(Bytes::from_static(b": alive\n\n")),
            }
        }
    };
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Without this, nginx and proxies that follow it would buffer the stream.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    EventStream(response)
}
