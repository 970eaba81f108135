//! Limits how much is done at once, and shares it between organisations: one that asks for ten times as much gets its
//! share and no more.
//!
//! A permit that becomes free goes to the waiting organisation that holds the fewest; of several, to the one that has
//! waited longest. Work that takes long holds its permits for long, so a limiter for it keeps a reserve: from half of
//! the limit on, an organisation gets an equal share with the others, and never the last eighth.

mod state;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use state::State;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The organisation that work is done for; `None` for anonymous requests, which share one place.
pub type Tenant = Option<Uuid>;

/// Waiters of one organisation; further ones are refused at once.
const MAX_WAITERS: usize = 1_024;

/// Limits work by organisation. Cheap to clone; clones share the limit.
#[derive(Clone)]
pub struct TenantLimiter {
    state: Arc<Mutex<State>>,
}

impl TenantLimiter {
    /// One organisation may use the whole limit while no other waits.
    pub fn new(limit: usize) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(limit, None))) }
    }

    /// No organisation but `exempt` may use the whole limit, for work that takes long.
    pub fn with_reserve(limit: usize, exempt: Tenant) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(limit, Some(exempt)))) }
    }

    /// Changes the limit; permits that are held stay.
    pub fn set_limit(&self, limit: usize) {
        self.state().set_limit(limit);
    }

    /// How many permits are held.
    pub fn in_flight(&self) -> usize {
        self.state().in_flight()
    }

    /// A permit, if there is one now.
    pub fn try_acquire(&self, tenant: Tenant) -> Option<TenantPermit> {
        let admitted = self.state().try_start(tenant);
        admitted.then(|| self.permit(tenant))
    }

    /// A permit beyond the limit, for work that has to be done here in any case.
    pub fn acquire_over_limit(&self, tenant: Tenant) -> TenantPermit {
        self.state().start(tenant);
        self.permit(tenant)
    }

    /// A permit, waiting for one up to `timeout`.
    pub async fn acquire(&self, tenant: Tenant, timeout: Duration) -> Option<TenantPermit> {
        let granted = {
            let mut state = self.state();
            if state.try_start(tenant) {
                drop(state);
                return Some(self.permit(tenant));
            }
            state.wait(tenant, MAX_WAITERS)?
        };
        let mut waiter = Waiter { limiter: self, tenant, granted, is_done: false };
        let granted = tokio::time::timeout(timeout, &mut waiter.granted).await;
        waiter.is_done = matches!(granted, Ok(Ok(())));
        waiter.is_done.then(|| self.permit(tenant))
    }

    fn permit(&self, tenant: Tenant) -> TenantPermit {
        TenantPermit { limiter: self.clone(), tenant }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TenantLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantLimiter").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

/// One piece of work in progress; dropped, it makes room for another.
#[derive(Debug)]
pub struct TenantPermit {
    limiter: TenantLimiter,
    tenant: Tenant,
}

impl Drop for TenantPermit {
    fn drop(&mut self) {
        self.limiter.state().finish(self.tenant);
    }
}

/// A request in the queue; it leaves the queue when its future is dropped or runs out of time.
struct Waiter<'a> {
    limiter: &'a TenantLimiter,
    tenant: Tenant,
    granted: oneshot::Receiver<()>,
    is_done: bool,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        self.granted.close();
        let mut state = self.limiter.state();
        // The permit may have been granted just before the timeout.
        match self.granted.try_recv() {
            Ok(()) => state.finish(self.tenant),
            Err(_) => state.remove_abandoned(self.tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(number: u128) -> Tenant {
        Some(Uuid::from_u128(number))
    }

    fn take(limiter: &TenantLimiter, tenant: Tenant, wanted: usize) -> Vec<TenantPermit> {
        (0..wanted).filter_map(|_| limiter.try_acquire(tenant)).collect()
    }

    #[test]
    fn long_work_of_one_organisation_leaves_room_for_others() {
        let limiter = TenantLimiter::with_reserve(64, org(9));
        let mut first = take(&limiter, org(1), 1_000);
        assert_eq!(first.len(), 56, "an eighth is kept for others");
        let second = take(&limiter, org(2), 1_000);
        assert_eq!(second.len(), 8, "until the first gives something back");
        first.truncate(40);
        assert_eq!(take(&limiter, org(1), 1_000).len(), 0, "more than its share is not filled up again");
        assert_eq!(take(&limiter, org(2), 1_000).len(), 16);
        drop((first, second));
        assert_eq!(take(&limiter, org(9), 1_000).len(), 64, "the exempt one may have all");
        assert_eq!(limiter.in_flight(), 0);
    }

    #[test]
    fn short_work_may_use_the_whole_limit() {
        let limiter = TenantLimiter::new(3);
        let held = take(&limiter, None, 10);
        assert_eq!(held.len(), 3);
        limiter.set_limit(4);
        assert_eq!(take(&limiter, None, 10).len(), 1);
        drop(held);
        let over = [(); 5].map(|()| limiter.acquire_over_limit(None));
        assert_eq!(limiter.in_flight(), 5, "what has to be done here is done");
        assert!(limiter.try_acquire(None).is_none(), "and counts");
        drop(over);
        assert_eq!(limiter.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_permit_goes_to_the_organisation_that_holds_the_fewest() {
        let limiter = TenantLimiter::new(2);
        let mut held = take(&limiter, org(1), 2);
        let order = Arc::new(Mutex::new(Vec::new()));
        let wait = |tenant: Tenant| {
            let (limiter, order) = (limiter.clone(), order.clone());
            tokio::spawn(async move {
                let permit = limiter.acquire(tenant, Duration::from_secs(60)).await.unwrap();
                order.lock().unwrap().push(tenant);
                permit
            })
        };
        let greedy: Vec<_> = (0..5).map(|_| wait(org(1))).collect();
        tokio::task::yield_now().await;
        let modest = wait(org(2));
        tokio::time::sleep(Duration::from_secs(1)).await;
        held.pop();
        drop(modest.await.unwrap());
        assert_eq!(order.lock().unwrap()[0], org(2));
        for waiter in greedy {
            waiter.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_gives_up_leaves_nothing_behind() {
        let limiter = TenantLimiter::new(1);
        let held = limiter.try_acquire(None).unwrap();
        assert!(limiter.acquire(None, Duration::from_millis(100)).await.is_none());
        drop(held);
        assert!(limiter.try_acquire(None).is_some());
        assert_eq!(limiter.in_flight(), 0);
    }
}
