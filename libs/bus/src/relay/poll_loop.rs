//! When a loop over the outbox does its next pass, and when it ends.

use std::time::Duration;

use db::DbError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Before another pass after one that failed, or that got nowhere although something is due.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// What a pass came to.
pub(super) enum Pass {
    /// There may be more to do.
    Progress,
    /// Nothing could be done now; something is due in this time, unless it is told of earlier.
    Idle { next_due: Option<Duration> },
}

pub(super) struct PollLoop {
    /// Changes when there may be something to do.
    pub(super) news: watch::Receiver<()>,
    /// The longest pause: what another process left is found by then.
    pub(super) poll_interval: Duration,
    pub(super) stop: CancellationToken,
    /// Whether the pass under way began after `stop`.
    last: bool,
}

impl PollLoop {
    pub(super) fn new(news: watch::Receiver<()>, poll_interval: Duration, stop: CancellationToken) -> Self {
        Self { news, poll_interval, stop, last: false }
    }

    /// Waits until there may be something to do; returns at once after progress. `false` when a pass that began after `stop`
    /// found nothing to do.
    pub(super) async fn should_continue(&mut self, pass: Result<Pass, DbError>) -> bool {
        let pause = match pass {
            Ok(Pass::Progress) => return true,
            Ok(Pass::Idle { next_due }) => next_due.map_or(self.poll_interval, |due| due.max(RETRY_DELAY)),
            Err(error) => {
                tracing::warn!(%error, "outbox pass failed; it will be retried");
                RETRY_DELAY
            }
        };
        if self.last {
            return false;
        }
        tokio::select! {
            _ = self.news.changed() => {}
            () = tokio::time::sleep(pause.min(self.poll_interval)) => {}
            () = self.stop.cancelled() => {}
        }
        self.last = self.stop.is_cancelled();
        true
    }
}
