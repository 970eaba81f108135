//! How often and how patiently an event is tried.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt;
use rand::Rng;

use super::CourierError;

/// Pauses after the first, second … failed attempt; after the last the event is a dead letter.
pub const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120)];

/// The pause after failed attempt number `attempts`, counted from one; `None` when that was the last. Between half and
/// the whole of what is planned, so that what failed together does not come back together.
pub(super) fn pause(pauses: &[Duration], attempts: i64) -> Option<Duration> {
    let index = usize::try_from(attempts - 1).ok()?;
    Some(pauses.get(index)?.mul_f64(rand::rng().random_range(0.5..1.0)))
}

/// One attempt within `limit`. A panic is this event's failure, not the end of all deliveries.
pub(super) async fn attempt<F>(limit: Duration, work: F) -> Result<(), CourierError>
where
    F: Future<Output = Result<(), CourierError>>,
{
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(CourierError::Retry("the consumer panicked".to_owned())),
        Err(_) => Err(CourierError::Retry("timed out".to_owned())),
    }
}

/// Counts an attempt at `/metrics`.
pub(super) fn count(consumer: &str, outcome: &Result<(), CourierError>) {
    let label = if outcome.is_ok() { "ok" } else { "failed" };
    metrics::counter!("gooseek_deliveries_total", "consumer" => consumer.to_owned(), "outcome" => label).increment(1);
}
