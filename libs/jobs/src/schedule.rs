//! Work that comes again: a job whose row is moved to the next due time each time it is done.
//!
//! There is one row for each schedule, whatever the number of replicas, so each due time is met once. Due times that passed
//! while no process ran are met once, together.

use chrono::{DateTime, TimeDelta, Utc};
use croner::Cron;
use uuid::Uuid;

use crate::{JobQueue, store::NewJob};

/// When work of the system is done again and again.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// Also the kind of its job.
    pub(crate) name: &'static str,
    cron: Cron,
}

impl Schedule {
    /// # Panics
    /// When `expression` is not a cron expression.
    pub(crate) fn new(name: &'static str, expression: &str) -> Self {
        let cron = expression.parse().expect("schedules are written in code and tested by starting");
        Self { name, cron }
    }

    /// The first due time after `now`. A century away if the expression has none.
    pub(crate) fn next_after(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.cron.find_next_occurrence(&now, false).unwrap_or(now + TimeDelta::days(36_500))
    }

    /// The row of the next run.
    pub(crate) fn next_run(&self, queue: &JobQueue) -> NewJob<'_> {
        let now = queue.clock().now();
        NewJob {
            id: queue.ids().next(),
            org: Uuid::nil(),
            user: Uuid::nil(),
            kind: self.name,
            payload: "{}".to_owned(),
            run_at: self.next_after(now),
            dedupe_key: None,
            schedule: Some(self.name),
            trace: None,
            now,
        }
    }
}
