//! A clock the test moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base::time::Clock;
use chrono::TimeDelta;

/// The machine's clock plus what the test has added. Clones move together.
#[derive(Debug, Clone, Default)]
pub struct TestClock {
    ahead: Arc<AtomicI64>,
}

impl TestClock {
    /// The clock as services take it.
    pub fn clock(&self) -> Clock {
        let ahead = self.ahead.clone();
        let system = Clock::system();
        Clock::from_fn(move || system.now() + TimeDelta::microseconds(ahead.load(Ordering::Relaxed)))
    }

    /// Moves forward at once.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).expect("tests do not wait for ages");
        self.ahead.fetch_add(by, Ordering::Relaxed);
    }
}
