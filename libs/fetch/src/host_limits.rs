//! Limits how many fetches run against one host at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

type Hosts = HashMap<String, Arc<Semaphore>>;

/// One semaphore per host with fetches in flight; removed with the last one.
#[derive(Debug)]
pub(crate) struct HostLimits {
    per_host: usize,
    hosts: Mutex<Hosts>,
}

/// Permission to send requests to a host; released on drop.
#[derive(Debug)]
pub(crate) struct HostPermit {
    limits: Arc<HostLimits>,
    host: String,
    permit: Option<OwnedSemaphorePermit>,
}

impl HostLimits {
    pub(crate) fn new(per_host: usize) -> Arc<Self> {
        Arc::new(Self { per_host, hosts: Mutex::default() })
    }

    /// Waits until a request to `host` may be sent.
    pub(crate) async fn acquire(self: &Arc<Self>, host: &str) -> HostPermit {
        let host = host.trim_end_matches('.').to_owned();
        let semaphore =
            Arc::clone(self.lock().entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.per_host))));
        // Created before the wait, so that a cancelled wait also removes the host's entry.
        let mut host_permit = HostPermit { limits: Arc::clone(self), host, permit: None };
        host_permit.permit = Some(semaphore.acquire_owned().await.expect("the semaphore is never closed"));
        host_permit
    }

    fn lock(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for HostPermit {
    fn drop(&mut self) {
        self.permit = None;
        let mut hosts = self.limits.lock();
        let unused = hosts.get(&self.host).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1);
        if unused {
            hosts.remove(&self.host);
        }
    }
}
