//! How many fetches may run at one host at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

type Hosts = HashMap<String, Arc<Semaphore>>;

/// One semaphore for each host that is being fetched from; forgotten with its last fetch.
#[derive(Debug)]
pub(crate) struct HostSlots {
    per_host: usize,
    hosts: Mutex<Hosts>,
}

/// The right to talk to a host, given back when dropped.
#[derive(Debug)]
pub(crate) struct HostSlot {
    slots: Arc<HostSlots>,
    host: String,
    permit: Option<OwnedSemaphorePermit>,
}

impl HostSlots {
    pub(crate) fn new(per_host: usize) -> Arc<Self> {
        Arc::new(Self { per_host, hosts: Mutex::default() })
    }

    /// Waits for its turn at `host`.
    pub(crate) async fn acquire(self: &Arc<Self>, host: &str) -> HostSlot {
        let host = host.trim_end_matches('.').to_owned();
        let semaphore =
            Arc::clone(self.lock().entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.per_host))));
        // Made before waiting, so that giving up the wait also forgets the host.
        let mut slot = HostSlot { slots: Arc::clone(self), host, permit: None };
        slot.permit = Some(semaphore.acquire_owned().await.expect("the semaphore is never closed"));
        slot
    }

    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HostSlot {
    fn drop(&mut self) {
        self.permit = None;
        let mut hosts = self.slots.lock();
        let unused = hosts.get(&self.host).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1);
        if unused {
            hosts.remove(&self.host);
        }
    }
}
