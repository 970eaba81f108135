//! A circuit breaker for each method of a service: a method that mostly fails is not called for a moment, then probed with one
//! call.
//!
//! So a callee in trouble is not kept there by its callers, which fail at once instead of waiting.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_secs(10);
const OPEN_DURATION: Duration = Duration::from_secs(5);
/// Fewer calls than this in a window do not open it.
const MIN_CALLS: u32 = 20;

#[derive(Debug)]
struct Method {
    since: Instant,
    calls: u32,
    failures: u32,
    open_until: Option<Instant>,
}

/// The breakers of one callee.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    methods: Mutex<HashMap<String, Method>>,
}

impl Breaker {
    /// Whether a call may be made now. After the pause the first caller is the probe; the others wait for its outcome.
    pub(super) fn admit(&self, method: &str) -> bool {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = methods.get_mut(method) else { return true };
        match state.open_until {
            None => true,
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                state.open_until = Some(Instant::now() + OPEN_DURATION);
                true
            }
        }
    }

    /// Notes an outcome. Opens at half of at least twenty calls in ten seconds; one success of a probe closes.
    pub(super) fn record(&self, method: &str, success: bool) {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if !methods.contains_key(method) {
            methods.insert(method.to_owned(), Method::new());
        }
        let Some(state) = methods.get_mut(method) else { return };
        if state.open_until.is_some() {
            if success {
                *state = Method::new();
            }
            return;
        }
        if state.since.elapsed() > WINDOW {
            *state = Method::new();
        }
        state.calls += 1;
        state.failures += u32::from(!success);
        if state.calls >= MIN_CALLS && state.failures * 2 >= state.calls {
            state.open_until = Some(Instant::now() + OPEN_DURATION);
        }
    }
}

impl Method {
    fn new() -> Self {
        Self { since: Instant::now(), calls: 0, failures: 0, open_until: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_when_most_calls_fail_and_closes_after_a_good_probe() {
        let breaker = Breaker::default();
        for _ in 0..MIN_CALLS {
            assert!(breaker.admit("/a"));
            breaker.record("/a", false);
        }
        assert!(!breaker.admit("/a"), "an open breaker refuses");
        assert!(breaker.admit("/b"), "another method is not affected");
        if let Some(state) = breaker.methods.lock().expect("no panic holds it").get_mut("/a") {
            state.open_until = Some(Instant::now());
        }
        assert!(breaker.admit("/a"), "one probe is let through");
        assert!(!breaker.admit("/a"), "only one");
        breaker.record("/a", true);
        assert!(breaker.admit("/a"), "a good probe closes it");
    }
}
