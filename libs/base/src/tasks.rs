//! Work beside requests: loops that run until shutdown and jobs on a schedule. A panic or an error is logged and
//! the work starts again; it never takes the process down.

use std::{future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use croner::Cron;
use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{SystemScope, time::Clock};

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

    /// Work done whenever `schedule` (a cron expression in UTC) says so, never twice at once.
    ///
    /// # Panics
    /// When `schedule` is not a cron expression: schedules are written in code.
    pub fn on_schedule<F, Fut>(name: &'static str, schedule: &str, clock: Clock, work: F) -> Self
    where
        F: Fn(SystemScope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let cron: Cron = schedule.parse().expect("schedules are written in code and tested by starting");
        let work = Arc::new(work);
        Self::new(name, move |system, stop| {
            let (cron, clock, work) = (cron.clone(), clock.clone(), work.clone());
            async move {
                while sleep_until_next(&cron, &clock, &stop).await {
                    work(system.clone()).await;
                }
            }
        })
    }

    /// Starts the work on `tracker`; aborting the handle ends it where it stands, as a crash would.
    pub fn start(self, tracker: &TaskTracker, stop: CancellationToken) -> JoinHandle<()> {
        tracker.spawn(async move {
            while !stop.is_cancelled() {
                #[expect(clippy::disallowed_methods, reason = "background tasks look after every organisation")]
                let system = SystemScope::new();
                let run = AssertUnwindSafe((self.work)(system, stop.clone())).catch_unwind();
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

/// `false` when the process stops first.
async fn sleep_until_next(cron: &Cron, clock: &Clock, stop: &CancellationToken) -> bool {
    let now = clock.now();
    let Ok(next) = cron.find_next_occurrence(&now, false) else { return false };
    let pause = (next - now).to_std().unwrap_or(Duration::from_secs(60));
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        () = stop.cancelled() => false,
    }
}
