//! Stopping in order, within 30 seconds, unless a second signal wants it at once.

use std::{pin::pin, time::Duration};

use anyhow::Context;
use db::Db;
use futures::future::join_all;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Requests in flight have this long to finish.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(12);
/// And then this long to answer 503.
const ABORT_GRACE: Duration = Duration::from_secs(1);
/// Background work has this long after them, and the relays after that.
const STAGE_TIMEOUT: Duration = Duration::from_secs(4);
/// Databases have this long to close. What is committed is safe without, and one that is cut off would take minutes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Signals that ask the process to stop. Each value receives all that come after it was made, also while nothing awaits them.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// One token per stage.
pub(super) struct Stop {
    /// Readiness false, streams end with `reconnect`.
    pub(super) drain: CancellationToken,
    /// A handler that is still working answers 503 now.
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
        if tokio::time::timeout(STAGE_TIMEOUT, self.tracker.wait()).await.is_err() {
            tracing::warn!("background work did not finish in time; leases bring it back");
        }
    }
}

impl Stop {
    pub(super) fn new(drain: CancellationToken, closing: CancellationToken) -> Self {
        Self { drain, closing, accepting: CancellationToken::new(), tasks: Stage::default(), relays: Stage::default() }
    }

    /// Waits for the first signal, then for the lame-duck pause.
    pub(super) async fn until_signal(&self, signals: &mut Signals, lame_duck: Duration) {
        signals.next().await;
        tracing::info!("stopping");
        self.drain.cancel();
        tokio::select! {
            () = tokio::time::sleep(lame_duck) => {}
            () = signals.next() => std::process::exit(1),
        }
        self.accepting.cancel();
    }

    /// Lets requests, background work and relays finish, in this order, and closes `dbs`.
    pub(super) async fn finish(&self, signals: &mut Signals, mut servers: JoinSet<()>, dbs: &[Db]) {
        let orderly = async {
            let mut all = pin!(async { while servers.join_next().await.is_some() {} });
            if tokio::time::timeout(DRAIN_TIMEOUT, &mut all).await.is_err() {
                self.closing.cancel();
                if tokio::time::timeout(ABORT_GRACE, all).await.is_err() {
                    tracing::warn!("requests did not finish in time; their connections are closed");
                }
            }
            self.tasks.end().await;
            self.relays.end().await;
            if tokio::time::timeout(CLOSE_TIMEOUT, join_all(dbs.iter().map(Db::close))).await.is_err() {
                tracing::warn!("failed to close databases in time; what is committed is safe");
            }
        };
        tokio::select! {
            () = orderly => tracing::info!("stopped"),
            () = signals.next() => std::process::exit(1),
        }
    }
}
