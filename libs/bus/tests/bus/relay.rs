//! The relay itself: what it delivers in one process, when, how often, and what it keeps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base::Scope;
use bus::{DeliveryError, EventRecord, EventSink, RelayOptions, SubjectPattern, Subscription};
use db::{Db, fetch_one};
use testkit::service::World;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::support::{Bus, eventually, relay, relay_options, scope, stranger};

/// What a process does between its start and its end: delivers everything that is due.
async fn run(bus: &Bus, subscriptions: &[Subscription]) {
    let stopping = CancellationToken::new();
    stopping.cancel();
    bus.relay.run(subscriptions.to_vec(), stopping).await;
}

fn to(name: &str, sink: Arc<dyn EventSink>) -> Subscription {
    Subscription { name: name.to_owned(), subjects: SubjectPattern::ALL, sink }
}

/// A sink whose process dies once, after the consumer's commit and before the delivery is marked.
struct Dying {
    inner: Arc<dyn EventSink>,
    died: AtomicBool,
}

#[async_trait]
impl EventSink for Dying {
    async fn deliver(&self, event: &EventRecord) -> Result<(), DeliveryError> {
        self.inner.deliver(event).await?;
        if self.died.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        Err(DeliveryError::Retry("killed".to_owned()))
    }
}

/// A sink that takes an event for each permit it is given.
struct Gate(Semaphore);

#[async_trait]
impl EventSink for Gate {
    async fn deliver(&self, _: &EventRecord) -> Result<(), DeliveryError> {
        self.0.acquire().await.unwrap().forget();
        Ok(())
    }
}

/// A sink that counts what it is given.
#[derive(Default)]
struct Counter(AtomicU32);

#[async_trait]
impl EventSink for Counter {
    async fn deliver(&self, _: &EventRecord) -> Result<(), DeliveryError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(())
    }
}

