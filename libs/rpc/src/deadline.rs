//! Deadlines of calls. What a caller gives is passed on, less what was used, to every call made meanwhile.
//!
//! So no service works on an answer that its caller has given up.

use std::{future::Future, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, error::Elapsed};

/// How long the head of an answer may take when no deadline was set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER: HeaderName = HeaderName::from_static("grpc-timeout");

tokio::task_local! {
    /// When the call being served ends.
    static ENDS: Instant;
}

/// The time a call made here has: what its own header says, but no more than the call being served still has; and whether it is
/// its own.
pub(super) fn remaining(headers: &HeaderMap) -> (Duration, bool) {
    let own = from_headers(headers).unwrap_or(DEFAULT_TIMEOUT);
    match ENDS.try_with(|ends| ends.saturating_duration_since(Instant::now())) {
        Ok(left) if left < own => (left, false),
        _ => (own, true),
    }
}

/// Whether another service's call is being served here: it always has a deadline, a user's request never.
pub(super) fn is_serving_call() -> bool {
    ENDS.try_with(|_| ()).is_ok()
}

/// Sets `grpc-timeout` for the callee.
pub(super) fn set_header(headers: &mut HeaderMap, deadline: Duration) {
    // The specification allows eight digits, which in milliseconds is more than a day.
    let milliseconds = deadline.as_millis().min(99_999_999);
    if let Ok(value) = HeaderValue::try_from(format!("{milliseconds}m")) {
        headers.insert(HEADER, value);
    }
}

/// `grpc-timeout` as the gRPC specification writes it: up to eight digits and a unit.
pub fn from_headers(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(HEADER)?.to_str().ok()?)
}

/// Serves a call that has `deadline`.
pub async fn with_deadline<F: Future>(deadline: Duration, served: F) -> Result<F::Output, Elapsed> {
    let ends = Instant::now() + deadline;
    tokio::time::timeout_at(ends, ENDS.scope(ends, served)).await
}

fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok().filter(|_| number.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_within_a_call_has_what_is_left() {
        let mut headers = HeaderMap::new();
        set_header(&mut headers, Duration::from_secs(2));
        let left = with_deadline(from_headers(&headers).unwrap(), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            remaining(&HeaderMap::new())
        });
        let (left, own) = left.await.unwrap();
        assert!(left <= Duration::from_millis(1_950) && !own);
    }

    #[tokio::test]
    async fn a_call_that_takes_longer_is_given_up() {
        assert!(with_deadline(Duration::from_millis(20), std::future::pending::<()>()).await.is_err());
    }
}
