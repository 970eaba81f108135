//! How late the process is. A timer that is served long after its time tells that there is more to do than there are workers
//! for; what requests take does not tell it, because most of them wait for others.

use std::{future::poll_fn, mem, task::Poll, time::Duration};

use tokio::time::{Instant, sleep_until};

const TICK: Duration = Duration::from_millis(20);
/// A process this late has too much to do; on a machine with few cores, busy with other things too, a timer is some 10 ms late.
const LATE: Duration = Duration::from_millis(100);
/// How much of the newest tick is believed: one stall of the machine is no overload.
const NEWEST: f64 = 0.2;

/// The lateness of the process in which it is used. Its clock is tokio's, which tests can set.
#[derive(Debug, Default)]
pub(super) struct Lag {
    /// Seconds, smoothed.
    lag: f64,
}

impl Lag {
    /// Measures for as long as `window` lasts.
    pub(super) async fn measure(&mut self, window: Duration) {
        let ends = Instant::now() + window;
        while Instant::now() < ends {
            let due = Instant::now() + TICK;
            sleep_until(due).await;
            behind_others().await;
            self.lag += (due.elapsed().as_secs_f64() - self.lag) * NEWEST;
        }
        metrics::gauge!("gooseek_lag_seconds").set(self.lag);
    }

    pub(super) fn is_late(&self) -> bool {
        self.lag > LATE.as_secs_f64()
    }
}

/// Goes to the end of the worker's queue: what a timer wakes comes first in it, and tokio's `yield_now` goes there too.
async fn behind_others() {
    let mut queued = false;
    poll_fn(|context| {
        if mem::replace(&mut queued, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_queue_in_front_of_the_workers_is_seen() {
        for _ in 0..600 {
            tokio::spawn(async {
                loop {
                    std::thread::sleep(Duration::from_millis(1));
                    behind_others().await;
                }
            });
        }
        let measured = tokio::spawn(async {
            let mut lag = Lag::default();
            lag.measure(Duration::from_secs(2)).await;
            lag
        });
        let lag = measured.await.expect("it measures");
        assert!(lag.is_late(), "{lag:?}");
    }
}
