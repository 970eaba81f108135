//! Dead jobs: listed, replayed, dropped.

use base::{Scope, SystemScope};
use chrono::{DateTime, Utc};
use db::{DbError, on_db};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::JobQueue;

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
        let mut session = self.queue.db().read(&system()).await?;
        Ok(on_db!(&mut session, conn => sqlx::query_as(
            "SELECT id, kind, org, attempts, error, created_at FROM jobs
             WHERE state = 'dead' AND org = $1 AND id > $2 ORDER BY id LIMIT $3")
            .bind(org)
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await)?)
    }

    /// Has a job done again, with all attempts; whether there was such a job.
    pub async fn replay(&self, org: Uuid, id: Uuid) -> Result<bool, DbError> {
        let mut session = self.queue.db().begin(&system()).await?;
        let is_replayed = on_db!(&mut session, conn => sqlx::query(
            "UPDATE jobs SET state = 'available', run_at = $1, attempts = 0, crashes = 0, error = NULL
             WHERE state = 'dead' AND org = $2 AND id = $3")
            .bind(self.queue.clock().now())
            .bind(org)
            .bind(id)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1))?;
        session.commit().await?;
        self.queue.wake();
        Ok(is_replayed)
    }

    /// Deletes a job that is not wanted any more; whether there was such a job.
    pub async fn drop_job(&self, org: Uuid, id: Uuid) -> Result<bool, DbError> {
        let mut session = self.queue.db().begin(&system()).await?;
        let is_dropped = on_db!(&mut session, conn => sqlx::query(
            "DELETE FROM jobs WHERE state = 'dead' AND org = $1 AND id = $2")
            .bind(org)
            .bind(id)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1))?;
        session.commit().await?;
        Ok(is_dropped)
    }
}

fn system() -> Scope {
    Scope::from(SystemScope::new())
}
