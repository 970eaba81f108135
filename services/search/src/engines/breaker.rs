//! Circuit breaker and health of one engine.
//!
//! A captcha or a rate limit suspends the engine at once, because further requests would prolong it; other failures
//! suspend it after three in a row, for a time that doubles. After a suspension one request is let through as a probe;
//! its outcome ends or renews the suspension.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{EngineClock, EngineError};

/// The same time for which SearXNG suspends an engine that showed a captcha.
const CAPTCHA_SUSPENSION: Duration = Duration::from_secs(3600);
/// For rate limits without `Retry-After`.
const RATE_LIMIT_SUSPENSION: Duration = Duration::from_secs(180);
/// Longest suspension an upstream can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
const FAILURES_BEFORE_SUSPENSION: u32 = 3;
const FIRST_SUSPENSION: Duration = Duration::from_secs(5);
const MAX_SUSPENSION: Duration = Duration::from_secs(300);
/// Weight of the newest latency in the exponential moving average.
const LATENCY_EMA_WEIGHT: f64 = 0.3;

/// Health of an engine in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineStatus {
    /// No request has been sent yet.
    Unknown,
    Up,
    /// The last request failed.
    Failing,
    /// The breaker is open until a given time.
    Suspended,
}

/// Health of an engine.
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
struct BreakerState {
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
    clock: EngineClock,
    state: Mutex<BreakerState>,
}

impl Breaker {
    pub(super) fn new(clock: EngineClock) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default() })
    }

    /// Permission to send one request; pass its outcome to [`BreakerPermit::record`].
    pub(super) fn admit(self: &Arc<Self>) -> Result<BreakerPermit, EngineError> {
        let now = (self.clock)();
        let mut state = self.lock();
        if let Some(until) = state.suspended_until {
            if until > now || state.probing {
                return Err(EngineError::Suspended { until });
            }
            state.probing = true;
        }
        Ok(BreakerPermit { breaker: Arc::clone(self), probe: state.probing })
    }

    pub(super) fn health(&self, name: &'static str) -> EngineHealth {
        let now = (self.clock)();
        let state = self.lock();
        let suspended_until = state.suspended_until.filter(|until| *until > now);
        let status = match &*state {
            _ if suspended_until.is_some() => EngineStatus::Suspended,
            BreakerState { requests: 0, .. } => EngineStatus::Unknown,
            BreakerState { consecutive_failures: 0, .. } => EngineStatus::Up,
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

    fn lock(&self) -> MutexGuard<'_, BreakerState> {
        self.state.lock().expect("no panic while locked")
    }
}

/// Permission to send one request. If it is dropped without a record, because the caller went away, the health is
/// unchanged.
pub(super) struct BreakerPermit {
    breaker: Arc<Breaker>,
    /// Whether this is the one request that ends or renews a suspension.
    probe: bool,
}

impl BreakerPermit {
    /// Records the outcome of the request: the pause that the upstream asked for with its answer, or the error.
    pub(super) fn record(self, outcome: Result<Option<Duration>, &EngineError>, elapsed: Duration) {
        let now = (self.breaker.clock)();
        let mut state = self.breaker.lock();
        match outcome {
            Ok(pause) => {
                state.succeeded(elapsed);
                // A request sent before the suspension must not end it.
                if self.probe || state.suspended_until.is_none() {
                    state.suspended_until = pause.map(|pause| after(now, pause));
                }
            }
            Err(error) if error.affects_health() => state.failed(error, now),
            Err(_) => {}
        }
    }
}

impl Drop for BreakerPermit {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

impl BreakerState {
    fn succeeded(&mut self, elapsed: Duration) {
        let newest = elapsed.as_secs_f64() * 1000.0;
        self.requests += 1;
        self.consecutive_failures = 0;
        self.latency_ms = Some(self.latency_ms.map_or(newest, |old| old + LATENCY_EMA_WEIGHT * (newest - old)));
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

/// How long to suspend an engine after its `failures`-th consecutive failure; `None` if not yet.
fn suspension(error: &EngineError, failures: u32) -> Option<Duration> {
    match error {
        EngineError::Captcha => Some(CAPTCHA_SUSPENSION),
        EngineError::RateLimited { retry_after, .. } => Some(retry_after.unwrap_or(RATE_LIMIT_SUSPENSION)),
        _ => {
            let doublings = failures.checked_sub(FAILURES_BEFORE_SUSPENSION)?;
            Some(FIRST_SUSPENSION.saturating_mul(2_u32.saturating_pow(doublings)).min(MAX_SUSPENSION))
        }
    }
}

fn after(now: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    now + TimeDelta::from_std(pause.min(MAX_RETRY_AFTER)).expect("a day fits")
}
