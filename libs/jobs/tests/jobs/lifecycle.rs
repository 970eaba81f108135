//! From a commit to an effect.

use std::time::Duration;

use jobs::{EnqueueOptions, JobError, Jobs};
use testkit::on_both;

use crate::support::{
    AFTER_LEASE, Behaviour, Worker, deps, effects, enqueue, enqueue_with, eventually, in_state, note, tenant,
};

on_both! {
    async fn a_job_is_done_when_the_change_that_asks_for_it_is_committed(world: World) {
        let worker = Worker::noting(&world, &Behaviour::default()).await;
        let scope = tenant(world.ids.next());
        let mut session = worker.deps.db.begin(&scope).await.unwrap();
        worker.deps.jobs.enqueue(&mut session, &note("rolled back")).await.unwrap();
        drop(session);
        let mut session = worker.deps.db.begin(&scope).await.unwrap();
        worker.deps.jobs.enqueue(&mut session, &note("committed")).await.unwrap();
        session.commit().await.unwrap();
        eventually("the job is done", async || !effects(&worker.deps).await.is_empty()).await;
        worker.deps.jobs.wake();
        worker.stop().await;
        let deps = deps(&world).await;
        assert_eq!(effects(&deps).await, ["committed"]);
        assert_eq!(in_state(&deps, "available").await, 0, "a job that is done leaves no row");
    }

    async fn a_job_that_is_asked_for_again_is_not_begun_before_the_change_that_asks(world: World) {
        let (behaviour, deps, org) = (Behaviour::default(), deps(&world).await, world.ids.next());
        let once = || EnqueueOptions { dedupe_key: Some("index"), ..EnqueueOptions::default() };
        assert!(enqueue_with(&deps, org, "index", once()).await);
        let mut change = deps.db.begin(&tenant(org)).await.unwrap();
        assert!(!deps.jobs.enqueue_with(&mut change, &note("index"), once()).await.unwrap());
        let worker = Worker::noting(&world, &behaviour).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(behaviour.begun().is_empty(), "it would not see the change");
        change.commit().await.unwrap();
        worker.deps.jobs.wake();
        eventually("it is begun", async || behaviour.begun() == ["index"]).await;
    }

    async fn the_job_of_a_killed_process_is_done_once_more_after_its_lease(world: World) {
        let hanging = Behaviour::gated();
        let doomed = Worker::noting(&world, &hanging).await;
        enqueue(&doomed.deps, world.ids.next(), "survives").await;
        eventually("the job is begun", async || hanging.begun() == ["survives"]).await;
        drop(doomed);
        let behaviour = Behaviour::default();
        let worker = Worker::noting(&world, &behaviour).await;
        enqueue(&worker.deps, world.ids.next(), "later").await;
        eventually("another job is done", async || effects(&worker.deps).await == ["later"]).await;
        assert_eq!(in_state(&worker.deps, "running").await, 1, "the lease holds");
        world.clock.advance(AFTER_LEASE);
        eventually("it is taken over", async || effects(&worker.deps).await == ["later", "survives"]).await;
    }

    async fn a_job_that_kills_every_process_is_dead(world: World) {
        let hanging = Behaviour::gated();
        enqueue(&deps(&world).await, world.ids.next(), "poison").await;
        for deaths in 1..=5 {
            let doomed = Worker::noting(&world, &hanging).await;
            eventually("the job is begun", async || hanging.begun().len() == deaths).await;
            drop(doomed);
            world.clock.advance(AFTER_LEASE);
        }
        let behaviour = Behaviour::default();
        let worker = Worker::noting(&world, &behaviour).await;
        let reason = "poison is dead: every process that worked on it died";
        eventually("the job is dead", async || effects(&worker.deps).await == [reason]).await;
        assert!(behaviour.begun().is_empty());
    }

    async fn a_late_worker_cannot_complete_what_another_has_taken_over(world: World) {
        let (slow, slower) = (Behaviour::gated(), Behaviour::gated());
        let late = Worker::start(&world, Jobs::default().handle(1, slow.clone())).await;
        let org = world.ids.next();
        enqueue(&late.deps, org, "once").await;
        eventually("the job is begun", async || slow.begun() == ["once"]).await;
        let _successor = Worker::start(&world, Jobs::default().handle(1, slower.clone())).await;
        // The late one still renews its lease now and then, so time has to run away from it.
        while slower.begun().is_empty() {
            world.clock.advance(AFTER_LEASE);
            let taken_over = eventually("it is taken over", async || !slower.begun().is_empty());
            tokio::time::timeout(Duration::from_secs(5), taken_over).await.ok();
        }
        slow.open(2);
        enqueue(&late.deps, org, "next").await;
        eventually("the late one goes on", async || !effects(&late.deps).await.is_empty()).await;
        assert_eq!(effects(&late.deps).await, ["next"]);
        slower.open(2);
        eventually("the successor completes it", async || effects(&late.deps).await == ["next", "once"]).await;
    }

    async fn a_transient_failure_is_tried_again_later(world: World) {
        let behaviour = Behaviour::failing(vec![JobError::transient("not yet")]);
        let worker = Worker::noting(&world, &behaviour).await;
        enqueue(&worker.deps, world.ids.next(), "at last").await;
        eventually("it waits for its next try", async || in_state(&worker.deps, "scheduled").await == 1).await;
        assert_eq!(behaviour.begun().len(), 1);
        world.clock.advance(AFTER_LEASE);
        eventually("it is done", async || effects(&worker.deps).await == ["at last"]).await;
    }

    async fn a_handler_says_how_long_to_wait(world: World) {
        let retry_after = Some(AFTER_LEASE * 100);
        let failure = JobError::Transient { reason: "rate limited".to_owned(), retry_after };
        let behaviour = Behaviour::failing(vec![failure]);
        let worker = Worker::noting(&world, &behaviour).await;
        let org = world.ids.next();
        enqueue(&worker.deps, org, "limited").await;
        eventually("it waits", async || in_state(&worker.deps, "scheduled").await == 1).await;
        world.clock.advance(AFTER_LEASE * 50);
        enqueue(&worker.deps, org, "other").await;
        eventually("others do not wait", async || effects(&worker.deps).await == ["other"]).await;
        world.clock.advance(AFTER_LEASE * 50);
        eventually("it is done", async || effects(&worker.deps).await == ["other", "limited"]).await;
    }

    async fn a_stopping_process_gives_its_jobs_back(world: World) {
        let hanging = Behaviour::gated();
        let stopping = Worker::noting(&world, &hanging).await;
        enqueue(&stopping.deps, world.ids.next(), "given back").await;
        eventually("the job is begun", async || hanging.begun().len() == 1).await;
        stopping.stop().await;
        let worker = Worker::noting(&world, &Behaviour::default()).await;
        eventually("no lease is waited for", async || effects(&worker.deps).await == ["given back"]).await;
    }

    async fn the_same_work_waits_once(world: World) {
        let deps = deps(&world).await;
        let (org, other) = (world.ids.next(), world.ids.next());
        let key = EnqueueOptions { dedupe_key: Some("the index"), ..EnqueueOptions::default() };
        assert!(enqueue_with(&deps, org, "first", key).await);
        assert!(!enqueue_with(&deps, org, "second", key).await);
        assert!(enqueue_with(&deps, other, "of another organisation", key).await);
        let slow = Behaviour::gated();
        let worker = Worker::start(&world, Jobs::default().handle(1, slow.clone())).await;
        eventually("the first is begun", async || slow.begun().len() == 1).await;
        let begun = slow.begun().remove(0);
        let owner = if begun == "first" { org } else { other };
        // What it is about may have been read already.
        assert!(enqueue_with(&worker.deps, owner, "since then", key).await);
        slow.open(3);
        eventually("all are done", async || effects(&worker.deps).await.len() == 3).await;
        assert!(!effects(&worker.deps).await.contains(&"second".to_owned()));
    }

    async fn a_job_is_taken_back_until_it_begins(world: World) {
        let worker = Worker::noting(&world, &Behaviour::default()).await;
        let org = world.ids.next();
        let run_at = Some(world.clock.clock().now() + AFTER_LEASE);
        let later = EnqueueOptions { run_at, dedupe_key: Some("draft"), scope: None };
        enqueue_with(&worker.deps, org, "cancelled", later).await;
        for expected in [true, false] {
            let mut session = worker.deps.db.begin(&tenant(org)).await.unwrap();
            let is_cancelled = worker.deps.jobs.cancel::<crate::support::Note>(&mut session, "draft").await;
            assert_eq!(is_cancelled.unwrap(), expected);
            session.commit().await.unwrap();
        }
        enqueue_with(&worker.deps, org, "due", later).await;
        assert!(effects(&worker.deps).await.is_empty());
        world.clock.advance(AFTER_LEASE * 2);
        eventually("it is due", async || effects(&worker.deps).await == ["due"]).await;
    }

    async fn two_workers_do_each_of_many_jobs_once(world: World) {
        let deps = deps(&world).await;
        let scope = tenant(world.ids.next());
        let mut session = deps.db.begin(&scope).await.unwrap();
        for number in 0..1_000 {
            deps.jobs.enqueue(&mut session, &note(&number.to_string())).await.unwrap();
        }
        session.commit().await.unwrap();
        let behaviours = [Behaviour::default(), Behaviour::default()];
        let _first = Worker::noting(&world, &behaviours[0]).await;
        let _second = Worker::noting(&world, &behaviours[1]).await;
        eventually("all are done", async || effects(&deps).await.len() >= 1_000).await;
        let mut done: Vec<usize> = effects(&deps).await.iter().map(|note| note.parse().unwrap()).collect();
        done.sort_unstable();
        assert!(done.into_iter().eq(0..1_000), "each once");
        assert!(behaviours.iter().all(|behaviour| !behaviour.begun().is_empty()), "both worked");
    }
}
