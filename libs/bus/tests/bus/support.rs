//! A producer and a consumer with a database each, with and without a broker between them.

mod actors;
mod broker;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actors::Keeper;
pub(crate) use actors::Process;
use base::Scope;
pub(crate) use broker::broker_client;
use bus::{Consumer, DeadLetter, DeadLetters, Event, LetterKey, NatsOptions, Relay, RelayOptions, Route, publish};
use db::{Migrations, fetch_all, fetch_one};
use server::Deps;
use testkit::service::{World, idle, one_migration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

pub(crate) const SUBJECT: &str = "gooseek.producer.thing.happened.v1";
/// Longer than any pause between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_secs(200);
/// What is waited for comes within this, or never.
const PATIENCE: Duration = Duration::from_secs(120);

/// The table of what consumers did.
const EFFECTS: &str = "CREATE TABLE effects (taker TEXT NOT NULL, what TEXT NOT NULL)";

/// Expands `async fn name(bus: Bus)` into one test for each database without a broker, and one for each with it.
macro_rules! on_every_bus {
    ($($(#[$meta:meta])* async fn $name:ident($bus:ident: Bus) $body:block)*) => {
        $($(#[$meta])* async fn $name($bus: Bus) $body)*

        mod embedded {
            testkit::on_both! {
                $(async fn $name(world: World) {
                    super::$name(super::Bus::embedded(world).await).await;
                })*
            }
        }

        mod nats {
            testkit::on_both! {
                $(async fn $name(world: World) {
                    if let Some(bus) = super::Bus::with_broker(world).await {
                        super::$name(bus).await;
                    }
                })*
            }
        }
    };
}
pub(crate) use on_every_bus;

/// Its consumers write rows into `effects`.
pub(crate) struct Bus {
    pub(crate) world: World,
    pub(crate) producer: Deps,
    pub(crate) consumer: Deps,
    pub(crate) server: Option<testkit::Nats>,
    pub(crate) options: NatsOptions,
    ill: Arc<AtomicBool>,
    calls: Arc<Mutex<HashMap<String, u32>>>,
}

impl Bus {
    pub(crate) async fn embedded(world: World) -> Self {
        Self::new(world, None).await
    }

    /// `None` when NATS is not installed.
    pub(crate) async fn with_broker(world: World) -> Option<Self> {
        let server = testkit::Nats::start()?;
        Some(Self::new(world, Some(server)).await)
    }

    /// The broker is on the other side of `network`; `None` when NATS is not installed.
    pub(crate) async fn with_broker_behind(network: &testkit::Network, world: World) -> Option<Self> {
        let server = testkit::Nats::start_behind(network)?;
        Some(Self::new(world, Some(server)).await)
    }

    async fn new(world: World, server: Option<testkit::Nats>) -> Self {
        let mut producer = world.deps(&idle("producer", Migrations::NONE)).await;
        let consumer = world.deps(&idle("consumer", one_migration(EFFECTS))).await;
        producer.relay = Relay::new(producer.db.clone(), producer.clock.clone(), relay_options());
        let options = NatsOptions {
            // What a killed process held comes again after this.
            ack_wait: Duration::from_secs(5),
            pauses: [Duration::from_millis(10); 4],
            ..NatsOptions::new(1, Duration::from_secs(3_600))
        };
        Self { world, producer, consumer, server, options, ill: Arc::default(), calls: Arc::default() }
    }

    pub(crate) fn event(&self, what: &str) -> Event {
        Event::new(self.world.ids.next(), SUBJECT, Uuid::nil(), what.to_owned(), self.producer.clock.now())
    }

    pub(crate) async fn publish(&self, what: &str) -> Uuid {
        let event = self.event(what);
        self.publish_all(std::slice::from_ref(&event)).await;
        event.id
    }

    /// `0`, `1`, … in one transaction.
    pub(crate) async fn publish_numbers(&self, numbers: std::ops::Range<u32>) {
        let events: Vec<Event> = numbers.map(|number| self.event(&number.to_string())).collect();
        self.publish_all(&events).await;
    }

    pub(crate) async fn publish_all(&self, events: &[Event]) {
        let mut session = self.producer.db.begin(&scope()).await.unwrap();
        for event in events {
            publish(&mut session, event).await.unwrap();
        }
        session.commit().await.unwrap();
        self.producer.relay.wake();
    }

    /// What a handler cannot take for its own reasons, it can (or cannot) from now on.
    pub(crate) fn heal(&self, healthy: bool) {
        self.ill.store(!healthy, Ordering::SeqCst);
    }

    pub(crate) fn consumer(&self, name: &'static str) -> Consumer {
        let handler = Keeper { name, ill: self.ill.clone(), calls: self.calls.clone() };
        Consumer { name, subject: SUBJECT, db: self.consumer.db.clone(), handler: Arc::new(handler) }
    }

    /// The way to a consumer in this process.
    pub(crate) fn route(&self, name: &'static str) -> Route {
        let courier = self.consumer(name).in_process(self.consumer.clock.clone());
        Route { name: name.to_owned(), subject: Some(SUBJECT.to_owned()), courier }
    }

    /// A process with these consumers, beside those that run already.
    pub(crate) async fn start(&self, names: &[&'static str]) -> Process {
        self.start_with(names.iter().map(|name| self.consumer(name)).collect()).await
    }

    pub(crate) async fn start_with(&self, consumers: Vec<Consumer>) -> Process {
        let stop = CancellationToken::new();
        let clock = self.consumer.clock.clone();
        let (routes, takers) = match self.connect().await {
            Some(nats) => {
                let tracker = TaskTracker::new();
                let takers = consumers.into_iter().map(|consumer| nats.taking(consumer, clock.clone()));
                let takers = takers.map(|task| task.start(&tracker, stop.clone())).collect();
                (vec![Route::to_broker(nats.courier())], takers)
            }
            None => {
                let route = |consumer: Consumer| Route {
                    name: consumer.name.to_owned(),
                    subject: Some(consumer.subject.to_owned()),
                    courier: consumer.in_process(clock.clone()),
                };
                (consumers.into_iter().map(route).collect(), Vec::new())
            }
        };
        let (relay, token) = (self.producer.relay.clone(), stop.clone());
        let relaying = tokio::spawn(async move { relay.run(routes, token).await });
        Process { stop, tasks: takers.into_iter().chain([relaying]).collect() }
    }

    /// Makes pauses between attempts pass.
    pub(crate) fn skip_pauses(&self) {
        self.world.clock.advance(PAUSE);
    }

    /// What a consumer was told, sorted.
    pub(crate) async fn effects(&self, taker: &str) -> Vec<String> {
        let mut session = self.consumer.db.read(&scope()).await.unwrap();
        let rows: Vec<(String,)> = fetch_all!(
            &mut session,
            unscoped: "SELECT what FROM effects WHERE taker = $1",
            taker
        )
        .unwrap();
        let mut effects: Vec<String> = rows.into_iter().map(|(what,)| what).collect();
        effects.sort_unstable();
        effects
    }

    /// Waits until a consumer was told this much, and that it is exactly this.
    pub(crate) async fn taken(&self, taker: &str, expected: &[&str]) {
        eventually(&format!("{expected:?} for {taker}"), async || self.effects(taker).await.len() >= expected.len())
            .await;
        assert_eq!(self.effects(taker).await, expected, "{taker}");
    }

    /// Waits until a consumer was told the numbers below `end`, each once.
    pub(crate) async fn taken_numbers(&self, taker: &str, end: u32) {
        let end = usize::try_from(end).unwrap();
        eventually(&format!("{end} for {taker}"), async || self.effects(taker).await.len() >= end).await;
        self.has_numbers(taker, end).await;
    }

    async fn has_numbers(&self, taker: &str, end: usize) {
        let mut numbers: Vec<usize> = self.effects(taker).await.iter().map(|what| what.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..end), "{taker}: each of {end} once, but {} effects", numbers.len());
    }

    /// How often the handler was called about this.
    pub(crate) fn calls(&self, what: &str) -> u32 {
        self.calls.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    pub(crate) async fn dead_letters(&self) -> DeadLetters {
        let Deps { db, clock, relay, .. } = self.producer.clone();
        DeadLetters::new("producer", db, clock, relay, self.connect().await)
    }

    /// Waits for this many dead letters.
    pub(crate) async fn dead(&self, count: usize) -> Vec<DeadLetter> {
        let letters = self.dead_letters().await;
        let list = async || letters.list(Uuid::nil(), &LetterKey::start(), 100).await;
        eventually(&format!("{count} dead letters"), async || list().await.is_ok_and(|dead| dead.len() == count)).await;
        list().await.unwrap()
    }

    /// Rows of the outbox.
    pub(crate) async fn kept_events(&self) -> i64 {
        count(&self.producer, "SELECT COUNT(*) FROM outbox").await
    }

    /// Deliveries that are neither done nor given up.
    pub(crate) async fn pending(&self) -> i64 {
        count(&self.producer, "SELECT COUNT(*) FROM outbox WHERE NOT fanned_out").await
            + count(&self.producer, "SELECT COUNT(*) FROM outbox_deliveries WHERE state = 'pending'").await
    }

    /// Events that consumers remember to have taken.
    pub(crate) async fn inbox(&self) -> i64 {
        count(&self.consumer, "SELECT COUNT(*) FROM inbox").await
    }

    /// Deliveries under way that were refused at least once, and the attempts that counted against them.
    pub(crate) async fn refused(&self) -> (i64, i64) {
        let refused = "SELECT COUNT(*) FROM outbox_deliveries WHERE state = 'pending' AND error IS NOT NULL";
        let attempts = "SELECT COALESCE(MAX(attempts), 0) FROM outbox_deliveries WHERE state = 'pending'";
        (count(&self.producer, refused).await, count(&self.producer, attempts).await)
    }
}

async fn count(deps: &Deps, statement: &'static str) -> i64 {
    let mut session = deps.db.read(&scope()).await.unwrap();
    let (count,) = fetch_one!(&mut session, unscoped: statement).unwrap();
    count
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what} did not come");
}

pub(crate) fn scope() -> Scope {
    testkit::tenant(Uuid::nil(), Uuid::nil())
}

pub(crate) fn relay_options() -> RelayOptions {
    RelayOptions {
        retention: Duration::from_secs(3_600),
        timeout: Duration::from_secs(30),
        poll: Duration::from_millis(20),
    }
}
