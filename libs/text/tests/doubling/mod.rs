//! Measures whether a function's time grows faster than its input.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Twice the text may take this many times as long …
const MAX_RATIO: f64 = 2.5;
/// … in the best of so many comparisons, each of the shortest of so many runs: the machine is noisy.
const COMPARISONS: usize = 6;
const RUNS: usize = 3;

/// Asserts that `run` takes at most 2.5 times as long for `2 * bytes` of repeated `unit` as for `bytes`.
pub(crate) fn assert_linear(unit: &str, bytes: usize, mut run: impl FnMut(&str)) {
    let text = unit.repeat(2 * (bytes / unit.len() + 1));
    let half = &text[..text.len() / 2];
    let mut ratio = f64::INFINITY;
    for _ in 0..COMPARISONS {
        let (once, twice) = (shortest(&mut run, half, RUNS), shortest(&mut run, &text, RUNS));
        ratio = ratio.min(twice.as_secs_f64() / once.as_secs_f64());
        if ratio <= MAX_RATIO {
            return;
        }
    }
    panic!("{unit:?}: twice the text takes {ratio:.1} times as long");
}

/// The processor time of the shortest of so many runs.
pub(crate) fn shortest(run: &mut impl FnMut(&str), text: &str, runs: usize) -> Duration {
    let times = (0..runs).map(|_| {
        let started = processor_time();
        run(text);
        processor_time().saturating_sub(started)
    });
    times.min().unwrap_or_default()
}

/// What this thread has used of a processor: other work on the machine does not count. The time of day where the system
/// does not tell.
pub(crate) fn processor_time() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    // The counter is brought up to date when the thread is rescheduled.
    std::thread::yield_now();
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|line| line.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}
