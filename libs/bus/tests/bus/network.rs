//! Networks that are cut between a process and the servers it needs: packets vanish, and nobody is told.

use std::time::{Duration, Instant};

use base::Scope;
use bus::{EventRecord, Outbox};
use cache::{
    Cache, CacheKey,
    redis::{CALL_TIMEOUT, Redis},
};
use db::DbError;
use testkit::{KillablePostgres, Network, service::World};
use tokio::time::{sleep, timeout};

use crate::support::{Bus, eventually, scope};

const CUTS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(6)];
/// What a person waits for ends within this; with a machine that is busy otherwise.
const DEADLINE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_cut_off_loses_and_repeats_nothing() {
    let Some(network) = Network::start() else { return };
    let Some(bus) = Bus::with_broker_behind(&network, World::sqlite()).await else { return };
    let _process = bus.start(&["test.consumer"]).await;
    let mut told = 0;
    for cut in CUTS {
        bus.publish_numbers(told..told + 200).await;
        network.cut();
        // Who publishes does not notice.
        bus.publish_numbers(told + 200..told + 400).await;
        told += 400;
        sleep(cut).await;
        assert!(bus.inbox().await <= i64::from(told - 200), "nothing gets through");
        network.heal();
        let healed = Instant::now();
        bus.taken_numbers("test.consumer", told).await;
        println!("cut off for {cut:?}, all taken {:?} after", healed.elapsed());
    }
    bus.dead(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_cut_off_keeps_what_it_acknowledged_and_comes_back() {
    let Some(network) = Network::start() else { return };
    let Some(server) = KillablePostgres::start_behind(&network).await else { return };
    let Some(bus) = Bus::with_broker(World::on_postgres(&server)).await else { return };
    let _process = bus.start(&["test.consumer"]).await;
    let mut told = 0;
    for cut in CUTS {
        bus.publish_numbers(told..told + 100).await;
        network.cut();
        // A commit whose answer is lost may have happened; the same event again is refused then.
        let event = bus.event(&(told + 100).to_string());
        let writing = tokio::spawn({
            let (db, outbox) = (bus.producer.db.clone(), bus.relay.outbox().clone());
            async move { while !try_publish(&db, &outbox, &event).await {} }
        });
        told += 101;
        sleep(cut).await;
        assert!(!writing.is_finished(), "nothing gets through");
        network.heal();
        let healed = Instant::now();
        timeout(DEADLINE, writing).await.unwrap().unwrap();
        println!("cut off for {cut:?}, written {:?} after", healed.elapsed());
        bus.taken_numbers("test.consumer", told).await;
        println!("cut off for {cut:?}, all taken {:?} after", healed.elapsed());
    }
    bus.dead(0).await;
}

/// Whether the database has the event now.
async fn try_publish(db: &db::Db, outbox: &Outbox, event: &EventRecord) -> bool {
    let trying = async {
        let mut session = db.begin(&scope()).await?;
        outbox.publish_record(&mut session, event).await?;
        session.commit().await
    };
    match trying.await {
        Ok(()) => true,
        Err(error) if error.is_unique_violation() => true,
        Err(DbError::Unavailable(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_is_cut_off_is_slower_and_never_wrong() {
    let Some(network) = Network::start() else { return };
    let Some(server) = testkit::Redis::start_behind(&network).await else { return };
    let redis = Redis::open(&server.url(), CALL_TIMEOUT).await.unwrap();
    eventually("Redis is found", async || redis.ping().await).await;
    let cache = Cache::redis(redis.clone(), 1 << 20);
    let key = CacheKey::new(&Scope::public(), "test.things", "a");
    for (round, cut) in CUTS.into_iter().enumerate() {
        let [before, meanwhile] = ["before", "meanwhile"].map(|when| format!("{when} {round}"));
        cache.set(key.clone(), before.clone().into(), HOUR).await;
        network.cut();
        let cut_off = async {
            assert!(cache.get(&key).await.is_none_or(|found| found == before));
            cache.set(key.clone(), meanwhile.clone().into(), HOUR).await;
            assert_eq!(cache.get(&key).await, Some(meanwhile.into()));
        };
        timeout(DEADLINE, cut_off).await.unwrap();
        assert!(!redis.ping().await, "nothing gets through");
        sleep(cut).await;
        network.heal();
        let healed = Instant::now();
        eventually("Redis is found again", async || redis.ping().await).await;
        println!("cut off for {cut:?}, found {:?} after", healed.elapsed());
    }
}
