//! What every database needs from time to time, once in a cluster.

use bus::Relay;
use idempotency::IdempotencyKeys;
use jobs::{JobError, Jobs};

/// Adds the maintenance of a database to the jobs of its service: delivered events and stored answers whose retention is over are
/// deleted.
pub(super) fn add(jobs: Jobs, relay: Relay, keys: IdempotencyKeys) -> Jobs {
    let jobs = jobs.cron("server.prune_outbox", "17 * * * *", move |_| {
        let relay = relay.clone();
        async move { relay.prune().await.map(drop).map_err(JobError::from) }
    });
    jobs.cron("server.prune_idempotency_keys", "41 3 * * *", move |context| {
        let keys = keys.clone();
        async move { keys.prune(context.scope()).await.map(drop).map_err(JobError::from) }
    })
}
