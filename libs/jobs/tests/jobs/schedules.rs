//! Work that comes again, on a clock that the test moves.

use std::time::Duration;

use chrono::Timelike;
use jobs::{JobHandler, Jobs};
use testkit::{on_both, service::World};

use crate::support::{Behaviour, Worker, effects, eventually, in_state, note};

const HOUR: Duration = Duration::from_secs(3_600);

fn hourly(behaviour: &Behaviour) -> Jobs {
    let behaviour = behaviour.clone();
    Jobs::default().cron("worker.hourly", "0 * * * *", move |context| {
        let behaviour = behaviour.clone();
        async move { behaviour.run(&context, note("on the hour")).await }
    })
}

/// Moves the clock so that an hour begins half an hour later.
fn to_half_past(world: &World) {
    let now = world.clock.clock().now();
    let past = u64::from(now.minute()) * 60 + u64::from(now.second());
    world.clock.advance(Duration::from_secs((1_800 + 3_600 - past) % 3_600));
}

on_both! {
    async fn a_due_time_is_met_once_by_two_workers(world: World) {
        to_half_past(&world);
        let behaviour = Behaviour::default();
        let (first, second) = (Worker::start(&world, hourly(&behaviour)).await, Worker::start(&world, hourly(&behaviour)).await);
        eventually("there is a row", async || in_state(&first.deps, "scheduled").await == 1).await;
        for hours in 1..=3 {
            assert_eq!(effects(&first.deps).await.len(), hours - 1);
            world.clock.advance(HOUR);
            eventually("the hour is met", async || effects(&first.deps).await.len() == hours).await;
            eventually("the next one waits", async || in_state(&second.deps, "scheduled").await == 1).await;
        }
        assert_eq!(behaviour.begun().len(), 3);
    }

    async fn due_times_that_were_missed_are_met_once(world: World) {
        to_half_past(&world);
        let behaviour = Behaviour::default();
        let worker = Worker::start(&world, hourly(&behaviour)).await;
        eventually("there is a row", async || in_state(&worker.deps, "scheduled").await == 1).await;
        worker.stop().await;
        world.clock.advance(HOUR * 5);
        let worker = Worker::start(&world, hourly(&behaviour)).await;
        eventually("it is made up for", async || effects(&worker.deps).await.len() == 1).await;
        eventually("the next one waits", async || in_state(&worker.deps, "scheduled").await == 1).await;
        worker.deps.jobs.wake();
        world.clock.advance(HOUR);
        eventually("and met", async || effects(&worker.deps).await.len() == 2).await;
    }

    async fn a_schedule_goes_on_after_a_run_that_died(world: World) {
        to_half_past(&world);
        let behaviour = Behaviour::failing(vec![jobs::JobError::Permanent("a bad hour".to_owned())]);
        let worker = Worker::start(&world, hourly(&behaviour)).await;
        eventually("there is a row", async || in_state(&worker.deps, "scheduled").await == 1).await;
        world.clock.advance(HOUR);
        eventually("it is dead", async || in_state(&worker.deps, "dead").await == 1).await;
        world.clock.advance(HOUR);
        eventually("the next hour is met", async || effects(&worker.deps).await == ["on the hour"]).await;
    }
}
