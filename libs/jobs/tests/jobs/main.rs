//! Jobs: done once for every commit that asked for them, whatever dies in between; schedules met once per cluster.
#![expect(clippy::unwrap_used, reason = "tests")]

mod dead;
mod fairness;
mod lifecycle;
mod schedules;
mod support;