testkit::on_both! {
    async fn a_running_relay_is_woken(world: World) {
        let mut bus = Bus::embedded(world).await;
        // Nobody would find the event within the time this test waits.
        let options = RelayOptions { poll_interval: Duration::from_secs(3_600), ..relay_options() };
        bus.relay = relay(&bus.producer, options);
        let _process = bus.start(&["test.consumer"]).await;
        for what in ["first", "second", "third"] {
            bus.publish(what).await;
            eventually(what, async || bus.effects("test.consumer").await.iter().any(|effect| effect == what)).await;
        }
    }

    async fn a_slow_taker_delays_no_other(world: World) {
        let bus = Bus::embedded(world).await;
        let gate = Arc::new(Gate(Semaphore::new(0)));
        let subscriptions = vec![to("test.slow", gate.clone()), bus.subscription("test.consumer")];
        let stop = CancellationToken::new();
        let relaying = tokio::spawn({
            let (relay, stop) = (bus.relay.clone(), stop.clone());
            async move { relay.run(subscriptions, stop).await }
        });
        for part in 0..3 {
            bus.publish_numbers(part..part + 1).await;
            bus.taken_numbers("test.consumer", part + 1).await;
        }
        gate.0.add_permits(3);
        stop.cancel();
        relaying.await.unwrap();
        assert_eq!((gate.0.available_permits(), bus.pending().await), (0, 0));
    }

    async fn a_crash_between_effect_and_mark_repeats_nothing(world: World) {
        let bus = Bus::embedded(world).await;
        let mut subscription = bus.subscription("test.consumer");
        subscription.sink = Arc::new(Dying { inner: subscription.sink, died: AtomicBool::default() });
        bus.publish("once").await;
        run(&bus, std::slice::from_ref(&subscription)).await;
        assert_eq!(bus.effects("test.consumer").await, ["once"]);
        bus.skip_pauses();
        run(&bus, &[subscription]).await;
        assert_eq!(bus.effects("test.consumer").await, ["once"]);
        bus.dead(0).await;
    }

    async fn a_consumer_that_went_away_holds_up_nobody(world: World) {
        let bus = Bus::embedded(world).await;
        bus.heal(false);
        let events: Vec<EventRecord> = (0..100).map(|_| bus.event("fail")).collect();
        bus.publish_all(&events).await;
        run(&bus, &[bus.subscription("test.gone")]).await;
        bus.heal(true);
        bus.skip_pauses();
        bus.publish("good").await;
        run(&bus, &[bus.subscription("test.consumer")]).await;
        assert!(bus.effects("test.consumer").await.contains(&"good".to_owned()));
    }

    async fn only_what_is_settled_is_pruned(world: World) {
        let bus = Bus::embedded(world).await;
        let subscriptions = [bus.subscription("test.consumer")];
        bus.heal(false);
        bus.publish("done").await;
        bus.publish("poison").await;
        bus.publish("fail").await;
        run(&bus, &subscriptions).await;
        bus.publish("not looked at yet").await;
        assert_eq!(bus.relay.prune().await.unwrap(), 0);
        bus.world.clock.advance(Duration::from_secs(3_700));
        // The dead letter is the consumer's, and has a copy of the event.
        assert_eq!(bus.relay.prune().await.unwrap(), 2);
        assert_eq!(bus.kept_events().await, 2);
        bus.dead(1).await;
        bus.heal(true);
        run(&bus, &subscriptions).await;
        assert_eq!(bus.effects("test.consumer").await, ["done", "fail", "not looked at yet"]);
        bus.relay.prune().await.unwrap();
        assert_eq!(bus.kept_events().await, 0);
    }

    async fn what_nobody_takes_is_kept_for_takers_to_come_and_then_pruned(world: World) {
        let bus = Bus::embedded(world).await;
        bus.publish("old").await;
        run(&bus, &[]).await;
        bus.world.clock.advance(Duration::from_secs(3_700));
        bus.publish("young").await;
        run(&bus, &[]).await;
        assert_eq!(bus.relay.prune().await.unwrap(), 1);
        run(&bus, &[bus.subscription("test.consumer")]).await;
        assert_eq!(bus.effects("test.consumer").await, ["young"]);
    }

    async fn without_a_broker_there_is_nothing_to_resync(world: World) {
        let bus = Bus::embedded(world).await;
        bus.publish("once").await;
        run(&bus, &[bus.subscription("test.consumer")]).await;
        assert_eq!(bus.relay.resync().await.unwrap(), 0);
    }
}

/// An error may quote the event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_delivery_failed_is_for_its_own_organisation() {
    let Some(world) = World::postgres().await else { return };
    let bus = Bus::embedded(world).await;
    bus.heal(false);
    bus.publish("fail").await;
    bus.publish("poison").await;
    run(&bus, &[bus.subscription("test.consumer")]).await;
    for (scope, seen) in [(scope(), 1), (stranger(), 0)] {
        let failed = "SELECT COUNT(*) FROM outbox_deliveries WHERE error IS NOT NULL";
        assert_eq!(count(&bus.producer.db, &scope, failed).await, seen);
        assert_eq!(count(&bus.consumer.db, &scope, "SELECT COUNT(*) FROM dead_letters").await, seen);
    }
}

async fn count(db: &Db, scope: &Scope, statement: &'static str) -> i64 {
    let mut session = db.read(scope).await.unwrap();
    let (count,): (i64,) = fetch_one!(&mut session, unscoped: statement).unwrap();
    count
}

/// On SQLite there is one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_deliver_an_event_once() {
    let Some(world) = World::postgres().await else { return };
    let bus = Bus::embedded(world).await;
    bus.publish_numbers(0..2_000).await;
    let counter = Arc::new(Counter::default());
    let subscriptions = [to("test.counter", counter.clone())];
    tokio::join!(run(&bus, &subscriptions), run(&bus, &subscriptions), run(&bus, &subscriptions));
    eventually("all marked", async || bus.pending().await == 0).await;
    assert_eq!(counter.0.load(Ordering::SeqCst), 2_000);
}
