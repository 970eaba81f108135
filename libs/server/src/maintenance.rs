//! What is done for every service's database now and then.

use async_trait::async_trait;
use bus::Relay;
use db::DbError;
use jobs::{Job, JobContext, JobError, JobHandler, Jobs, Schedule};
use serde::{Deserialize, Serialize};

/// Deletes delivered events whose retention is over.
#[derive(Serialize, Deserialize)]
struct PruneOutbox {}

impl Job for PruneOutbox {
    const KIND: &'static str = "server.prune_outbox";
}

struct Pruner {
    relay: Relay,
}

#[async_trait]
impl JobHandler<PruneOutbox> for Pruner {
    async fn run(&self, _context: &JobContext, _job: PruneOutbox) -> Result<(), JobError> {
        self.relay.prune().await?;
        Ok(())
    }
}

/// Adds the maintenance of a database to the jobs of its service.
pub(super) fn add(jobs: Jobs, relay: Relay) -> Result<Jobs, DbError> {
    let hourly = Schedule::cron("server.prune_outbox", "17 * * * *", chrono_tz::UTC, &PruneOutbox {})?;
    Ok(jobs.handle(1, Pruner { relay }).schedule(hourly))
}
