//! Retries of idempotent calls under a budget, so that a callee in trouble is not buried by its callers.

use std::{
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rand::Rng;
use tonic::{Code, Status};

use super::Transport;

const ATTEMPTS: u32 = 3;
/// A retry costs ten calls' worth of credit.
const COST: u64 = 10;
const CEILING: u64 = 100;
/// Three retries a second are always allowed.
const FLOOR: Duration = Duration::from_millis(333);

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
        if last.is_some_and(|last| last.elapsed() < FLOOR) {
            return false;
        }
        *last = Some(Instant::now());
        true
    }
}

/// Makes an idempotent call, up to three times while the callee is unavailable, with full jitter in between.
pub async fn retry<T, F, Fut>(transport: &Transport, mut call: F) -> Result<T, Status>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    let budget = &transport.shared.budget;
    budget.deposit();
    let mut attempt = 1;
    loop {
        match call().await {
            Err(status) if status.code() == Code::Unavailable && attempt < ATTEMPTS && budget.withdraw() => {
                let ceiling = 50 * (1_u64 << attempt);
                let pause = rand::rng().random_range(0..ceiling);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}
