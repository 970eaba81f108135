//! What is done for every service's database now and then.

use async_trait::async_trait;
use bus::Relay;
use db::DbError;
use idempotency::IdempotencyKeys;
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

/// Deletes stored answers whose retention is over.
#[derive(Serialize, Deserialize)]
struct PruneIdempotencyKeys {}

impl Job for PruneIdempotencyKeys {
    const KIND: &'static str = "server.prune_idempotency_keys";
}

struct KeyPruner {
    keys: IdempotencyKeys,
}

#[async_trait]
impl JobHandler<PruneIdempotencyKeys> for KeyPruner {
    async fn run(&self, context: &JobContext, _job: PruneIdempotencyKeys) -> Result<(), JobError> {
        self.keys.prune(context.scope()).await?;
        Ok(())
    }
}

/// Adds the maintenance of a database to the jobs of its service.
pub(super) fn add(jobs: Jobs, relay: Relay, keys: IdempotencyKeys) -> Result<Jobs, DbError> {
    let hourly = Schedule::cron("server.prune_outbox", "17 * * * *", chrono_tz::UTC, &PruneOutbox {})?;
    let daily =
        Schedule::cron("server.prune_idempotency_keys", "41 3 * * *", chrono_tz::UTC, &PruneIdempotencyKeys {})?;
    let jobs = jobs.handle(1, Pruner { relay }).schedule(hourly);
    Ok(jobs.handle(1, KeyPruner { keys }).schedule(daily))
}
