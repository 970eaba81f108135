//! What is in progress and what waits, by organisation.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;

use super::Tenant;

#[derive(Debug)]
pub(super) struct State {
    limit: usize,
    /// The organisation that may use the whole limit, where the others may not.
    reserve: Option<Tenant>,
    in_flight: usize,
    /// Those that have something in progress or waiting.
    tenants: HashMap<Tenant, TenantQueue>,
    next_number: u64,
}

#[derive(Debug, Default)]
struct TenantQueue {
    in_flight: usize,
    /// Each with its number in the order of arrival.
    waiters: VecDeque<(u64, oneshot::Sender<()>)>,
}

impl State {
    pub(super) fn new(limit: usize, reserve: Option<Tenant>) -> Self {
        Self { limit, reserve, in_flight: 0, tenants: HashMap::new(), next_number: 0 }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        while self.grant_next() {}
    }

    pub(super) fn try_start(&mut self, tenant: Tenant) -> bool {
        let may_start = self.may_start(tenant);
        if may_start {
            self.start(tenant);
        }
        may_start
    }

    pub(super) fn start(&mut self, tenant: Tenant) {
        self.tenants.entry(tenant).or_default().in_flight += 1;
        self.in_flight += 1;
    }

    /// Joins the queue; `None` when the organisation has `max` waiters already.
    pub(super) fn wait(&mut self, tenant: Tenant, max: usize) -> Option<oneshot::Receiver<()>> {
        let queue = self.tenants.entry(tenant).or_default();
        if queue.waiters.len() >= max {
            return None;
        }
        let (grant, granted) = oneshot::channel();
        queue.waiters.push_back((self.next_number, grant));
        self.next_number += 1;
        Some(granted)
    }

    /// Ends one piece of work and starts what waits for its permit.
    pub(super) fn finish(&mut self, tenant: Tenant) {
        self.in_flight -= 1;
        if let Some(queue) = self.tenants.get_mut(&tenant) {
            queue.in_flight -= 1;
        }
        while self.grant_next() {}
        self.remove_idle(tenant);
    }

    /// Removes waiters whose receivers are closed.
    pub(super) fn remove_abandoned(&mut self, tenant: Tenant) {
        let Some(queue) = self.tenants.get_mut(&tenant) else { return };
        queue.waiters.retain(|(_, grant)| !grant.is_closed());
        self.remove_idle(tenant);
    }

    fn may_start(&self, tenant: Tenant) -> bool {
        if self.in_flight >= self.limit {
            return false;
        }
        let Some(exempt) = self.reserve else { return true };
        if tenant == exempt || self.in_flight < self.limit / 2 {
            return true;
        }
        let own = self.tenants.get(&tenant).map_or(0, |queue| queue.in_flight);
        let active = self.tenants.len() + usize::from(!self.tenants.contains_key(&tenant));
        own < (self.limit / active).min(self.limit - self.limit / 8).max(1)
    }

    /// Gives a permit to the waiting organisation that holds the fewest; whether there was one.
    fn grant_next(&mut self) -> bool {
        let waiting = self.tenants.iter().filter_map(|(tenant, queue)| {
            let (number, _) = queue.waiters.front()?;
            self.may_start(*tenant).then_some((queue.in_flight, *number, *tenant))
        });
        let Some((.., tenant)) = waiting.min_by_key(|(in_flight, number, _)| (*in_flight, *number)) else {
            return false;
        };
        let waiter = self.tenants.get_mut(&tenant).and_then(|queue| queue.waiters.pop_front());
        // One that has given up leaves the permit to the next.
        if waiter.is_some_and(|(_, grant)| grant.send(()).is_ok()) {
            self.start(tenant);
        }
        true
    }

    fn remove_idle(&mut self, tenant: Tenant) {
        if self.tenants.get(&tenant).is_some_and(|queue| queue.in_flight == 0 && queue.waiters.is_empty()) {
            self.tenants.remove(&tenant);
        }
    }
}
