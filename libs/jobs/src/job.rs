//! What a service writes: a job, as it is stored, and the handler that does it.

use std::time::Duration;

use async_trait::async_trait;
use db::{DbError, Session};
use serde::{Serialize, de::DeserializeOwned};

use crate::JobContext;

/// Tries of a job that never succeeds: about two hours.
pub(crate) const ATTEMPT_LIMIT: i64 = 20;

/// Work of one kind: its payload, stored as JSON. A version that is newer or older by one must be able to read it.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// `<service>.<what is done>`. Stored, so it never changes.
    const KIND: &'static str;
    /// A job that was tried this often without success is dead. The default gives up after about two hours.
    const ATTEMPT_LIMIT: i64 = ATTEMPT_LIMIT;
}

/// Does the jobs of one kind.
#[async_trait]
pub trait JobHandler<J: Job>: Send + Sync + 'static {
    /// Does the job; it is dropped where it stands when its claim is lost or the process stops. Since it may be run again
    /// after any line of it, each of its effects is either repeatable or written in one transaction with
    /// [`JobContext::complete`].
    async fn run(&self, context: &JobContext, job: J) -> Result<(), JobError>;

    /// Runs in the transaction that makes a job dead, so that whatever shows the job's progress can say so.
    async fn on_dead(
        &self,
        _context: &JobContext,
        _session: &mut Session,
        _job: J,
        _reason: &str,
    ) -> Result<(), DbError> {
        Ok(())
    }
}

/// Why a job is not done. Reasons are stored and shown to administrators.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another try may help: after `retry_after`, or else after a delay that doubles each time.
    #[error("{reason}")]
    Transient { reason: String, retry_after: Option<Duration> },
    /// Something that was given the job died of it. Such a job is tried a few times more, and not as often as others.
    #[error("{0}")]
    Crash(String),
    /// Another try would end the same way.
    #[error("{0}")]
    Permanent(String),
    /// The lease ended before the work did. Nothing is recorded: another worker has the job.
    #[error("the job was taken over by another worker")]
    ClaimLost,
}

impl JobError {
    /// [`Transient`](Self::Transient) with the usual delay.
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient { reason: reason.into(), retry_after: None }
    }
}

impl From<DbError> for JobError {
    fn from(error: DbError) -> Self {
        tracing::warn!(%error, "a statement of a job failed; the job will be retried");
        Self::transient(match error {
            DbError::Unavailable(_) => "the database does not answer",
            _ => "the database refused a statement",
        })
    }
}
