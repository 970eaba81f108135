//! Attempts at an event: how many, with which delays, and what bounds one.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use rand::Rng;

use super::DeliveryError;

/// Delays after the first, second … failed attempt; after the last the event becomes a dead letter.
pub const RETRY_DELAYS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

/// The delay after failed attempt number `attempts`, counted from one; `None` after the last. Between half and the whole of
/// what is planned, so that events that failed together are not retried together.
pub(super) fn delay(delays: &[Duration], attempts: i64) -> Option<Duration> {
    let index = usize::try_from(attempts - 1).ok()?;
    Some(delays.get(index)?.mul_f64(rand::rng().random_range(0.5..1.0)))
}

/// One attempt within `limit`. A panic fails this attempt alone and does not end the loop it is made in.
pub(super) async fn attempt<T, F>(limit: Duration, work: F) -> Result<T, DeliveryError>
where
    F: Future<Output = Result<T, DeliveryError>>,
{
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(DeliveryError::Retry("the consumer panicked".to_owned())),
        Err(_) => Err(DeliveryError::Retry("timed out".to_owned())),
    }
}

/// Counts an attempt at `/metrics`.
pub(super) fn count(consumer: &str, succeeded: bool) {
    let label = if succeeded { "ok" } else { "failed" };
    metrics::counter!("gooseek_deliveries_total", "consumer" => consumer.to_owned(), "outcome" => label).increment(1);
}
