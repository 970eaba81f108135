//! Retries of idempotent calls under a budget, so that a callee in trouble is not buried by its callers.

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

const ATTEMPTS: u32 = 3;
/// A callee that asks for a longer pause is not called again.
const MAX_DELAY: Duration = Duration::from_secs(5);
/// A retry costs ten calls' worth of credit.
const COST: u64 = 10;
const CEILING: u64 = 100;
/// Three retries a second are always allowed.
const FLOOR_INTERVAL: Duration = Duration::from_millis(333);

/// A tenth of the calls may be retried, plus three a second.
#[derive(Debug, Default)]
pub(super) struct Budget {
    credit: AtomicU64,
    last_floor: Mutex<Option<Instant>>,
}

impl Budget {
    fn deposit(&self) {
        let _ = self
            .credit
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |credit| (credit < CEILING).then_some(credit + 1));
    }

    fn withdraw(&self) -> bool {
        let paid = self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |credit| credit.checked_sub(COST));
        if paid.is_ok() {
            return true;
        }
        let mut last = self.last_floor.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < FLOOR_INTERVAL) {
            return false;
        }
        *last = Some(Instant::now());
        true
    }
}

/// Makes an idempotent call, up to three times while the callee is unavailable, with full jitter in between, or after the
/// pause the callee asks for.
///
/// Calls are tried again at one layer only, the one nearest to the user: a call made while another service's call is served is
/// made once, since that service tries again itself.
pub async fn retry<T, F, Fut>(transport: &Transport, mut call: F) -> Result<T, Status>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    let budget = &transport.endpoint.budget;
    budget.deposit();
    let attempts = if deadline::is_serving_call() { 1 } else { ATTEMPTS };
    let mut attempt = 1;
    loop {
        let outcome = call().await;
        let delay = outcome.as_ref().err().and_then(|status| delay(status, attempt));
        match delay {
            Some(delay) if attempt < attempts && budget.withdraw() => tokio::time::sleep(delay).await,
            _ => return outcome,
        }
        attempt += 1;
    }
}

/// How long to wait before the next attempt, if there may be one.
fn delay(status: &Status, attempt: u32) -> Option<Duration> {
    if let Some(asked) = status.metadata().get(PUSHBACK_HEADER) {
        // What is no number, and a negative one, mean never.
        let asked: u64 = asked.to_str().ok()?.parse().ok()?;
        let pause = Duration::from_millis(asked);
        return (pause <= MAX_DELAY).then(|| pause + pause.mul_f64(rand::rng().random_range(0.0..0.5)));
    }
    let ceiling = 50 * (1_u64 << attempt);
    (status.code() == Code::Unavailable).then(|| Duration::from_millis(rand::rng().random_range(0..ceiling)))
}

/// An error before anything was sent, which another attempt would meet too.
pub(super) fn not_sent(detail: String) -> Status {
    with_pushback(Status::unavailable(detail), "-1")
}
