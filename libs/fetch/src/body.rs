//! Reads a response's body within the limits of size, expansion, speed and time.

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::{FetchError, Limits, Phase, decode::Decoder};

/// What becomes of a body that is larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oversize {
    Refuse,
    /// Keep the beginning (robots.txt, RFC 9309 §2.5).
    Cut,
}

/// The decoded body of `response`.
pub(crate) async fn read(
    mut response: Response,
    limits: &Limits,
    deadline: Instant,
    oversize: Oversize,
) -> Result<Bytes, FetchError> {
    let announced = response.content_length().unwrap_or(0);
    if oversize == Oversize::Refuse && announced > limits.wire_bytes as u64 {
        return Err(FetchError::TooLarge("body"));
    }
    let mut decoder = Decoder::new(&encoding_of(&response)?, limits)?;
    let mut pace = Pace::new(limits);
    while let Some(chunk) = next_chunk(&mut response, &mut pace, deadline).await? {
        match decoder.push(&chunk) {
            Ok(()) => {}
            Err(FetchError::TooLarge(_)) if oversize == Oversize::Cut => return Ok(decoder.take().into()),
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

async fn next_chunk(response: &mut Response, pace: &mut Pace, deadline: Instant) -> Result<Option<Bytes>, FetchError> {
    loop {
        let Ok(next) = timeout_at(deadline.min(pace.window_end), response.chunk()).await else {
            if Instant::now() >= deadline {
                return Err(FetchError::Timeout(Phase::Total));
            }
            pace.check(Instant::now())?;
            continue;
        };
        let chunk = next.map_err(|_| FetchError::BadResponse)?;
        if Instant::now() >= deadline {
            return Err(FetchError::Timeout(Phase::Total));
        }
        pace.bytes += chunk.as_ref().map_or(0, Bytes::len);
        pace.check(Instant::now())?;
        return Ok(chunk);
    }
}

/// How much arrived in the current window of time.
struct Pace {
    window: std::time::Duration,
    window_end: Instant,
    bytes: usize,
    /// Bytes that a whole window must bring.
    wanted: f64,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        Self {
            window: limits.rate_window,
            window_end: Instant::now() + limits.rate_window,
            bytes: 0,
            wanted: limits.min_rate as f64 * limits.rate_window.as_secs_f64(),
        }
    }

    /// Judges a window that has ended and begins the next.
    fn check(&mut self, now: Instant) -> Result<(), FetchError> {
        if now < self.window_end {
            return Ok(());
        }
        if (self.bytes as f64) < self.wanted {
            return Err(FetchError::TooSlow);
        }
        self.bytes = 0;
        self.window_end = now + self.window;
        Ok(())
    }
}
