//! Stopping in order, within 30 seconds, unless a second signal wants it at once.

use std::{pin::pin, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Requests in flight get this long.
const FINISH: Duration = Duration::from_secs(12);
/// And then this long to say that they do not finish here.
const APOLOGY: Duration = Duration::from_secs(1);
/// Background work gets this long after them, and the outbox again.
const FLUSH: Duration = Duration::from_secs(4);

/// One token per stage.
pub(super) struct Stop {
    /// Readiness false, streams end with `reconnect`.
    pub(super) drain: CancellationToken,
    /// Whoever still works on an answer says that it will not come.
    pub(super) closing: CancellationToken,
    /// No new connections.
    pub(super) accepting: CancellationToken,
    /// Background work, which may publish last events.
    pub(super) tasks: Stage,
    /// Relays, which then do a last pass.
    pub(super) relays: Stage,
}

/// Work that is told to end and waited for.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) token: CancellationToken,
    pub(super) tracker: TaskTracker,
}

impl Stage {
    async fn end(&self) {
        self.token.cancel();
        self.tracker.close();
        if tokio::time::timeout(FLUSH, self.tracker.wait()).await.is_err() {
            tracing::warn!("some background work did not finish in time");
        }
    }
}

impl Stop {
    pub(super) fn new(drain: CancellationToken, closing: CancellationToken) -> Self {
        Self { drain, closing, accepting: CancellationToken::new(), tasks: Stage::default(), relays: Stage::default() }
    }

    /// Waits for the first signal, then for the lame-duck pause.
    pub(super) async fn until_signal(&self, lame_duck: Duration) {
        next_signal().await;
        tracing::info!("stopping");
        self.drain.cancel();
        tokio::select! {
            () = tokio::time::sleep(lame_duck) => {}
            () = next_signal() => std::process::exit(1),
        }
        self.accepting.cancel();
    }

    /// Lets requests, background work and relays finish, in this order.
    pub(super) async fn finish(&self, mut servers: JoinSet<()>) {
        let orderly = async {
            let mut all = pin!(async { while servers.join_next().await.is_some() {} });
            if tokio::time::timeout(FINISH, &mut all).await.is_err() {
                self.closing.cancel();
                if tokio::time::timeout(APOLOGY, all).await.is_err() {
                    tracing::warn!("some requests did not finish in time");
                }
            }
            self.tasks.end().await;
            self.relays.end().await;
        };
        tokio::select! {
            () = orderly => tracing::info!("stopped"),
            () = next_signal() => std::process::exit(1),
        }
    }
}

async fn next_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without signal handlers the process is stopped the hard way.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
