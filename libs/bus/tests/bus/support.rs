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
use base::{Scope, time::Clock};
use bus::{
    Consumer, DeadLetter, DeadLetterKey, DeadLetters, EventRecord, NatsOptions, Relay, RelayOptions, SubjectPattern,
    Subscription,
};
use db::{Migrations, fetch_all, fetch_one};
use proto::Event;
use server::Deps;
use testkit::service::{World, idle, one_migration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// What is published in tests.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Happened {
    #[prost(string, tag = "1")]
    pub(crate) what: String,
}

impl Event for Happened {
    const SUBJECT: &'static str = "gooseek.producer.thing.happened.v1";
}

/// Longer than any pause between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_secs(200);
/// What is waited for comes within this, or never.
const PATIENCE: Duration = Duration::from_secs(120);

/// The table of what consumers did.
const EFFECTS: &str = "CREATE TABLE effects (consumer TEXT NOT NULL, what TEXT NOT NULL)";

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
    /// The relay of the producer's outbox.
    pub(crate) relay: Relay,
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
        let producer = world.deps(&idle("producer", Migrations::NONE)).await;
        let consumer = world.deps(&idle("consumer", one_migration(EFFECTS))).await;
        let relay = relay(&producer, relay_options());
        let options = NatsOptions {
            // What a killed process held comes again after this.
            ack_wait: Duration::from_secs(5),
            retry_delays: [Duration::from_millis(10); 4],
            ..NatsOptions::new(1, Duration::from_secs(3_600))
        };
        Self { world, producer, relay, consumer, server, options, ill: Arc::default(), calls: Arc::default() }
    }

    pub(crate) fn event(&self, what: &str) -> EventRecord {
        let message = Happened { what: what.to_owned() };
        EventRecord::new(self.world.ids.next(), Uuid::nil(), &message, self.producer.clock.now())
    }

    pub(crate) async fn publish(&self, what: &str) -> Uuid {
        let event = self.event(what);
        self.publish_all(std::slice::from_ref(&event)).await;
        event.id
    }

    /// `0`, `1`, … in one transaction.
    pub(crate) async fn publish_numbers(&self, numbers: std::ops::Range<u32>) {
        let events: Vec<EventRecord> = numbers.map(|number| self.event(&number.to_string())).collect();
        self.publish_all(&events).await;
    }

    pub(crate) async fn publish_all(&self, events: &[EventRecord]) {
        let mut session = self.producer.db.begin(&scope()).await.unwrap();
        for event in events {
            self.relay.outbox().publish_record(&mut session, event).await.unwrap();
        }
        session.commit().await.unwrap();
    }

    /// What a handler cannot handle for reasons of its own, it can (or cannot) from now on.
    pub(crate) fn heal(&self, healthy: bool) {
        self.ill.store(!healthy, Ordering::SeqCst);
    }

    pub(crate) fn consumer(&self, name: &'static str) -> Consumer {
        let handler = Keeper { name, ill: self.ill.clone(), calls: self.calls.clone() };
        Consumer::new(name, self.consumer.db.clone(), handler)
    }

    /// A consumer that keeps the events of a pattern.
    pub(crate) fn consumer_of(&self, name: &'static str, subjects: SubjectPattern) -> Consumer {
        let handler = Keeper { name, ill: self.ill.clone(), calls: self.calls.clone() };
        Consumer::of_subjects(name, subjects, self.consumer.db.clone(), handler)
    }

    /// A consumer in this process, as the relay knows it.
    pub(crate) fn subscription(&self, name: &'static str) -> Subscription {
        subscription(self.consumer(name), self.consumer.clock.clone())
    }

    /// A process with these consumers, beside those that run already.
    pub(crate) async fn start(&self, names: &[&'static str]) -> Process {
        self.start_with(names.iter().map(|name| self.consumer(name)).collect()).await
    }

    pub(crate) async fn start_with(&self, consumers: Vec<Consumer>) -> Process {
        let stop = CancellationToken::new();
        let clock = self.consumer.clock.clone();
        let (subscriptions, tasks) = match self.connect().await {
            Some(nats) => {
                let tracker = TaskTracker::new();
                let tasks = consumers.into_iter().map(|consumer| nats.consumer_task(consumer, clock.clone()));
                let tasks = tasks.map(|task| task.start(&tracker, stop.clone())).collect();
                (vec![Subscription::to_broker(nats.sink())], tasks)
            }
            None => {
                let subscriptions = consumers.into_iter().map(|consumer| subscription(consumer, clock.clone()));
                (subscriptions.collect(), Vec::new())
            }
        };
        let (relay, token) = (self.relay.clone(), stop.clone());
        let relaying = tokio::spawn(async move { relay.run(subscriptions, token).await });
        Process { stop, tasks: tasks.into_iter().chain([relaying]).collect() }
    }

    /// Makes pauses between attempts pass.
    pub(crate) fn skip_pauses(&self) {
        self.world.clock.advance(PAUSE);
    }

    /// What a consumer was told, sorted.
    pub(crate) async fn effects(&self, consumer: &str) -> Vec<String> {
        let mut session = self.consumer.db.read(&scope()).await.unwrap();
        let rows: Vec<(String,)> =
            fetch_all!(&mut session, unscoped: "SELECT what FROM effects WHERE consumer = $1", consumer).unwrap();
        let mut effects: Vec<String> = rows.into_iter().map(|(what,)| what).collect();
        effects.sort_unstable();
        effects
    }

    /// Waits until a consumer was told this much, and that it is exactly this.
    pub(crate) async fn taken(&self, consumer: &str, expected: &[&str]) {
        eventually(&format!("{expected:?} for {consumer}"), async || {
            self.effects(consumer).await.len() >= expected.len()
        })
        .await;
        assert_eq!(self.effects(consumer).await, expected, "{consumer}");
    }

    /// Waits until a consumer was told the numbers below `end`, each once.
    pub(crate) async fn taken_numbers(&self, consumer: &str, end: u32) {
        let end = usize::try_from(end).unwrap();
        eventually(&format!("{end} for {consumer}"), async || self.effects(consumer).await.len() >= end).await;
        self.has_numbers(consumer, end).await;
    }

    async fn has_numbers(&self, consumer: &str, end: usize) {
        let mut numbers: Vec<usize> = self.effects(consumer).await.iter().map(|what| what.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(0..end), "{consumer}: each of {end} once, but {} effects", numbers.len());
    }

    /// How often the handler was called about this.
    pub(crate) fn calls(&self, what: &str) -> u32 {
        self.calls.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    /// The dead letters of the consumers.
    pub(crate) fn dead_letters(&self) -> DeadLetters {
        let consumers = ["test.consumer", "test.one", "test.other"].map(|name| self.consumer(name));
        let Deps { db, clock, .. } = self.consumer.clone();
        DeadLetters::new(db, clock, relay(&self.consumer, relay_options()), consumers.to_vec())
    }

    /// The dead letters of the outbox.
    pub(crate) fn outbox_dead_letters(&self) -> DeadLetters {
        let Deps { db, clock, .. } = self.producer.clone();
        DeadLetters::new(db, clock, self.relay.clone(), Vec::new())
    }

    /// Waits for this many dead letters of consumers.
    pub(crate) async fn dead(&self, count: usize) -> Vec<DeadLetter> {
        dead(&self.dead_letters(), count).await
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

/// Somebody of another organisation.
pub(crate) fn stranger() -> Scope {
    testkit::tenant(Uuid::max(), Uuid::nil())
}

/// Whoever operates the installation.
pub(crate) fn operator() -> Scope {
    testkit::system().into()
}

/// Waits for this many dead letters of any organisation.
pub(crate) async fn dead(letters: &DeadLetters, count: usize) -> Vec<DeadLetter> {
    let list = async || letters.list(&operator(), &DeadLetterKey::start(), 100).await.unwrap();
    eventually(&format!("{count} dead letters"), async || list().await.len() == count).await;
    list().await
}

/// The relay of a service's outbox.
pub(crate) fn relay(deps: &Deps, options: RelayOptions) -> Relay {
    Relay::new(deps.db.clone(), deps.outbox.clone(), options)
}

fn subscription(consumer: Consumer, clock: Clock) -> Subscription {
    let (name, subjects) = (consumer.name.to_owned(), consumer.subjects.clone());
    Subscription { name, subjects, sink: consumer.in_process(clock) }
}

pub(crate) fn relay_options() -> RelayOptions {
    RelayOptions {
        retention: Duration::from_secs(3_600),
        timeout: Duration::from_secs(30),
        poll_interval: Duration::from_millis(20),
    }
}
