//! Requests under one `Idempotency-Key`, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use base::{Problem, Scope, problem::Code};
use db::Migrations;
use http::StatusCode;
use idempotency::{Attempt, AttemptError, Begun, IdempotencyKeys};
use server::Deps;
use testkit::service::{World, idle};

const ROUTE: &str = "buy";
/// Longer than an attempt may take.
const AFTER_TIMEOUT: Duration = Duration::from_secs(11);
const AFTER_RETENTION: Duration = Duration::from_secs(8 * 24 * 3_600);

async fn service(world: &World) -> Deps {
    world.deps(&idle("shop", Migrations::NONE)).await
}

async fn begin(keys: &IdempotencyKeys, scope: &Scope, what: &str) -> Result<Begun, Problem> {
    keys.begin(scope, ROUTE, Some("monday"), &what).await
}

fn new(begun: Result<Begun, Problem>) -> Attempt {
    match begun.unwrap() {
        Begun::New(attempt) => attempt,
        Begun::Replay(answer) => panic!("a replay: {answer:?}"),
    }
}

fn replayed(begun: Result<Begun, Problem>) -> (StatusCode, String) {
    match begun.unwrap() {
        Begun::Replay(answer) => (answer.status, answer.body().unwrap()),
        Begun::New(attempt) => panic!("a new attempt: {attempt:?}"),
    }
}

/// Commits the effect of an attempt.
async fn commit(deps: &Deps, scope: &Scope, attempt: &Attempt, answer: &str) -> Result<(), AttemptError> {
    let mut session = deps.db.begin(scope).await?;
    attempt.complete(&mut session, StatusCode::CREATED, &answer).await?;
    Ok(session.commit().await?)
}

testkit::on_both! {
    async fn a_request_that_is_sent_again_gets_the_first_answer(world: World) {
        let (deps, ann) = (service(&world).await, world.person());
        let keys = &deps.idempotency;
        let attempt = new(begin(keys, &ann.scope(), "a book").await);
        let meanwhile = begin(keys, &ann.scope(), "a book").await.unwrap_err();
        assert_eq!((meanwhile.code, meanwhile.retry_after), (Code::RequestInProgress, Some(1)));
        commit(&deps, &ann.scope(), &attempt, "bought").await.unwrap();
        for _ in 0..2 {
            assert_eq!(replayed(begin(keys, &ann.scope(), "a book").await), (StatusCode::CREATED, "bought".to_owned()));
        }
        let other = begin(keys, &ann.scope(), "a car").await.unwrap_err();
        assert_eq!(other.code, Code::IdempotencyKeyReused);
        assert!(matches!(keys.begin(&ann.scope(), ROUTE, None, &"a book").await, Ok(Begun::New(_))), "without a key");
    }

    async fn keys_are_one_user_s_and_one_route_s(world: World) {
        let (deps, ann) = (service(&world).await, world.person());
        let keys = &deps.idempotency;
        new(begin(keys, &ann.scope(), "a book").await);
        for other in [world.colleague(&ann), world.person()] {
            new(begin(keys, &other.scope(), "a car").await);
        }
        new(keys.begin(&ann.scope(), "sell", Some("monday"), &"a car").await);
    }

    async fn a_failed_request_gives_its_key_back(world: World) {
        let (deps, ann) = (service(&world).await, world.person());
        let keys = &deps.idempotency;
        let attempt = new(begin(keys, &ann.scope(), "a book").await);
        let mut session = deps.db.begin(&ann.scope()).await.unwrap();
        attempt.complete(&mut session, StatusCode::CREATED, &"bought").await.unwrap();
        drop(session);
        keys.release(&ann.scope(), attempt).await;
        let attempt = new(begin(keys, &ann.scope(), "a car").await);
        commit(&deps, &ann.scope(), &attempt, "bought").await.unwrap();
        keys.release(&ann.scope(), attempt).await;
        assert_eq!(replayed(begin(keys, &ann.scope(), "a car").await).1, "bought", "an answer is not taken back");
    }

    async fn a_dead_attempt_is_taken_over_and_cannot_commit_late(world: World) {
        let (deps, ann) = (service(&world).await, world.person());
        let keys = &deps.idempotency;
        let dead = new(begin(keys, &ann.scope(), "a book").await);
        world.clock.advance(AFTER_TIMEOUT);
        let heir = new(begin(keys, &ann.scope(), "a book").await);
        assert!(matches!(commit(&deps, &ann.scope(), &dead, "late").await, Err(AttemptError::TimedOut)));
        commit(&deps, &testkit::system().into(), &heir, "bought").await.unwrap();
        keys.release(&ann.scope(), dead).await;
        assert_eq!(replayed(begin(keys, &ann.scope(), "a book").await).1, "bought");
    }

    async fn one_of_many_requests_at_once_is_the_first(world: World) {
        let (deps, ann) = (service(&world).await, world.person());
        let at_once = (0..16).map(|_| {
            let (keys, scope) = (deps.idempotency.clone(), ann.scope());
            tokio::spawn(async move { begin(&keys, &scope, "a book").await })
        });
        let mut first = 0;
        for request in at_once.collect::<Vec<_>>() {
            match request.await.unwrap() {
                Ok(begun) => {
                    new(Ok(begun));
                    first += 1;
                }
                Err(problem) => assert_eq!(problem.code, Code::RequestInProgress),
            }
        }
        assert_eq!(first, 1);
    }

    async fn answers_are_kept_for_a_week(world: World) {
        let (deps, ann) = (service(&world).await, world.person());
        let keys = &deps.idempotency;
        let attempt = new(begin(keys, &ann.scope(), "a book").await);
        commit(&deps, &ann.scope(), &attempt, "bought").await.unwrap();
        assert_eq!(keys.prune(&testkit::system().into()).await.unwrap(), 0);
        world.clock.advance(AFTER_RETENTION);
        assert_eq!(keys.prune(&testkit::system().into()).await.unwrap(), 1);
        new(begin(keys, &ann.scope(), "a car").await);
    }
}
