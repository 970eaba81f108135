//! Audit records: what was changed, by what caller, committed together with the change.
//!
//! A handler whose action is marked `audited` in the policy writes exactly one [`Record`] in the session of its effect;
//! the record is an event in the outbox, which audit-svc consumes. [`expect_one`] wraps such a request and tells whether
//! the handler kept to it; the HTTP middleware fails the request in debug builds when it did not, so that a forgotten
//! record fails the first test of the route.

mod record;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub use record::{Object, Record, json_hash};

tokio::task_local! {
    /// Records that the request being served has committed.
    static COMMITTED: Arc<AtomicUsize>;
}

/// Serves a request and counts the audit records that it commits.
pub async fn counted<T>(served: impl Future<Output = T>) -> (T, usize) {
    let committed = Arc::new(AtomicUsize::new(0));
    let answer = COMMITTED.scope(committed.clone(), served).await;
    (answer, committed.load(Ordering::Acquire))
}
