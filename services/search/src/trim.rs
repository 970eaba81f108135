//! Job that trims the local index of pages to its limit.

use async_trait::async_trait;
use db::DbError;
use jobs::{Job, JobContext, JobError, JobHandler, Jobs, Schedule};
use serde::{Deserialize, Serialize};

use crate::pages::PageCache;

/// Removes pages beyond the limit from the index.
#[derive(Serialize, Deserialize)]
struct TrimPages {}

impl Job for TrimPages {
    const KIND: &'static str = "search.trim_pages";
}

struct TrimPagesHandler {
    pages: PageCache,
    limit: i64,
}

#[async_trait]
impl JobHandler<TrimPages> for TrimPagesHandler {
    async fn run(&self, context: &JobContext, _job: TrimPages) -> Result<(), JobError> {
        self.pages.trim(context.scope(), self.limit).await?;
        Ok(())
    }
}

/// The job handler and its schedule: every ten minutes.
pub(crate) fn jobs(pages: PageCache, limit: i64) -> Result<Jobs, DbError> {
    let schedule = Schedule::cron("search.trim_pages", "*/10 * * * *", chrono_tz::UTC, &TrimPages {})?;
    Ok(Jobs::default().handle(1, TrimPagesHandler { pages, limit }).schedule(schedule))
}
