//! Requests on their way: equal ones are sent once and answered to everyone who waits.

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

/// A request on its way. Runs by itself, and is given up when the last one waiting for it goes away.
pub(super) type Flight<T> = Shared<Running<T>>;

/// A task that nobody else owns.
pub(super) struct Running<T>(AbortOnDropHandle<T>);

impl<T> Future for Running<T> {
    /// `None` when the task died without an answer.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_unpin(context).map(Result::ok)
    }
}

/// A request by its number; whoever waits for it keeps it alive.
type Entry<T> = (u64, WeakShared<Running<T>>);

/// Requests on their way by what they ask.
pub(super) struct Flights<K, T> {
    flights: Mutex<HashMap<K, Entry<T>>>,
    last_id: AtomicU64,
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { flights: Mutex::default(), last_id: AtomicU64::new(0) })
    }

    /// Joins the request for `key` that is on its way, or starts `request`.
    pub(super) fn join(self: &Arc<Self>, key: &K, request: impl Future<Output = T> + Send + 'static) -> Flight<T> {
        let mut flights = self.flights.lock().expect("no panic while locked");
        if let Some(flight) = flights.get(key).and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let landing = Landing { flights: Arc::clone(self), key: key.clone(), id };
        let task = tokio::spawn(async move {
            let _landing = landing;
            request.await
        });
        let flight = Running(AbortOnDropHandle::new(task)).shared();
        let weak = flight.downgrade().expect("a future not polled yet");
        flights.insert(key.clone(), (id, weak));
        flight
    }

    fn remove(&self, key: &K, id: u64) {
        let mut flights = self.flights.lock().expect("no panic while locked");
        if flights.get(key).is_some_and(|(current, _)| *current == id) {
            flights.remove(key);
        }
    }
}

/// Takes a request off the list when it ends, be it answered or given up.
struct Landing<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    flights: Arc<Flights<K, T>>,
    key: K,
    id: u64,
}

impl<K, T> Drop for Landing<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.flights.remove(&self.key, self.id);
    }
}
