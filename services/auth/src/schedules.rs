//! What is done again and again: the next signing key, and forgetting what has expired.

use base::time::Clock;
use jobs::{JobContext, JobError, Jobs};

use crate::{
    accounts::{Accounts, Registrar, ResetMailer},
    revocations,
    signing::SigningKeys,
    store::{attempts, device_codes, organisations, secrets, sessions},
};

/// Every job and schedule of the service.
pub(crate) fn jobs(accounts: &Accounts) -> Jobs {
    let (clock, keys, domains) = (accounts.clock().clone(), accounts.keys().clone(), accounts.clone());
    Jobs::default()
        .handle(2, Registrar(accounts.clone()))
        .handle(2, ResetMailer(accounts.clone()))
        .cron("auth.rotate_keys", "0 3 1 * *", move |context| rotate_keys(keys.clone(), context))
        .cron("auth.recheck_domains", "0 5 * * *", move |context| recheck_domains(domains.clone(), context))
        .cron("auth.prune", "17 * * * *", move |context| prune(clock.clone(), context))
}

/// Publishes the next signing key.
async fn rotate_keys(keys: SigningKeys, context: JobContext) -> Result<(), JobError> {
    let mut session = context.begin().await?;
    keys.rotate(&mut session).await?;
    context.complete(&mut session).await?;
    Ok(session.commit().await?)
}

/// Deletes sessions, secrets, invitations, attempts and revocations that have expired.
async fn prune(clock: Clock, context: JobContext) -> Result<(), JobError> {
    let (now, mut session) = (clock.now(), context.begin().await?);
    sessions::delete_expired(&mut session, now).await?;
    secrets::delete_expired(&mut session, now).await?;
    device_codes::delete_expired(&mut session, now).await?;
    organisations::delete_expired_invitations(&mut session, now).await?;
    attempts::delete_expired(&mut session, now).await?;
    revocations::prune(&mut session, now).await?;
    context.complete(&mut session).await?;
    Ok(session.commit().await?)
}

/// Looks whether the records of proven domains are still there.
async fn recheck_domains(accounts: Accounts, context: JobContext) -> Result<(), JobError> {
    accounts.recheck_domains().await?;
    let mut session = context.begin().await?;
    context.complete(&mut session).await?;
    Ok(session.commit().await?)
}
