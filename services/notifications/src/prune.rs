//! Forgets mails that are done and old notifications.

use base::time::Clock;
use chrono::TimeDelta;
use jobs::{JobContext, JobError};

use crate::store;

/// Long enough to find out what became of a mail.
const KEEP_MAILS: TimeDelta = TimeDelta::days(30);
const KEEP_NOTIFICATIONS: TimeDelta = TimeDelta::days(180);

/// What is done once a night.
pub(crate) async fn prune(clock: Clock, context: JobContext) -> Result<(), JobError> {
    let (now, mut session) = (clock.now(), context.begin().await?);
    store::mails::delete_done(&mut session, now - KEEP_MAILS).await?;
    store::inbox::delete_created(&mut session, now - KEEP_NOTIFICATIONS).await?;
    context.complete(&mut session).await?;
    Ok(session.commit().await?)
}
