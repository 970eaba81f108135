//! Retries of idempotent calls within a budget, so that retries do not overload a callee in trouble.

use std::{
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base::problem::{PUSHBACK_HEADER, with_pushback};
use rand::Rng;
use tonic::{Code, Status};

use super::{Transport, deadline};

const ATTEMPT_LIMIT: u32 = 3;
/// A callee that asks for a longer delay is not called again.
const DELAY_LIMIT: Duration = Duration::from_secs(5);
/// Credit that a retry costs; each call earns one.
const RETRY_COST: u64 = 10;
const CREDIT_LIMIT: u64 = 100;
/// One retry in this time is always allowed: three a second.
const FREE_RETRY_INTERVAL: Duration = Duration::from_millis(333);

/// A tenth of the calls may be retried, plus three a second.
#[derive(Debug, Default)]
pub(super) struct Budget {
    credit: AtomicU64,
    last_free_retry: Mutex<Option<Instant>>,
}

impl Budget {
    fn deposit(&self) {
        let _ = self
            .credit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |credit| (credit < CREDIT_LIMIT).then_some(credit + 1));
    }

    fn withdraw(&self) -> bool {
        let paid =
            self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |credit| credit.checked_sub(RETRY_COST));
        if paid.is_ok() {
            return true;
        }
        let mut last = self.last_free_retry.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < FREE_RETRY_INTERVAL) {
            return false;
        }
        *last = Some(Instant::now());
        true
    }
}

/// Makes an idempotent call, up to three times while the callee is unavailable, with full jitter in between, or after the
/// delay the callee asks for.
///
/// Calls are retried at one layer only, the one nearest to the user: a call made while another service's call is served is
/// made once, since that service retries itself.
pub async fn retry<T, F, Fut>(transport: &Transport, mut call: F) -> Result<T, Status>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    let budget = &transport.shared.budget;
    budget.deposit();
    let attempts = if deadline::is_serving_call() { 1 } else { ATTEMPT_LIMIT };
    let mut attempt = 1;
    loop {
        let outcome = call().await;
        let delay = outcome.as_ref().err().and_then(|status| retry_delay(status, attempt));
        match delay {
            Some(delay) if attempt < attempts && budget.withdraw() => tokio::time::sleep(delay).await,
            _ => return outcome,
        }
        attempt += 1;
    }
}

/// How long to wait before the next attempt, if there may be one.
fn retry_delay(status: &Status, attempt: u32) -> Option<Duration> {
    if let Some(asked) = status.metadata().get(PUSHBACK_HEADER) {
        // A negative number, and what is no number, mean never.
        let asked: u64 = asked.to_str().ok()?.parse().ok()?;
        let delay = Duration::from_millis(asked);
        return (delay <= DELAY_LIMIT).then(|| delay + delay.mul_f64(rand::rng().random_range(0.0..0.5)));
    }
    let ceiling = 50 * (1_u64 << attempt);
    (status.code() == Code::Unavailable).then(|| Duration::from_millis(rand::rng().random_range(0..ceiling)))
}

/// Nothing was sent, and a retry would not change that.
pub(super) fn not_sent(detail: String) -> Status {
    with_pushback(Status::unavailable(detail), "-1")
}
