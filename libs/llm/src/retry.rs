//! When to try again: a pause with jitter, or what `Retry-After` asks for, within the caller's deadline.

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use crate::LlmError;

const BASE: Duration = Duration::from_millis(250);

/// How often and how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    /// A longer pause is not made.
    pub(crate) longest: Duration,
}

impl Retry {
    /// The pause before try number `attempt` (from 0) after `error`, or `None` to give up.
    pub(crate) fn pause(&self, attempt: u32, error: &LlmError, deadline: Option<Instant>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let pause = match error {
            LlmError::RateLimited { retry_after: Some(asked) } => *asked,
            _ => rand::rng().random_range(Duration::ZERO..=BASE.saturating_mul(1 << attempt.min(5)).min(self.longest)),
        };
        let in_time = deadline.is_none_or(|deadline| Instant::now() + pause < deadline);
        (pause <= self.longest && in_time).then_some(pause)
    }
}
