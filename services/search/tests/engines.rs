//! The engines through their public API, against fakes of their upstreams.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "engines/fusion.rs"]
mod fusion;
#[path = "engines/keyless.rs"]
mod keyless;
#[path = "engines/searxng.rs"]
mod searxng;
#[path = "engines/set.rs"]
mod set;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use search_svc::engines::{EngineClock, EngineResults, UpstreamAccess};

/// A clock that stands at the start of 2026 until it is moved.
#[derive(Clone)]
struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(DateTime::from_timestamp(1_767_225_600, 0).unwrap())))
    }

    fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }

    fn clock(&self) -> EngineClock {
        let now = Arc::clone(&self.0);
        Arc::new(move || *now.lock().unwrap())
    }
}

fn access() -> UpstreamAccess {
    UpstreamAccess::new("ops@example.org", TestClock::new().clock())
}

fn urls(found: &EngineResults) -> Vec<&str> {
    found.hits.iter().map(|hit| hit.url.as_str()).collect()
}

fn titles(found: &EngineResults) -> Vec<&str> {
    found.hits.iter().map(|hit| hit.title.as_str()).collect()
}
