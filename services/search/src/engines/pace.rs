//! Keeps to an upstream's own rule on request rates (the generic cell rate algorithm).

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::Pace;

/// Hands out the moments at which requests may be sent.
pub(super) struct Pacer {
    pace: Option<Pace>,
    /// When the allowance would be whole again; `None` before the first request.
    full_at: Mutex<Option<Instant>>,
}

impl Pacer {
    pub(super) fn new(pace: Option<Pace>) -> Self {
        Self { pace, full_at: Mutex::new(None) }
    }

    /// Takes the next free moment if it lies within `patience`, and says how long to wait for it; otherwise takes
    /// nothing and says how long it would have been.
    pub(super) fn reserve(&self, now: Instant, patience: Duration) -> Result<Duration, Duration> {
        let Some(pace) = self.pace else { return Ok(Duration::ZERO) };
        let mut full_at = self.full_at.lock().expect("no panic while locked");
        let base = full_at.map_or(now, |full_at| full_at.max(now));
        let tolerance = pace.every * pace.burst.saturating_sub(1);
        let wait = base.saturating_duration_since(now).saturating_sub(tolerance);
        if wait >= patience && !wait.is_zero() {
            return Err(wait);
        }
        *full_at = Some(base + pace.every);
        Ok(wait)
    }
}
