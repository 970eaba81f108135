//! What is done again and again: the next signing key, and forgetting what has expired.

use base::time::Clock;
use chrono_tz::UTC;
use db::DbError;
use jobs::{Job, JobContext, JobError, JobHandler, Jobs, Schedule};
use serde::{Deserialize, Serialize};

use crate::{
    accounts::{Accounts, DomainChecker, RecheckDomains, Registrar, ResetMailer},
    revocations,
    signing::SigningKeys,
    store::{attempts, organisations, secrets, sessions},
};

/// Every job and schedule of the service.
pub(crate) fn jobs(accounts: &Accounts) -> Result<Jobs, DbError> {
    let clock = accounts.clock().clone();
    Ok(Jobs::default()
        .handle(2, Registrar(accounts.clone()))
        .handle(2, ResetMailer(accounts.clone()))
        .handle(1, KeyRotator(accounts.keys().clone()))
        .handle(1, DomainChecker(accounts.clone()))
        .handle(1, Pruner(clock))
        .schedule(Schedule::cron("auth.rotate_keys", "0 3 1 * *", UTC, &RotateKeys {})?)
        .schedule(Schedule::cron("auth.recheck_domains", "0 5 * * *", UTC, &RecheckDomains {})?)
        .schedule(Schedule::cron("auth.prune", "17 * * * *", UTC, &Prune {})?))
}

/// Publishes the next signing key.
#[derive(Debug, Serialize, Deserialize)]
struct RotateKeys {}

impl Job for RotateKeys {
    const KIND: &'static str = "auth.rotate_keys";
}

struct KeyRotator(SigningKeys);

#[async_trait::async_trait]
impl JobHandler<RotateKeys> for KeyRotator {
    async fn run(&self, context: &JobContext, _: RotateKeys) -> Result<(), JobError> {
        let mut session = context.begin().await?;
        self.0.rotate(&mut session).await?;
        context.complete(&mut session).await?;
        Ok(session.commit().await?)
    }
}

/// Deletes sessions, secrets, invitations, attempts and revocations that have expired.
#[derive(Debug, Serialize, Deserialize)]
struct Prune {}

impl Job for Prune {
    const KIND: &'static str = "auth.prune";
}

struct Pruner(Clock);

#[async_trait::async_trait]
impl JobHandler<Prune> for Pruner {
    async fn run(&self, context: &JobContext, _: Prune) -> Result<(), JobError> {
        let (now, mut session) = (self.0.now(), context.begin().await?);
        sessions::delete_expired(&mut session, now).await?;
        secrets::delete_expired(&mut session, now).await?;
        organisations::delete_expired_invitations(&mut session, now).await?;
        attempts::delete_expired(&mut session, now).await?;
        revocations::prune(&mut session, now).await?;
        context.complete(&mut session).await?;
        Ok(session.commit().await?)
    }
}
