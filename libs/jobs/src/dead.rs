//! Dead jobs: listed, replayed, dropped.

use base::{Scope, SystemScope};
use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::JobQueue;

#[expect(clippy::disallowed_methods, reason = "a service's dead jobs are of every organisation and of the system")]
const SYSTEM: SystemScope = SystemScope::new();

/// A job that was given up.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub struct DeadJob {
    pub id: Uuid,
    pub kind: String,
    /// The organisation it worked for; nil for the system.
    pub org: Uuid,
    pub attempts: i64,
    /// Why it was given up.
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// The dead jobs of one service.
#[derive(Debug, Clone)]
pub struct DeadJobs {
    queue: JobQueue,
}

impl DeadJobs {
    pub fn new(queue: JobQueue) -> Self {
        Self { queue }
    }

    /// At most `limit` dead jobs of `org`, nil being the system, whose id is greater than `after`; in the order of their ids,
    /// which is that of time.
    pub async fn list(&self, org: Uuid, after: Uuid, limit: i64) -> Result<Vec<DeadJob>, DbError> {
        let mut session = self.queue.db().read(&Scope::from(SYSTEM)).await?;
        fetch_all!(
            &mut session,
            any: "SELECT id, kind, org, attempts, error, created_at FROM jobs
                WHERE state = 'dead' AND org = $1 AND id > $2 ORDER BY id LIMIT $3",
            org,
            after,
            limit
        )
    }

    /// A session in which jobs are replayed or dropped, and recorded.
    pub async fn begin(&self) -> Result<Session, DbError> {
        self.queue.db().begin(&Scope::from(SYSTEM)).await
    }

    /// Has a job done again, with all attempts; whether there was such a job.
    pub async fn replay(&self, session: &mut Session, org: Uuid, id: Uuid) -> Result<bool, DbError> {
        let replayed = execute!(
            session,
            any: "UPDATE jobs SET state = 'available', run_at = $1, attempts = 0, crashes = 0, error = NULL
                WHERE state = 'dead' AND org = $2 AND id = $3",
            self.queue.clock().now(),
            org,
            id
        )?;
        let queue = self.queue.clone();
        session.on_commit(move || queue.wake());
        Ok(replayed == 1)
    }

    /// Deletes a job that is not wanted any more; whether there was such a job.
    pub async fn drop_job(&self, session: &mut Session, org: Uuid, id: Uuid) -> Result<bool, DbError> {
        let dropped = execute!(
            session,
            any: "DELETE FROM jobs WHERE state = 'dead' AND org = $1 AND id = $2",
            org,
            id
        )?;
        Ok(dropped == 1)
    }
}
