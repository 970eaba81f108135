//! Measures whether a function's time grows faster than its input.

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
        let (once, twice) = (shortest(&mut run, half), shortest(&mut run, &text));
        ratio = ratio.min(twice.as_secs_f64() / once.as_secs_f64());
        if ratio <= MAX_RATIO {
            return;
        }
    }
    panic!("{unit:?}: twice the text takes {ratio:.1} times as long");
}

fn shortest(run: &mut impl FnMut(&str), text: &str) -> Duration {
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        run(text);
        start.elapsed()
    });
    times.min().unwrap_or_default()
}
