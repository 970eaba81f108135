//! Singleflight: equal requests that run at the same time are sent once, and all callers get the answer.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use futures::future::{FutureExt, Shared, WeakShared};
use tokio_util::task::AbortOnDropHandle;

/// A running request, shared by its callers. It is aborted when the last of them drops it.
pub(super) type SharedRequest<T> = Shared<RequestTask<T>>;

/// A task that is aborted on drop.
pub(super) struct RequestTask<T>(AbortOnDropHandle<T>);

impl<T> Future for RequestTask<T> {
    /// `None` if the task panicked.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_unpin(context).map(Result::ok)
    }
}

/// A running request and its number. The reference is weak: only its callers keep the request running.
type RunningRequest<T> = (u64, WeakShared<RequestTask<T>>);

/// RequestTask requests by key.
pub(super) struct Singleflight<K, T> {
    running: Mutex<HashMap<K, RunningRequest<T>>>,
    last_id: AtomicU64,
}

impl<K, T> Singleflight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { running: Mutex::default(), last_id: AtomicU64::new(0) })
    }

    /// Joins the running request for `key`, or starts `request`.
    pub(super) fn join(
        self: &Arc<Self>,
        key: &K,
        request: impl Future<Output = T> + Send + 'static,
    ) -> SharedRequest<T> {
        let mut running = self.running.lock().expect("no panic while locked");
        if let Some(request) = running.get(key).and_then(|(_, request)| request.upgrade()) {
            return request;
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let guard = CleanupGuard { requests: Arc::clone(self), key: key.clone(), id };
        let task = tokio::spawn(async move {
            let _guard = guard;
            request.await
        });
        let shared = RequestTask(AbortOnDropHandle::new(task)).shared();
        let weak = shared.downgrade().expect("a future not polled yet");
        running.insert(key.clone(), (id, weak));
        shared
    }

    fn remove(&self, key: &K, id: u64) {
        let mut running = self.running.lock().expect("no panic while locked");
        if running.get(key).is_some_and(|(current, _)| *current == id) {
            running.remove(key);
        }
    }
}

/// Removes a request from the map when it ends or is aborted.
struct CleanupGuard<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    requests: Arc<Singleflight<K, T>>,
    key: K,
    id: u64,
}

impl<K, T> Drop for CleanupGuard<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.requests.remove(&self.key, self.id);
    }
}
