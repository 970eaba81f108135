//! Work that comes again: a job whose row is moved to the next due time each time it is done.
//!
//! There is one row for each schedule, whatever the number of replicas, so each due time is met once. Due times that passed
//! while no process ran are met once, together.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use db::DbError;

use uuid::Uuid;

use crate::{Job, JobQueue, queue, store::NewJob};

/// When a job of the system is done again and again.
#[derive(Debug)]
pub struct Schedule {
    pub(crate) name: &'static str,
    kind: &'static str,
    payload: String,
    cron: Cron,
    time_zone: Tz,
}

impl Schedule {
    /// Does `job` whenever `expression` (cron; <https://docs.rs/croner>) says so in `time_zone`. `name` is unique in a
    /// database and stored, so it never changes.
    ///
    /// # Errors
    /// When the job cannot be written as JSON.
    ///
    /// # Panics
    /// When `expression` is not a cron expression: schedules are written in code.
    pub fn cron<J: Job>(name: &'static str, expression: &str, time_zone: Tz, job: &J) -> Result<Self, DbError> {
        let cron = expression.parse().expect("schedules are written in code and tested by starting");
        Ok(Self { name, kind: J::KIND, payload: queue::payload(job)?, cron, time_zone })
    }

    /// The first due time after `now`. A century away if the expression has none.
    pub(crate) fn next_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.cron.find_next_occurrence(&now.with_timezone(&self.time_zone), false);
        next.map_or(now + TimeDelta::days(36_500), |next| next.with_timezone(&Utc))
    }

    /// The row of the next run.
    pub(crate) fn next_run(&self, queue: &JobQueue) -> NewJob<'_> {
        let now = queue.clock().now();
        NewJob {
            id: queue.ids().next(),
            org: Uuid::nil(),
            user: Uuid::nil(),
            kind: self.kind,
            payload: self.payload.clone(),
            run_at: self.next_after(now),
            dedupe_key: None,
            schedule: Some(self.name),
            trace: None,
            now,
        }
    }
}
