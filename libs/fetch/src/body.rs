//! Reads a response body within the limits of size, expansion, rate and time.

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::{FetchError, Limits, Phase, decode::Decoder};

/// What to do with a body that is larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OversizePolicy {
    Reject,
    /// Keep the beginning (robots.txt, RFC 9309 §2.5).
    Truncate,
}

/// The decoded body of `response`.
pub(crate) async fn read(
    mut response: Response,
    limits: &Limits,
    deadline: Instant,
    oversize: OversizePolicy,
) -> Result<Bytes, FetchError> {
    let announced = response.content_length().unwrap_or(0);
    if oversize == OversizePolicy::Reject && announced > limits.wire_bytes as u64 {
        return Err(FetchError::TooLarge("body"));
    }
    let mut decoder = Decoder::new(&encoding_of(&response)?, limits)?;
    let mut rate = RateCheck::new(limits);
    while let Some(chunk) = next_chunk(&mut response, &mut rate, deadline).await? {
        match decoder.push(&chunk) {
            Ok(()) => {}
            Err(FetchError::TooLarge(_)) if oversize == OversizePolicy::Truncate => return Ok(decoder.take().into()),
            Err(error) => return Err(error),
        }
    }
    Ok(decoder.finish()?.into())
}

fn encoding_of(response: &Response) -> Result<String, FetchError> {
    let layers: Vec<&str> = response
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .map(|layer| layer.to_str().map_err(|_| FetchError::Decompression("its encoding is not supported")))
        .collect::<Result<_, _>>()?;
    Ok(layers.join(","))
}

async fn next_chunk(
    response: &mut Response,
    rate: &mut RateCheck,
    deadline: Instant,
) -> Result<Option<Bytes>, FetchError> {
    loop {
        let Ok(next) = timeout_at(deadline.min(rate.window_end), response.chunk()).await else {
            if Instant::now() >= deadline {
                return Err(FetchError::Timeout(Phase::Total));
            }
            rate.check(Instant::now())?;
            continue;
        };
        let chunk = next.map_err(|_| FetchError::BadResponse)?;
        if Instant::now() >= deadline {
            return Err(FetchError::Timeout(Phase::Total));
        }
        rate.bytes += chunk.as_ref().map_or(0, Bytes::len);
        rate.check(Instant::now())?;
        return Ok(chunk);
    }
}

/// Enforces the minimum transfer rate, window by window.
struct RateCheck {
    window: std::time::Duration,
    window_end: Instant,
    bytes: usize,
    /// Bytes that must arrive in a full window.
    min_bytes: f64,
}

impl RateCheck {
    fn new(limits: &Limits) -> Self {
        Self {
            window: limits.rate_window,
            window_end: Instant::now() + limits.rate_window,
            bytes: 0,
            min_bytes: limits.min_rate as f64 * limits.rate_window.as_secs_f64(),
        }
    }

    /// Checks the window if it has ended and starts the next.
    fn check(&mut self, now: Instant) -> Result<(), FetchError> {
        if now < self.window_end {
            return Ok(());
        }
        if (self.bytes as f64) < self.min_bytes {
            return Err(FetchError::TooSlow);
        }
        self.bytes = 0;
        self.window_end = now + self.window;
        Ok(())
    }
}
