//! Buffers the body of a request before a concurrency permit is taken, so that a slow sender holds none. A longer body is
//! streamed to the handler, which refuses it or calls `exempt_from_limit`.

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use http::HeaderMap;
use http_body_util::BodyExt;

/// The same body, read until it is whole or longer than `most` bytes. One that says to be longer is not begun.
pub(super) async fn read_ahead(headers: &HeaderMap, mut body: Body, most: usize) -> Body {
    if kit::content_length(headers).is_some_and(|length| length > most as u64) {
        return body;
    }
    let mut read = BytesMut::new();
    while !body.is_end_stream() {
        match body.frame().await {
            Some(Ok(frame)) => read.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(error)) => return Body::from_stream(stream::iter([Ok(read.freeze()), Err(error)])),
            None => break,
        }
        if read.len() > most {
            let read = stream::once(async { Ok::<Bytes, axum::Error>(read.freeze()) });
            return Body::from_stream(read.chain(body.into_data_stream()));
        }
    }
    Body::from(read.freeze())
}
