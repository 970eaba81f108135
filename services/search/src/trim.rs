//! Keeps the index of pages at its size.

use async_trait::async_trait;
use db::DbError;
use jobs::{Job, JobContext, JobError, JobHandler, Jobs, Schedule};
use serde::{Deserialize, Serialize};

use crate::pages::Pages;

/// Drops the searchable pages beyond the limit.
#[derive(Serialize, Deserialize)]
struct TrimPages {}

impl Job for TrimPages {
    const KIND: &'static str = "search.trim_pages";
}

struct Trimmer {
    pages: Pages,
    limit: i64,
}

#[async_trait]
impl JobHandler<TrimPages> for Trimmer {
    async fn run(&self, context: &JobContext, _job: TrimPages) -> Result<(), JobError> {
        self.pages.trim(context.scope(), self.limit).await?;
        Ok(())
    }
}

/// Every ten minutes.
pub(crate) fn jobs(pages: Pages, limit: i64) -> Result<Jobs, DbError> {
    let schedule = Schedule::cron("search.trim_pages", "*/10 * * * *", chrono_tz::UTC, &TrimPages {})?;
    Ok(Jobs::default().handle(1, Trimmer { pages, limit }).schedule(schedule))
}
