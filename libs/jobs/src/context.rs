//! What a handler is given beside the job.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base::{Scope, SystemScope};
use db::{DbError, Session};

use crate::{JobError, JobQueue, queue::LEASE, schedule::Schedule, store, store::ClaimedJob};

/// The claim of a worker on a job.
#[derive(Debug, Clone)]
pub struct JobContext {
    pub(crate) queue: JobQueue,
    pub(crate) claimed: ClaimedJob,
    pub(crate) scope: Scope,
    pub(crate) system: SystemScope,
    /// The schedule this is a run of, if this version still has it.
    pub(crate) schedule: Option<Arc<Schedule>>,
    /// Whether [`complete`](Self::complete) was committed.
    pub(crate) is_completed: Arc<AtomicBool>,
}

impl JobContext {
    /// For whom the job works: the tenant it was enqueued for, or the system.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The right to act for every organisation, which only jobs of the system are given.
    pub fn system(&self) -> Option<&SystemScope> {
        self.scope.is_system().then_some(&self.system)
    }

    /// The number of this try; the first is 1.
    pub fn attempt(&self) -> i64 {
        self.claimed.attempts
    }

    /// How many processes died while they worked on it, and how often it ended with [`JobError::Crash`].
    pub fn crashes(&self) -> i64 {
        self.claimed.crashes
    }

    /// A transaction in the scope of the job.
    pub async fn begin(&self) -> Result<Session, DbError> {
        self.queue.db().begin(&self.scope).await
    }

    /// Makes the writes of `session` part of this claim: [`JobError::ClaimLost`] when another worker has the job by now, and
    /// then `session` must be dropped. For effects that are stored before the job is done.
    pub async fn renew(&self, session: &mut Session) -> Result<(), JobError> {
        let lease_end = self.queue.clock().now() + LEASE;
        if store::renew(session, &self.claimed, lease_end).await? { Ok(()) } else { Err(JobError::ClaimLost) }
    }

    /// Marks the job as done in the transaction that holds its effect; commit it then. [`JobError::ClaimLost`] as in
    /// [`renew`](Self::renew). A handler that returns without having called this is completed for it.
    pub async fn complete(&self, session: &mut Session) -> Result<(), JobError> {
        let is_held = match &self.schedule {
            None => store::delete_claimed(session, &self.claimed).await?,
            Some(schedule) => {
                let next = schedule.next_after(self.queue.clock().now());
                store::reschedule(session, &self.claimed, next).await?
            }
        };
        if !is_held {
            return Err(JobError::ClaimLost);
        }
        let is_completed = self.is_completed.clone();
        session.on_commit(move || is_completed.store(true, Ordering::Relaxed));
        Ok(())
    }
}
