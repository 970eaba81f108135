//! A clock the test moves.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base::time::Clock;
use chrono::TimeDelta;
use jobs::JobQueue;

/// The machine's clock plus what the test has added. Clones move together.
#[derive(Debug, Clone, Default)]
pub struct TestClock {
    ahead: Arc<AtomicI64>,
    /// Their workers sleep until the next job is due by this clock.
    queues: Arc<Mutex<Vec<JobQueue>>>,
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
        for queue in self.queues.lock().expect("the lock is held for a moment").iter() {
            queue.wake();
        }
    }

    /// Has the workers of `queue` look at the clock whenever it was moved.
    pub(super) fn wakes(&self, queue: JobQueue) {
        self.queues.lock().expect("the lock is held for a moment").push(queue);
    }
}
