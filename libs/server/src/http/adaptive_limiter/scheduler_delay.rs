//! Measures scheduler delay: how late a timer fires. Unlike request latency, which is dominated by upstream calls, it rises
//! only when the worker threads are saturated.

use std::{future::poll_fn, mem, task::Poll, time::Duration};

use tokio::time::{Instant, sleep_until};

/// Between two measurements.
const TICK_INTERVAL: Duration = Duration::from_millis(20);
/// Beyond this delay the process is overloaded; on a small machine that is busy with other things 10 ms are common.
const LATE_THRESHOLD: Duration = Duration::from_millis(100);
/// Weight of the newest tick in the moving average: one stall of the machine is no overload.
const SMOOTHING: f64 = 0.2;

/// The scheduler delay of this process. Its clock is tokio's, which tests can set.
#[derive(Debug, Default)]
pub(super) struct SchedulerDelay {
    /// Seconds, as a moving average.
    average: f64,
}

impl SchedulerDelay {
    /// Measures for as long as `window` lasts.
    pub(super) async fn measure(&mut self, window: Duration) {
        let ends = Instant::now() + window;
        while Instant::now() < ends {
            let due = Instant::now() + TICK_INTERVAL;
            sleep_until(due).await;
            yield_to_back().await;
            self.average += (due.elapsed().as_secs_f64() - self.average) * SMOOTHING;
        }
        metrics::gauge!("gooseek_scheduler_delay_seconds").set(self.average);
    }

    pub(super) fn is_late(&self) -> bool {
        self.average > LATE_THRESHOLD.as_secs_f64()
    }
}

/// Goes to the end of the worker's queue; what a timer wakes is put in front of it, as is what `yield_now` defers.
async fn yield_to_back() {
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
                    yield_to_back().await;
                }
            });
        }
        let measured = tokio::spawn(async {
            let mut delay = SchedulerDelay::default();
            delay.measure(Duration::from_secs(2)).await;
            delay
        });
        let delay = measured.await.expect("it measures");
        assert!(delay.is_late(), "{delay:?}");
    }
}
