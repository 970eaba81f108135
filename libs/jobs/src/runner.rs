//! Claims jobs that are due and has them done, a few of each kind at once.
//!
//! It sleeps until a job is enqueued in this process, a slot becomes free, or the next job is due by the clock. On Postgres
//! it also looks every few seconds for what other replicas have enqueued.

mod process;

use std::{sync::Arc, time::Duration};

use base::{Scope, SystemScope, tasks::Task};
use chrono::{DateTime, Utc};
use db::{DbError, Session};
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    JobQueue, Jobs,
    jobs::Kind,
    queue::LEASE,
    store::{self, ClaimedJob},
};

/// How often jobs that other replicas enqueued are looked for, and the gauge of waiting jobs is refreshed while there are any.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// The longest sleep of a process that has the database to itself. It bounds what a machine that was asleep misses, since
/// that does not count as time slept here.
const IDLE_POLL_INTERVAL: Duration = Duration::from_secs(60);
/// After a statement that failed.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The workers of one service in this process.
#[derive(Debug)]
pub struct JobRunner {
    queue: JobQueue,
    jobs: Jobs,
}

impl JobRunner {
    pub fn new(queue: JobQueue, jobs: Jobs) -> Self {
        Self { queue, jobs }
    }

    /// Works until the process stops. Jobs under way are then given back at once.
    pub fn task(self) -> Task {
        let runner = Arc::new(self);
        Task::new("run jobs", move |system, stop| {
            let runner = runner.clone();
            async move { runner.run(&system, &stop).await }
        })
    }

    async fn run(&self, system: &SystemScope, stop: &CancellationToken) {
        if self.jobs.kinds.is_empty() {
            return;
        }
        while let Err(error) = self.add_schedules(system).await {
            tracing::warn!(%error, "failed to store schedules; trying again");
            tokio::select! {
                () = tokio::time::sleep(RETRY_DELAY) => {}
                () = stop.cancelled() => return,
            }
        }
        let mut pass = Pass::new(self, system, stop);
        while !stop.is_cancelled() {
            let sleep = match pass.claim_all().await {
                Ok(next_due) => self.sleep(next_due, pass.waiting),
                Err(error) => {
                    tracing::warn!(%error, "failed to claim jobs; trying again");
                    RETRY_DELAY
                }
            };
            tokio::select! {
                () = self.queue.woken() => {}
                Some(_) = pass.running.join_next() => {}
                () = tokio::time::sleep(sleep) => {}
                () = stop.cancelled() => {}
            }
        }
        while pass.running.join_next().await.is_some() {}
    }

    /// Stores when schedules are due next. The task does so when it starts: the first replica adds the rows, and an earlier due
    /// time wins. For tests that move the clock, which then meets what is due.
    pub async fn add_schedules(&self, system: &SystemScope) -> Result<(), DbError> {
        if self.jobs.schedules.is_empty() {
            return Ok(());
        }
        let mut session = self.begin(system).await?;
        for schedule in self.jobs.schedules.values() {
            store::upsert_schedule(&mut session, &schedule.next_run(&self.queue)).await?;
        }
        session.commit().await
    }

    fn sleep(&self, next_due: Option<DateTime<Utc>>, waiting: i64) -> Duration {
        let is_quiet = self.queue.db().is_sqlite() && waiting == 0;
        let longest = if is_quiet { IDLE_POLL_INTERVAL } else { POLL_INTERVAL };
        let until_due = next_due.map(|due| (due - self.queue.clock().now()).to_std().unwrap_or(Duration::ZERO));
        until_due.unwrap_or(longest).min(longest)
    }

    async fn read(&self, system: &SystemScope) -> Result<Session, DbError> {
        self.queue.db().read(&Scope::from(system.clone())).await
    }

    async fn begin(&self, system: &SystemScope) -> Result<Session, DbError> {
        self.queue.db().begin(&Scope::from(system.clone())).await
    }
}

/// The loop's state.
struct Pass<'a> {
    runner: &'a JobRunner,
    system: &'a SystemScope,
    stop: &'a CancellationToken,
    running: JoinSet<()>,
    /// For each kind, the organisation that was served last.
    last_orgs: Vec<Uuid>,
    /// Jobs that wait for a slot, when they were last counted.
    waiting: i64,
    counted_at: Option<Instant>,
}

impl<'a> Pass<'a> {
    fn new(runner: &'a JobRunner, system: &'a SystemScope, stop: &'a CancellationToken) -> Self {
        let last_orgs = vec![Uuid::nil(); runner.jobs.kinds.len()];
        Self { runner, system, stop, running: JoinSet::new(), last_orgs, waiting: 0, counted_at: None }
    }

    /// Starts every job there is a slot for. Returns when the next one is due.
    async fn claim_all(&mut self) -> Result<Option<DateTime<Utc>>, DbError> {
        // Their slots are free already.
        while self.running.try_join_next().is_some() {}
        let now = self.runner.queue.clock().now();
        let (mut next_due, mut any) = self.peek().await?;
        if next_due.is_some_and(|due| due <= now) {
            let mut session = self.runner.begin(self.system).await?;
            store::promote(&mut session, now).await?;
            session.commit().await?;
            (next_due, any) = self.peek().await?;
        }
        if any {
            for index in 0..self.runner.jobs.kinds.len() {
                self.claim_kind(index).await?;
            }
        }
        self.count(any).await?;
        Ok(next_due)
    }

    /// When the next job is due, and whether any waits for a slot.
    async fn peek(&self) -> Result<(Option<DateTime<Utc>>, bool), DbError> {
        let mut session = self.runner.read(self.system).await?;
        Ok((store::next_due(&mut session).await?, store::any_available(&mut session).await?))
    }

    async fn claim_kind(&mut self, index: usize) -> Result<(), DbError> {
        let kind = &self.runner.jobs.kinds[index];
        while let Ok(slot) = kind.slots.clone().try_acquire_owned() {
            let queue = &self.runner.queue;
            let mut session = self.runner.begin(self.system).await?;
            let claim = queue.ids().next();
            let claimed =
                store::claim(&mut session, kind.name, self.last_orgs[index], claim, queue.clock().now() + LEASE)
                    .await?;
            session.commit().await?;
            let Some(claimed) = claimed else { break };
            self.last_orgs[index] = claimed.org;
            self.spawn(kind.clone(), claimed, slot);
        }
        Ok(())
    }

    fn spawn(&mut self, kind: Kind, claimed: ClaimedJob, slot: OwnedSemaphorePermit) {
        let work = process::Work::new(self.runner, self.system, kind, claimed);
        let stop = self.stop.clone();
        self.running.spawn(async move {
            work.process(&stop).await;
            drop(slot);
        });
    }

    /// Refreshes the gauges, now and then. Nothing that is not `any` can have become more.
    async fn count(&mut self, any: bool) -> Result<(), DbError> {
        let is_recent = self.counted_at.is_some_and(|at| at.elapsed() < POLL_INTERVAL);
        if is_recent || (!any && self.waiting == 0 && self.counted_at.is_some()) {
            return Ok(());
        }
        let mut session = self.runner.read(self.system).await?;
        let counts = store::count_available(&mut session).await?;
        drop(session);
        self.waiting = 0;
        for kind in &self.runner.jobs.kinds {
            let count = counts.iter().find(|(name, _)| name == kind.name).map_or(0, |(_, count)| *count);
            self.waiting += count;
            // Precise up to 2^53.
            metrics::gauge!("gooseek_jobs_waiting", "kind" => kind.name).set(count as f64);
        }
        self.counted_at = Some(Instant::now());
        Ok(())
    }
}
