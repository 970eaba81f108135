//! How long a call may still take. What a caller gave is passed on, less what was used, to every call made meanwhile:
//! nobody works for an answer that nobody waits for.

use std::{future::Future, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, error::Elapsed};

/// How long the head of an answer may take when nobody has set a deadline.
const DEFAULT: Duration = Duration::from_secs(10);
const HEADER: HeaderName = HeaderName::from_static("grpc-timeout");

tokio::task_local! {
    /// When the call being served ends.
    static ENDS: Instant;
}

/// The time a call made here has: what its own header says, but no more than the call being served still has. And whether
/// it is its own.
pub(super) fn remaining(headers: &HeaderMap) -> (Duration, bool) {
    let own = asked(headers).unwrap_or(DEFAULT);
    match ENDS.try_with(|ends| ends.saturating_duration_since(Instant::now())) {
        Ok(left) if left < own => (left, false),
        _ => (own, true),
    }
}

/// Whether another service's call is being served here: it always has a deadline, a person's request never.
pub(super) fn is_serving_call() -> bool {
    ENDS.try_with(|_| ()).is_ok()
}

/// Tells the callee.
pub(super) fn tell(headers: &mut HeaderMap, deadline: Duration) {
    // The specification allows eight digits, which in milliseconds is more than a day.
    let milliseconds = deadline.as_millis().min(99_999_999);
    if let Ok(value) = HeaderValue::try_from(format!("{milliseconds}m")) {
        headers.insert(HEADER, value);
    }
}

/// `grpc-timeout` as the gRPC specification writes it: up to eight digits and a unit.
pub fn asked(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(HEADER)?.to_str().ok()?)
}

/// Serves a call that has `deadline`.
pub async fn within<F: Future>(deadline: Duration, served: F) -> Result<F::Output, Elapsed> {
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
        tell(&mut headers, Duration::from_secs(2));
        let left = within(asked(&headers).unwrap(), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            remaining(&HeaderMap::new())
        });
        let (left, own) = left.await.unwrap();
        assert!(left <= Duration::from_millis(1_950) && !own);
    }

    #[tokio::test]
    async fn a_call_that_takes_longer_is_given_up() {
        assert!(within(Duration::from_millis(20), std::future::pending::<()>()).await.is_err());
    }
}
