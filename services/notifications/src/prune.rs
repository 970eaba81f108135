//! Forgets mails that are done and old notifications.

use async_trait::async_trait;
use base::time::Clock;
use chrono::TimeDelta;
use chrono_tz::UTC;
use db::DbError;
use jobs::{Job, JobContext, JobError, JobHandler, Schedule};
use serde::{Deserialize, Serialize};

use crate::store;

/// Long enough to find out what became of a mail.
const KEEP_MAILS: TimeDelta = TimeDelta::days(30);
const KEEP_NOTIFICATIONS: TimeDelta = TimeDelta::days(180);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Prune {}

impl Job for Prune {
    const KIND: &'static str = "notifications.prune";
}

/// Once a night.
pub(crate) fn schedule() -> Result<Schedule, DbError> {
    Schedule::cron("notifications.prune", "23 4 * * *", UTC, &Prune {})
}

pub(crate) struct Pruner(pub(crate) Clock);

#[async_trait]
impl JobHandler<Prune> for Pruner {
    async fn run(&self, context: &JobContext, _: Prune) -> Result<(), JobError> {
        let (now, mut session) = (self.0.now(), context.begin().await?);
        store::mails::delete_done(&mut session, now - KEEP_MAILS).await?;
        store::inbox::delete_created(&mut session, now - KEEP_NOTIFICATIONS).await?;
        context.complete(&mut session).await?;
        Ok(session.commit().await?)
    }
}
