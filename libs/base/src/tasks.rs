//! Loops of one process that run beside requests until shutdown. A panic is logged and the work starts again; it never takes
//! the process down. Work that must survive a crash, or be done once per cluster, is a job (crate `jobs`).

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::SystemScope;

type Work = Arc<dyn Fn(SystemScope, CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A named piece of background work.
#[derive(Clone)]
pub struct Task {
    name: &'static str,
    work: Work,
}

impl Task {
    /// Work that runs until the token is cancelled; it may look after every tenant, hence the [`SystemScope`].
    pub fn new<F, Fut>(name: &'static str, work: F) -> Self
    where
        F: Fn(SystemScope, CancellationToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self { name, work: Arc::new(move |system, stop| Box::pin(work(system, stop))) }
    }

    /// Starts the work on `tracker`; aborting the handle ends it where it stands, as a crash would.
    #[expect(clippy::disallowed_methods, reason = "background work is the frame's, and may act for every organisation")]
    pub fn start(self, tracker: &TaskTracker, stop: CancellationToken) -> JoinHandle<()> {
        tracker.spawn(async move {
            while !stop.is_cancelled() {
                let run = AssertUnwindSafe((self.work)(SystemScope::new(), stop.clone())).catch_unwind();
                match run.await {
                    Ok(()) => return,
                    Err(_) => {
                        tracing::error!(task = self.name, "background work panicked; it starts again");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
            }
        })
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}
