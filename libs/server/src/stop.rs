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

/// Requests in flight get this long.
const FINISH: Duration = Duration::from_secs(12);
/// And then this long to say that they do not finish here.
const APOLOGY: Duration = Duration::from_secs(1);
/// Background work gets this long after them, and the outbox again.
const FLUSH: Duration = Duration::from_secs(4);
/// And then databases to close: what is committed is safe without, and one that is cut off would take minutes.
const CLOSE: Duration = Duration::from_secs(2);

/// Signals that ask the process to stop. Each of these hears all that come after it was made, even while nobody waits.
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
            if tokio::time::timeout(FINISH, &mut all).await.is_err() {
                self.closing.cancel();
                if tokio::time::timeout(APOLOGY, all).await.is_err() {
                    tracing::warn!("some requests did not finish in time");
                }
            }
            self.tasks.end().await;
            self.relays.end().await;
            if tokio::time::timeout(CLOSE, join_all(dbs.iter().map(Db::close))).await.is_err() {
                tracing::warn!("some databases could not be closed in time");
            }
        };
        tokio::select! {
            () = orderly => tracing::info!("stopped"),
            () = signals.next() => std::process::exit(1),
        }
    }
}
