//! Who has a place on a route, and who waits for one: the same for every organisation.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use super::{Bounds, Queue, STANDING};

/// Nobody that is known is an organisation too.
pub(super) type Org = Option<Uuid>;

/// What becomes of the limit in a window in which there was too much to do, and in one in which there was not.
const LOWER: f64 = 0.8;
const HIGHER: f64 = 1.25;

#[derive(Debug)]
pub(super) struct State {
    bounds: Bounds,
    limit: f64,
    in_flight: usize,
    waiting: usize,
    /// Those that have a place or wait for one.
    orgs: HashMap<Org, Share>,
    /// Of the limit and of those in flight.
    gauges: [metrics::Gauge; 2],
}

#[derive(Debug, Default)]
struct Share {
    in_flight: usize,
    queue: VecDeque<(Instant, oneshot::Sender<()>)>,
    /// Since when there is somebody in the queue.
    standing: Option<Instant>,
}

/// What came of asking for a place.
pub(super) enum Entered {
    Served,
    Waiting { turn: oneshot::Receiver<()>, patience: Duration },
    Full,
}

impl State {
    pub(super) fn new(bounds: Bounds, route: &str) -> Self {
        let limit = metrics::gauge!("gooseek_concurrency_limit", "route" => route.to_owned());
        let in_flight = metrics::gauge!("gooseek_concurrency", "route" => route.to_owned());
        let gauges = [limit, in_flight];
        Self { bounds, limit: bounds.most as f64, in_flight: 0, waiting: 0, orgs: HashMap::new(), gauges }
    }

    pub(super) fn enter(&mut self, org: Org, queue: Queue, now: Instant) -> Entered {
        // Whoever waits gets a place when one becomes free, so that nobody waits while there are places.
        if self.has_places() {
            self.take(org);
            return Entered::Served;
        }
        if self.waiting >= queue.places && !self.make_room(org) {
            return Entered::Full;
        }
        let share = self.orgs.entry(org).or_default();
        let (grant, turn) = oneshot::channel();
        share.queue.push_back((now, grant));
        self.waiting += 1;
        let stands = now.saturating_duration_since(*share.standing.get_or_insert(now));
        Entered::Waiting { turn, patience: if stands > queue.burst { STANDING } else { queue.burst } }
    }

    fn take(&mut self, org: Org) {
        self.orgs.entry(org).or_default().in_flight += 1;
        self.in_flight += 1;
        self.gauges[1].set(self.in_flight as f64);
    }

    /// Sends away the last in the longest queue, if that is longer than this organisation's.
    fn make_room(&mut self, org: Org) -> bool {
        let own = self.orgs.get(&org).map_or(0, |share| share.queue.len());
        let longest = self.orgs.values_mut().max_by_key(|share| share.queue.len());
        let Some(longest) = longest.filter(|longest| longest.queue.len() > own + 1) else { return false };
        longest.queue.pop_back();
        self.waiting -= 1;
        true
    }

    /// Sets the limit for the next window. A route that serves no more than the least is not what keeps the process busy.
    pub(super) fn adjust(&mut self, is_late: bool) {
        let Bounds { least, most } = self.bounds;
        let factor = if is_late && self.in_flight > least { LOWER } else { HIGHER };
        self.limit = (self.limit * factor).clamp(least as f64, most as f64);
        self.gauges[0].set(self.limit.floor());
        self.fill();
    }

    fn has_places(&self) -> bool {
        // Cut off, and between two numbers of requests.
        self.in_flight < self.limit as usize
    }

    fn fill(&mut self) {
        while self.has_places() && self.grant() {}
        self.gauges[1].set(self.in_flight as f64);
    }

    /// A request of `org` is served no more.
    pub(super) fn leave(&mut self, org: Org) {
        self.in_flight -= 1;
        if let Some(share) = self.orgs.get_mut(&org) {
            share.in_flight -= 1;
        }
        self.fill();
        self.tidy(org);
    }

    /// Gives a place to the organisation that has the fewest; of several, to the one that has waited longest.
    fn grant(&mut self) -> bool {
        let waiting = self.orgs.iter_mut().filter_map(|(org, share)| {
            let (since, _) = share.queue.front()?;
            Some(((share.in_flight, *since), *org, share))
        });
        let Some((_, org, share)) = waiting.min_by_key(|(key, ..)| *key) else { return false };
        let first = share.queue.pop_front();
        share.standing = share.standing.filter(|_| !share.queue.is_empty());
        self.waiting -= 1;
        // One that has given up leaves the place to the next.
        if first.is_some_and(|(_, grant)| grant.send(()).is_ok()) {
            self.take(org);
        } else {
            self.tidy(org);
        }
        true
    }

    /// Takes those out of the queue who have given up.
    pub(super) fn withdraw(&mut self, org: Org) {
        let Some(share) = self.orgs.get_mut(&org) else { return };
        let before = share.queue.len();
        share.queue.retain(|(_, grant)| !grant.is_closed());
        self.waiting -= before - share.queue.len();
        share.standing = share.standing.filter(|_| !share.queue.is_empty());
        self.tidy(org);
    }

    fn tidy(&mut self, org: Org) {
        if self.orgs.get(&org).is_some_and(|share| share.in_flight == 0 && share.queue.is_empty()) {
            self.orgs.remove(&org);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::OF_PERSONS, *};

    /// How long a request would wait.
    fn patience(entered: &Entered) -> Duration {
        let Entered::Waiting { patience, .. } = entered else { panic!("it does not wait") };
        *patience
    }

    #[test]
    fn a_queue_that_stands_is_no_place_to_wait() {
        let mut state = State::new(Bounds { least: 1, most: 1 }, "test");
        let [busy, other] = [1, 2].map(|org| Some(Uuid::from_u128(org)));
        let begun = Instant::now();
        assert!(matches!(state.enter(busy, OF_PERSONS, begun), Entered::Served));
        let first = state.enter(busy, OF_PERSONS, begun);
        assert_eq!(patience(&first), OF_PERSONS.burst);
        let later = begun + OF_PERSONS.burst * 2;
        let second = state.enter(busy, OF_PERSONS, later);
        assert_eq!(patience(&second), STANDING);
        let stranger = state.enter(other, OF_PERSONS, later);
        assert_eq!(patience(&stranger), OF_PERSONS.burst, "it is not this one's queue");

        // Each place goes to the next; when the queue has been empty it is a new one.
        for _ in 0..3 {
            let next = state.orgs.iter().find(|(_, share)| share.in_flight == 1).map(|(org, _)| *org).unwrap();
            state.leave(next);
        }
        let again = state.enter(busy, OF_PERSONS, later);
        assert_eq!((state.in_flight, patience(&again)), (1, OF_PERSONS.burst));
    }
}
