//! Retry delays: exponential backoff with jitter, or the server's `Retry-After`, within the caller's deadline.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use crate::LlmError;

const BASE_DELAY: Duration = Duration::from_millis(250);
/// After this long a model is not tried again: a proxy in front of it has retried already, and somebody waits.
const RETRY_WINDOW: Duration = Duration::from_secs(6);

/// Limits of the retries of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) max_retries: u32,
    /// If `Retry-After` is longer, the call fails.
    pub(crate) max_delay: Duration,
}

impl RetryPolicy {
    /// The delay before retry number `attempt` (from 0) after `error` of a call that began at `began_at`, or `None` to give up.
    pub(crate) fn delay(
        &self,
        attempt: u32,
        error: &LlmError,
        began_at: Instant,
        deadline: Option<Instant>,
    ) -> Option<Duration> {
        if attempt >= self.max_retries || began_at.elapsed() > RETRY_WINDOW {
            return None;
        }
        let delay = match error {
            LlmError::RateLimited { retry_after: Some(retry_after) } => *retry_after,
            _ => rand::rng()
                .random_range(Duration::ZERO..=BASE_DELAY.saturating_mul(1 << attempt.min(5)).min(self.max_delay)),
        };
        let in_time = deadline.is_none_or(|deadline| Instant::now() + delay < deadline);
        (delay <= self.max_delay && in_time).then_some(delay)
    }
}
