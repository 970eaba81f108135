//! One claimed job: run for as long as its claim holds, and its outcome recorded.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base::{Scope, SystemScope, telemetry};
use chrono::TimeDelta;
use db::DbError;
use futures::FutureExt;
use rand::Rng;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, field::Empty};

use super::JobRunner;
use crate::{
    JobContext, JobError,
    jobs::Kind,
    store::{self, ClaimedJob, Requeue},
};

const RENEW_INTERVAL: Duration = Duration::from_secs(5);
/// A job that brought down this many processes, or ended with [`JobError::Crash`] this often, is dead.
const CRASH_LIMIT: i64 = 5;
const MAX_RETRY_DELAY: TimeDelta = TimeDelta::minutes(10);

/// A claimed job on its way through a worker.
pub(super) struct Work {
    context: JobContext,
    kind: Kind,
}

/// What becomes of a job.
enum Outcome {
    Done,
    /// The process stops.
    Released,
    Retry {
        reason: String,
        crashed: bool,
        delay: TimeDelta,
    },
    Dead(String),
    /// Another worker has it.
    Lost,
}

impl Outcome {
    fn label(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Released => "released",
            Self::Retry { .. } => "retry",
            Self::Dead(_) => "dead",
            Self::Lost => "lost",
        }
    }
}

impl Work {
    pub(super) fn new(runner: &JobRunner, system: &SystemScope, kind: Kind, claimed: ClaimedJob) -> Self {
        let scope = match (claimed.org.is_nil(), claimed.user_id.is_nil()) {
            (true, _) => Scope::from(system.clone()),
            (false, true) => system.organisation(claimed.org),
            (false, false) => system.on_behalf_of(claimed.org, claimed.user_id),
        };
        let schedule = claimed.schedule.as_deref().and_then(|name| runner.jobs.schedules.get(name)).cloned();
        let queue = runner.queue.clone();
        let is_completed = Arc::default();
        Self { context: JobContext { queue, claimed, scope, system: system.clone(), schedule, is_completed }, kind }
    }

    /// Does the job and records the outcome.
    pub(super) async fn process(self, stop: &CancellationToken) {
        let (claimed, kind) = (&self.context.claimed, self.kind.name);
        let span = tracing::info_span!("job", trace_id = Empty, kind, id = %claimed.id, attempt = claimed.attempts);
        telemetry::set_parent(&span, claimed.trace.as_deref());
        async {
            let begun = Instant::now();
            let outcome = self.run(stop).await;
            let label = outcome.label();
            metrics::histogram!("gooseek_job_seconds", "kind" => kind, "outcome" => label)
                .record(begun.elapsed().as_secs_f64());
            if let Err(error) = self.record(outcome).await {
                tracing::warn!(%error, outcome = label, "failed to record the outcome of a job; it is done again after its lease");
            }
        }
        .instrument(span)
        .await;
    }

    /// Runs the handler until it ends, the claim is lost, or the process stops.
    async fn run(&self, stop: &CancellationToken) -> Outcome {
        if self.context.claimed.crashes >= CRASH_LIMIT {
            return Outcome::Dead("every process that worked on it died".to_owned());
        }
        let handler = AssertUnwindSafe(self.kind.handler.run(&self.context)).catch_unwind();
        let result = tokio::select! {
            result = handler => result.unwrap_or_else(|_| Err(JobError::Crash("the handler panicked".to_owned()))),
            () = self.keep_lease() => return Outcome::Lost,
            () = stop.cancelled() => return Outcome::Released,
        };
        match result {
            Ok(()) => Outcome::Done,
            Err(error) => self.failed(error),
        }
    }

    /// Renews the lease; returns when the claim is lost.
    async fn keep_lease(&self) {
        loop {
            tokio::time::sleep(RENEW_INTERVAL).await;
            match self.try_renew().await {
                Ok(()) => {}
                Err(JobError::ClaimLost) => return,
                Err(error) => tracing::warn!(%error, "failed to renew the lease of a job; it may be done twice"),
            }
        }
    }

    async fn try_renew(&self) -> Result<(), JobError> {
        let mut session = self.context.begin().await?;
        self.context.renew(&mut session).await?;
        Ok(session.commit().await?)
    }

    fn failed(&self, error: JobError) -> Outcome {
        let claimed = &self.context.claimed;
        let (reason, crashed, retry_after) = match error {
            JobError::ClaimLost => return Outcome::Lost,
            JobError::Permanent(reason) => return Outcome::Dead(reason),
            JobError::Crash(reason) => (reason, true, None),
            JobError::Transient { reason, retry_after } => (reason, false, retry_after),
        };
        if claimed.attempts >= self.kind.attempt_limit || (crashed && claimed.crashes + 1 >= CRASH_LIMIT) {
            return Outcome::Dead(reason);
        }
        let delay = match retry_after {
            Some(delay) => TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX),
            None => retry_delay(claimed.attempts),
        };
        Outcome::Retry { reason, crashed, delay }
    }

    async fn record(&self, outcome: Outcome) -> Result<(), DbError> {
        let now = self.context.queue.clock().now();
        let claimed = &self.context.claimed;
        let requeue = match outcome {
            Outcome::Lost => return Ok(()),
            Outcome::Done => return self.complete().await,
            Outcome::Dead(reason) => return self.make_dead(&reason).await,
            // The attempt does not count.
            Outcome::Released => {
                Requeue { run_at: now, attempts: claimed.attempts - 1, crashes: claimed.crashes, error: None }
            }
            Outcome::Retry { reason, crashed, delay } => {
                tracing::info!(reason, "a job failed; it will be retried");
                let run_at = now.checked_add_signed(delay).unwrap_or(now + MAX_RETRY_DELAY);
                let crashes = claimed.crashes + i64::from(crashed);
                Requeue { run_at, attempts: claimed.attempts, crashes, error: Some(reason) }
            }
        };
        let mut session = self.context.begin().await?;
        store::requeue(&mut session, claimed, &requeue, now).await?;
        session.commit().await
    }

    /// Completes the job unless its handler has.
    async fn complete(&self) -> Result<(), DbError> {
        if self.context.is_completed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut session = self.context.begin().await?;
        match self.context.complete(&mut session).await {
            Ok(()) => session.commit().await,
            // Already recorded: either the claim is lost, or the statement's failure was logged.
            Err(_) => Ok(()),
        }
    }

    async fn make_dead(&self, reason: &str) -> Result<(), DbError> {
        let mut session = self.context.begin().await?;
        if !store::make_dead(&mut session, &self.context.claimed, reason).await? {
            return Ok(());
        }
        if let Some(schedule) = &self.context.schedule {
            store::insert(&mut session, &schedule.next_run(&self.context.queue)).await?;
        }
        self.kind.handler.on_dead(&self.context, &mut session, reason).await?;
        session.commit().await?;
        tracing::error!(reason, "a job is dead; an administrator can replay or drop it");
        Ok(())
    }
}

/// Twice as long each time, with jitter, so that jobs that failed together are not tried together.
fn retry_delay(attempts: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts.clamp(1, 10)).unwrap_or(1);
    let longest = TimeDelta::seconds(1_i64 << doublings).min(MAX_RETRY_DELAY).num_milliseconds();
    TimeDelta::milliseconds(rand::rng().random_range(longest / 2..=longest))
}
