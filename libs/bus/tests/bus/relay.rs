//! The relay itself: what it delivers in one process, when, how often, and what it keeps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use bus::{Courier, CourierError, Event, LetterKey, Relay, RelayOptions, Route};
use testkit::service::World;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Bus, SUBJECT, eventually, relay_options};

/// What a process does between its start and its end: delivers everything that is due.
async fn run(bus: &Bus, routes: &[Route]) {
    let stopping = CancellationToken::new();
    stopping.cancel();
    bus.producer.relay.run(routes.to_vec(), stopping).await;
}

fn route_to(name: &str, courier: Arc<dyn Courier>) -> Route {
    Route { name: name.to_owned(), subject: Some(SUBJECT.to_owned()), courier }
}

/// A courier whose process dies once, after the consumer's commit and before the delivery is marked.
struct Dying {
    inner: Arc<dyn Courier>,
    died: AtomicBool,
}

#[async_trait]
impl Courier for Dying {
    async fn deliver(&self, event: &Event) -> Result<(), CourierError> {
        self.inner.deliver(event).await?;
        if self.died.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        Err(CourierError::Retry("killed".to_owned()))
    }
}

/// A courier that takes an event for each permit it is given.
struct Gate(Semaphore);

#[async_trait]
impl Courier for Gate {
    async fn deliver(&self, _: &Event) -> Result<(), CourierError> {
        self.0.acquire().await.unwrap().forget();
        Ok(())
    }
}

/// A courier that counts what it is given.
#[derive(Default)]
struct Counter(AtomicU32);

#[async_trait]
impl Courier for Counter {
    async fn deliver(&self, _: &Event) -> Result<(), CourierError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(())
    }
}

testkit::on_both! {
    async fn a_running_relay_is_woken(world: World) {
        let mut bus = Bus::embedded(world).await;
        // Nobody would find the event within the time this test waits.
        let options = RelayOptions { poll: Duration::from_secs(3_600), ..relay_options() };
        bus.producer.relay = Relay::new(bus.producer.db.clone(), bus.producer.clock.clone(), options);
        let _process = bus.start(&["test.taker"]).await;
        for what in ["first", "second", "third"] {
            bus.publish(what).await;
            eventually(what, async || bus.effects("test.taker").await.iter().any(|effect| effect == what)).await;
        }
    }

    async fn a_slow_taker_delays_no_other(world: World) {
        let bus = Bus::embedded(world).await;
        let gate = Arc::new(Gate(Semaphore::new(0)));
        let routes = vec![route_to("test.slow", gate.clone()), bus.route("test.taker")];
        let stop = CancellationToken::new();
        let relaying = tokio::spawn({
            let (relay, stop) = (bus.producer.relay.clone(), stop.clone());
            async move { relay.run(routes, stop).await }
        });
        for part in 0..3 {
            bus.publish_numbers(part..part + 1).await;
            bus.taken_numbers("test.taker", part + 1).await;
        }
        gate.0.add_permits(3);
        stop.cancel();
        relaying.await.unwrap();
        assert_eq!((gate.0.available_permits(), bus.pending().await), (0, 0));
    }

    async fn a_crash_between_effect_and_mark_repeats_nothing(world: World) {
        let bus = Bus::embedded(world).await;
        let mut route = bus.route("test.taker");
        route.courier = Arc::new(Dying { inner: route.courier, died: AtomicBool::default() });
        bus.publish("once").await;
        run(&bus, std::slice::from_ref(&route)).await;
        assert_eq!(bus.effects("test.taker").await, ["once"]);
        bus.skip_pauses();
        run(&bus, &[route]).await;
        assert_eq!(bus.effects("test.taker").await, ["once"]);
        bus.dead(0).await;
    }

    async fn a_consumer_that_went_away_holds_up_nobody(world: World) {
        let bus = Bus::embedded(world).await;
        bus.heal(false);
        let events: Vec<Event> = (0..100).map(|_| bus.event("fail")).collect();
        bus.publish_all(&events).await;
        run(&bus, &[bus.route("test.gone")]).await;
        bus.heal(true);
        bus.skip_pauses();
        bus.publish("good").await;
        run(&bus, &[bus.route("test.taker")]).await;
        assert!(bus.effects("test.taker").await.contains(&"good".to_owned()));
    }

    async fn only_what_is_settled_is_pruned(world: World) {
        let bus = Bus::embedded(world).await;
        let routes = [bus.route("test.taker")];
        bus.publish("done").await;
        bus.publish("poison").await;
        run(&bus, &routes).await;
        bus.publish("not looked at yet").await;
        assert_eq!(bus.producer.relay.prune().await.unwrap(), 0);
        bus.world.clock.advance(Duration::from_secs(3_700));
        assert_eq!(bus.producer.relay.prune().await.unwrap(), 1);
        assert_eq!(bus.kept_events().await, 2);
        run(&bus, &routes).await;
        assert_eq!(bus.effects("test.taker").await, ["done", "not looked at yet"]);
        let letters = bus.dead_letters().await;
        let dead = letters.list(Uuid::nil(), &LetterKey::start(), 10).await.unwrap();
        letters.drop_letter(Uuid::nil(), &dead[0].key()).await.unwrap();
        bus.producer.relay.prune().await.unwrap();
        assert_eq!(bus.kept_events().await, 0);
    }

    async fn what_nobody_takes_is_kept_for_takers_to_come_and_then_pruned(world: World) {
        let bus = Bus::embedded(world).await;
        bus.publish("old").await;
        run(&bus, &[]).await;
        bus.world.clock.advance(Duration::from_secs(3_700));
        bus.publish("young").await;
        run(&bus, &[]).await;
        assert_eq!(bus.producer.relay.prune().await.unwrap(), 1);
        run(&bus, &[bus.route("test.taker")]).await;
        assert_eq!(bus.effects("test.taker").await, ["young"]);
    }

    async fn without_a_broker_there_is_nothing_to_resync(world: World) {
        let bus = Bus::embedded(world).await;
        bus.publish("once").await;
        run(&bus, &[bus.route("test.taker")]).await;
        assert_eq!(bus.producer.relay.resync().await.unwrap(), 0);
    }
}

/// An error may quote the event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_delivery_failed_is_for_its_own_organisation() {
    let Some(world) = World::postgres().await else { return };
    let bus = Bus::embedded(world).await;
    bus.publish("poison").await;
    run(&bus, &[bus.route("test.taker")]).await;
    for (org, seen) in [(Uuid::nil(), 1), (Uuid::max(), 0)] {
        let mut session = bus.producer.db.read(&testkit::tenant(org, Uuid::nil())).await.unwrap();
        let all = "SELECT COUNT(*) FROM outbox_deliveries WHERE error IS NOT NULL";
        let (count,): (i64,) = db::fetch_one!(&mut session, unscoped: all).unwrap();
        assert_eq!(count, seen);
    }
}

/// On SQLite there is one process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_deliver_an_event_once() {
    let Some(world) = World::postgres().await else { return };
    let bus = Bus::embedded(world).await;
    bus.publish_numbers(0..2_000).await;
    let counter = Arc::new(Counter::default());
    let routes = [route_to("test.counter", counter.clone())];
    tokio::join!(run(&bus, &routes), run(&bus, &routes), run(&bus, &routes));
    eventually("all marked", async || bus.pending().await == 0).await;
    assert_eq!(counter.0.load(Ordering::SeqCst), 2_000);
}
