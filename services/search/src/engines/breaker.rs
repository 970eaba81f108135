//! The health of one engine, and the breaker that leaves an ill one alone.
//!
//! A captcha or a rate limit suspends at once, because asking again makes it worse; other failures suspend after
//! three in a row, for a time that doubles. When a suspension is over one request goes through as a probe, and
//! decides for all.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{Clock, EngineError};

/// As long as SearXNG itself leaves an engine alone that showed a captcha.
const CAPTCHA: Duration = Duration::from_secs(3600);
/// For rate limits that do not say how long.
const RATE_LIMIT: Duration = Duration::from_secs(180);
/// An upstream may not switch itself off for longer.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
const FAILURES_BEFORE_SUSPENSION: u32 = 3;
const FIRST_SUSPENSION: Duration = Duration::from_secs(5);
const LONGEST_SUSPENSION: Duration = Duration::from_secs(300);
/// Weight of the newest latency in the moving average.
const NEWEST: f64 = 0.3;

/// How an engine is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineStatus {
    /// Not asked yet.
    Unknown,
    Up,
    /// The last request failed.
    Failing,
    /// Left alone until a given time.
    Suspended,
}

/// How an engine is doing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineHealth {
    pub name: &'static str,
    pub status: EngineStatus,
    /// Moving average over successful requests, in milliseconds.
    pub latency_ms: Option<f64>,
    pub requests: u64,
    pub failures: u64,
    pub consecutive_failures: u32,
    pub suspended_until: Option<DateTime<Utc>>,
    /// [`EngineError::code`] of the last failure.
    pub last_error: Option<&'static str>,
    /// The last failure in words that may be shown.
    pub last_error_message: Option<String>,
}

#[derive(Default)]
struct State {
    latency_ms: Option<f64>,
    requests: u64,
    failures: u64,
    consecutive_failures: u32,
    suspended_until: Option<DateTime<Utc>>,
    probing: bool,
    last_error: Option<EngineError>,
}

/// The breaker of one engine.
pub(super) struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

impl Breaker {
    pub(super) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default() })
    }

    /// Leave to send one request; its outcome goes to [`Permit::record`].
    pub(super) fn admit(self: &Arc<Self>) -> Result<Permit, EngineError> {
        let now = (self.clock)();
        let mut state = self.lock();
        if let Some(until) = state.suspended_until {
            if until > now || state.probing {
                return Err(EngineError::Suspended { until });
            }
            state.probing = true;
        }
        Ok(Permit { breaker: Arc::clone(self), probe: state.probing })
    }

    pub(super) fn health(&self, name: &'static str) -> EngineHealth {
        let now = (self.clock)();
        let state = self.lock();
        let suspended_until = state.suspended_until.filter(|until| *until > now);
        let status = match &*state {
            _ if suspended_until.is_some() => EngineStatus::Suspended,
            State { requests: 0, .. } => EngineStatus::Unknown,
            State { consecutive_failures: 0, .. } => EngineStatus::Up,
            _ => EngineStatus::Failing,
        };
        EngineHealth {
            name,
            status,
            latency_ms: state.latency_ms,
            requests: state.requests,
            failures: state.failures,
            consecutive_failures: state.consecutive_failures,
            suspended_until,
            last_error: state.last_error.as_ref().map(EngineError::code),
            last_error_message: state.last_error.as_ref().map(ToString::to_string),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while locked")
    }
}

/// Leave to send one request. Dropped without a record (the asker went away) it leaves the health as it was.
pub(super) struct Permit {
    breaker: Arc<Breaker>,
    /// Whether this is the one request that ends or renews a suspension.
    probe: bool,
}

impl Permit {
    /// Notes how the request went. `outcome` is the pause the upstream asked for beside its answer, or the failure.
    pub(super) fn record(self, outcome: Result<Option<Duration>, &EngineError>, elapsed: Duration) {
        let now = (self.breaker.clock)();
        let mut state = self.breaker.lock();
        match outcome {
            Ok(pause) => {
                state.succeeded(elapsed);
                // A request sent before the suspension says nothing about the time after it.
                if self.probe || state.suspended_until.is_none() {
                    state.suspended_until = pause.map(|pause| after(now, pause));
                }
            }
            Err(error) if error.is_illness() => state.failed(error, now),
            Err(_) => {}
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

impl State {
    fn succeeded(&mut self, elapsed: Duration) {
        let newest = elapsed.as_secs_f64() * 1000.0;
        self.requests += 1;
        self.consecutive_failures = 0;
        self.latency_ms = Some(self.latency_ms.map_or(newest, |old| old + NEWEST * (newest - old)));
    }

    fn failed(&mut self, error: &EngineError, now: DateTime<Utc>) {
        self.requests += 1;
        self.failures += 1;
        self.consecutive_failures += 1;
        if let Some(pause) = suspension(error, self.consecutive_failures) {
            self.suspended_until = Some(after(now, pause));
        }
        self.last_error = Some(error.clone());
    }
}

/// How long to leave an engine alone after its `failures`-th failure in a row.
fn suspension(error: &EngineError, failures: u32) -> Option<Duration> {
    match error {
        EngineError::Captcha => Some(CAPTCHA),
        EngineError::RateLimited { retry_after, .. } => Some(retry_after.unwrap_or(RATE_LIMIT)),
        _ => {
            let doublings = failures.checked_sub(FAILURES_BEFORE_SUSPENSION)?;
            Some(FIRST_SUSPENSION.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_SUSPENSION))
        }
    }
}

fn after(now: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    now + TimeDelta::from_std(pause.min(LONGEST_RETRY_AFTER)).expect("a day fits")
}
