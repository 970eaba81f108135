//! Jobs that are given up.

use jobs::{DeadJobs, JobError};
use testkit::on_both;
use uuid::Uuid;

use crate::support::{AFTER_LEASE, Behaviour, Worker, effects, enqueue, eventually};

on_both! {
    async fn a_permanent_failure_is_kept_with_its_reason_until_it_is_replayed(world: World) {
        let behaviour = Behaviour::failing(vec![JobError::Permanent("no such address".to_owned())]);
        let worker = Worker::noting(&world, &behaviour).await;
        let (org, stranger) = (world.ids.next(), world.ids.next());
        enqueue(&worker.deps, org, "mail").await;
        let told = "mail is dead: no such address";
        eventually("it is dead", async || effects(&worker.deps).await == [told]).await;

        let dead = DeadJobs::new(worker.deps.jobs.clone());
        let listed = dead.list(org, Uuid::nil(), 10).await.unwrap();
        assert_eq!(listed.len(), 1);
        let job = &listed[0];
        assert_eq!((job.kind.as_str(), job.attempts), ("worker.note", 1));
        assert_eq!(job.error.as_deref(), Some("no such address"));
        assert!(dead.list(stranger, Uuid::nil(), 10).await.unwrap().is_empty());
        let mut session = dead.begin().await.unwrap();
        assert!(!dead.replay(&mut session, stranger, job.id).await.unwrap());
        assert!(!dead.drop_job(&mut session, stranger, job.id).await.unwrap());

        assert!(dead.replay(&mut session, org, job.id).await.unwrap());
        session.commit().await.unwrap();
        eventually("it is done", async || effects(&worker.deps).await == [told, "mail"]).await;
        let mut session = dead.begin().await.unwrap();
        assert!(!dead.replay(&mut session, org, job.id).await.unwrap(), "once");
        drop(session);
    }

    async fn a_dead_job_is_dropped(world: World) {
        let behaviour = Behaviour::failing(vec![JobError::Permanent("never".to_owned())]);
        let worker = Worker::noting(&world, &behaviour).await;
        let org = world.ids.next();
        enqueue(&worker.deps, org, "unwanted").await;
        eventually("it is dead", async || effects(&worker.deps).await.len() == 1).await;
        let dead = DeadJobs::new(worker.deps.jobs.clone());
        let id = dead.list(org, Uuid::nil(), 10).await.unwrap()[0].id;
        let mut session = dead.begin().await.unwrap();
        assert!(dead.drop_job(&mut session, org, id).await.unwrap());
        session.commit().await.unwrap();
        assert!(dead.list(org, Uuid::nil(), 10).await.unwrap().is_empty());
    }

    async fn a_job_that_keeps_failing_is_given_up(world: World) {
        let failures = (0..10).map(|number| JobError::transient(format!("failure {number}"))).collect();
        let behaviour = Behaviour::failing(failures);
        let worker = Worker::noting(&world, &behaviour).await;
        enqueue(&worker.deps, world.ids.next(), "hopeless").await;
        eventually("it is dead", async || {
            world.clock.advance(AFTER_LEASE);
            effects(&worker.deps).await == ["hopeless is dead: failure 7"]
        })
        .await;
        assert_eq!(behaviour.begun().len(), 3, "as often as the kind allows");
    }

    async fn a_crash_that_a_handler_reports_is_tried_again(world: World) {
        let failures = (0..2).map(|_| JobError::Crash("the child died".to_owned())).collect();
        let behaviour = Behaviour::failing(failures);
        let worker = Worker::noting(&world, &behaviour).await;
        enqueue(&worker.deps, world.ids.next(), "survivor").await;
        eventually("it is done", async || {
            world.clock.advance(AFTER_LEASE);
            effects(&worker.deps).await == ["survivor"]
        })
        .await;
        assert_eq!(behaviour.begun().len(), 3);
    }
}
