//! How many requests of a route are served at once: as many as it takes without getting slower.
//!
//! After the gradient of Netflix's concurrency-limits: what a request takes now is compared with what it usually takes. What
//! is usual is learnt while few are served at once, so that an overload that lasts does not become usual; a route that is slow
//! by nature, because it waits for others, is slow then as well and keeps its limit.

use std::time::{Duration, Instant};

use super::Bounds;

/// The limit is looked at this often, if so many requests were answered meanwhile; after ten times as long in any case. It
/// takes some windows to become low: a burst of a second or two is served.
const WINDOW: Duration = Duration::from_millis(500);
const ENOUGH: u32 = 10;
/// A request may take twice what is usual, and this much more: a person does not notice, and a busy machine is not even.
const TOLERANCE: f64 = 2.0;
const SLACK: f64 = 0.01;
/// What is taken for usual, in seconds, before anything is known.
const ASSUMED: f64 = 0.1;
/// How much of a difference is learnt from one window: what is better than usual sooner than what is worse.
const BETTER: f64 = 0.5;
const WORSE: f64 = 0.05;

/// The limit of one route.
#[derive(Debug)]
pub(super) struct Gradient {
    bounds: Bounds,
    limit: f64,
    /// Seconds.
    usual: f64,
    window: Window,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    answered: u32,
    /// Seconds of all of them.
    took: f64,
    /// The most that were served at once.
    busiest: usize,
}

impl Gradient {
    /// The limit begins at its highest: only what was measured makes it lower.
    pub(super) fn new(bounds: Bounds, now: Instant) -> Self {
        Self { bounds, limit: bounds.most as f64, usual: ASSUMED, window: Window::new(now) }
    }

    pub(super) fn limit(&self) -> usize {
        // Cut off, and between two numbers of requests.
        self.limit as usize
    }

    /// Notes what one request took while `in_flight` were served, itself among them.
    pub(super) fn note(&mut self, took: Duration, in_flight: usize, now: Instant) {
        let window = &mut self.window;
        window.answered += 1;
        window.took += took.as_secs_f64();
        window.busiest = window.busiest.max(in_flight);
        let age = now.saturating_duration_since(window.since);
        if age < WINDOW || (window.answered < ENOUGH && age < WINDOW * 10) {
            return;
        }
        let took = window.took / f64::from(window.answered);
        let at_ease = window.busiest <= self.bounds.least;
        self.window = Window::new(now);
        self.adjust(took, at_ease);
    }

    fn adjust(&mut self, took: f64, at_ease: bool) {
        let allowed = self.usual * TOLERANCE + SLACK;
        let (least, most) = (self.bounds.least as f64, self.bounds.most as f64);
        let limit = if at_ease || took <= allowed {
            self.limit + self.limit.sqrt()
        } else {
            // Never only a little: between growing and shrinking no limit may settle above the one at which usual is learnt.
            self.limit * (allowed / took).clamp(0.5, 0.95)
        };
        self.limit = limit.clamp(least, most);
        if took < self.usual {
            self.usual += (took - self.usual) * BETTER;
        } else if at_ease {
            self.usual += (took - self.usual) * WORSE;
        }
    }
}

impl Window {
    fn new(since: Instant) -> Self {
        Self { since, answered: 0, took: 0.0, busiest: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A route on a machine that does `at_once` requests at a time, each in `work`.
    struct Machine {
        gradient: Gradient,
        now: Instant,
        at_once: usize,
        work: Duration,
    }

    impl Machine {
        fn new(at_once: usize, work: Duration) -> Self {
            let now = Instant::now();
            let gradient = Gradient::new(Bounds::default(), now);
            Self { gradient, now, at_once, work }
        }

        /// Serves `wanted` at once, as far as the limit allows, so many times.
        fn serve(&mut self, wanted: usize, times: usize) {
            for _ in 0..times {
                let in_flight = wanted.min(self.gradient.limit());
                let took = self.work.mul_f64(in_flight.div_ceil(self.at_once) as f64);
                self.now += took.max(WINDOW);
                for _ in 0..in_flight {
                    self.gradient.note(took, in_flight, self.now);
                }
            }
        }
    }

    #[test]
    fn a_route_that_gets_slower_under_load_is_limited_for_as_long_as_it_is() {
        let mut machine = Machine::new(2, Duration::from_millis(5));
        machine.serve(1, 100);
        assert_eq!(machine.gradient.limit(), 1_024, "nothing is wrong");
        machine.serve(1_000, 1_000);
        let limit = machine.gradient.limit();
        assert!((32..200).contains(&limit), "{limit}");
        machine.serve(1, 1_000);
        assert_eq!(machine.gradient.limit(), 1_024, "it is over");
    }

    #[test]
    fn an_overload_from_the_first_request_on_is_noticed() {
        let mut machine = Machine::new(2, Duration::from_millis(5));
        machine.serve(1_000, 100);
        let limit = machine.gradient.limit();
        assert!((32..200).contains(&limit), "{limit}");
    }

    #[test]
    fn a_route_that_waits_for_others_keeps_its_limit() {
        let mut machine = Machine::new(10_000, Duration::from_secs(2));
        machine.serve(1, 50);
        machine.serve(1_000, 50);
        assert_eq!(machine.gradient.limit(), 1_024);
        let mut crowded = Machine::new(10_000, Duration::from_secs(2));
        crowded.serve(1_000, 200);
        assert_eq!(crowded.gradient.limit(), 1_024, "also when it was never seen at ease");
    }
}
