//! The contract of the bus, on both databases: a fact is told exactly when its change is committed, and takes effect
//! once, whatever dies in between.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use common::{
    Deps, Service,
    bus::{Consumer, Courier, CourierError, DeadLetter, DeadLetters, Event, HandleError, Handler, Route, publish},
    db::{DbError, Migrations, Scope, Session},
    on_db,
    service::Spec,
};
use sqlx::migrate::Migrator;
use testkit::service::World;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

const SUBJECT: &str = "gooseek.test.thing.happened.v1";
/// Longer than any pause between two attempts.
const PAUSE: Duration = Duration::from_secs(200);

static NOTHING: Migrator = Migrator { migrations: Cow::Borrowed(&[]), ..Migrator::DEFAULT };

/// A producer and a consumer with a database each; the consumer's effect is a row in `effects`.
struct Bus {
    world: World,
    producer: Deps,
    consumer: Deps,
}

impl Bus {
    async fn new(world: World) -> Self {
        let spec = |name| Spec {
            name,
            port: 0,
            variables: &[],
            migrations: Migrations { sqlite: &NOTHING, postgres: &NOTHING },
            check: |_| {},
            build: |_| Box::pin(async { Ok(Service::new("unused", OpenApiRouter::new())) }),
        };
        let producer = world.deps(&spec("producer")).await;
        let consumer = world.deps(&spec("consumer")).await;
        let mut session = consumer.db.begin(&scope()).await.unwrap();
        on_db!(&mut session, conn => sqlx::query("CREATE TABLE effects (taker TEXT NOT NULL, what TEXT NOT NULL)")
            .execute(conn)
            .await
            .map(drop))
        .unwrap();
        session.commit().await.unwrap();
        Self { world, producer, consumer }
    }

    fn event(&self, what: &str) -> Event {
        Event::new(self.world.ids.next(), SUBJECT, Uuid::nil(), what.to_owned(), self.producer.clock.now())
    }

    async fn publish(&self, what: &str) -> Uuid {
        let event = self.event(what);
        let mut session = self.producer.db.begin(&scope()).await.unwrap();
        publish(&mut session, &event).await.unwrap();
        session.commit().await.unwrap();
        event.id
    }

    /// The way to a consumer in good health.
    fn route(&self, name: &'static str) -> Route {
        self.route_to(name, Arc::new(AtomicBool::new(true)))
    }

    fn route_to(&self, name: &'static str, healthy: Arc<AtomicBool>) -> Route {
        let handler = Arc::new(Keeper { name, healthy });
        let consumer = Consumer { name, subject: SUBJECT, db: self.consumer.db.clone(), handler };
        let courier = consumer.in_process(self.consumer.clock.clone());
        Route { name: name.to_owned(), subject: SUBJECT.to_owned(), courier }
    }

    /// What a process does between its start and its end: delivers everything that is due.
    async fn run(&self, routes: &[Route]) {
        let stopping = CancellationToken::new();
        stopping.cancel();
        self.producer.relay.run(routes.to_vec(), stopping).await;
    }

    /// What a consumer was told, in the order it took effect.
    async fn effects(&self, taker: &str) -> Vec<String> {
        let mut session = self.consumer.db.read(&scope()).await.unwrap();
        let rows: Vec<(String,)> = on_db!(&mut session, conn => sqlx::query_as(
            "SELECT what FROM effects WHERE taker = $1")
            .bind(taker)
            .fetch_all(conn)
            .await)
        .unwrap();
        rows.into_iter().map(|(what,)| what).collect()
    }

    fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.producer.db.clone(), self.producer.clock.clone(), self.producer.relay.clone())
    }

    async fn dead(&self) -> Vec<DeadLetter> {
        self.dead_letters().list(Uuid::nil()).await.unwrap()
    }

    async fn kept_events(&self) -> i64 {
        let mut session = self.producer.db.read(&scope()).await.unwrap();
        let (kept,) = on_db!(&mut session, conn => sqlx::query_as("SELECT COUNT(*) FROM outbox")
            .fetch_one(conn)
            .await)
        .unwrap();
        kept
    }
}

fn scope() -> Scope {
    Scope::Tenant { org: Uuid::nil(), user: Uuid::nil() }
}

/// Keeps what it is told, except that `poison` can never be taken, and `panic` and `fail` only in good health.
struct Keeper {
    name: &'static str,
    healthy: Arc<AtomicBool>,
}

#[async_trait]
impl Handler for Keeper {
    async fn handle(&self, session: &mut Session, event: &Event) -> Result<(), HandleError> {
        let what = String::from_utf8(event.payload.to_vec()).unwrap();
        on_db!(session, conn => sqlx::query("INSERT INTO effects (taker, what) VALUES ($1, $2)")
            .bind(self.name)
            .bind(&what)
            .execute(conn)
            .await
            .map(drop))
        .map_err(DbError::from)?;
        let healthy = self.healthy.load(Ordering::SeqCst);
        match what.as_str() {
            "poison" => Err(HandleError::Poison("not my format".to_owned())),
            "panic" if !healthy => panic!("a bug of the handler"),
            "fail" if !healthy => Err(DbError::Unavailable(sqlx::Error::PoolTimedOut).into()),
            _ => Ok(()),
        }
    }
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

testkit::on_both! {
    async fn an_event_is_taken_once_by_each_consumer(world: World) {
        let bus = Bus::new(world).await;
        let routes = [bus.route("one"), bus.route("other")];
        bus.publish("first").await;
        bus.publish("second").await;
        bus.run(&routes).await;
        bus.run(&routes).await;
        for taker in ["one", "other"] {
            assert_eq!(bus.effects(taker).await, ["first", "second"]);
        }
    }

    async fn a_running_relay_is_woken(world: World) {
        let bus = Bus::new(world).await;
        let stop = CancellationToken::new();
        let relay = bus.producer.relay.clone();
        let running = tokio::spawn({
            let (routes, stop) = (vec![bus.route("taker")], stop.clone());
            async move { relay.run(routes, stop).await }
        });
        bus.publish("news").await;
        bus.producer.relay.wake();
        let taken = async {
            while bus.effects("taker").await.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), taken).await.unwrap();
        stop.cancel();
        running.await.unwrap();
    }

    async fn what_was_rolled_back_is_not_told(world: World) {
        let bus = Bus::new(world).await;
        let mut session = bus.producer.db.begin(&scope()).await.unwrap();
        publish(&mut session, &bus.event("never")).await.unwrap();
        drop(session);
        bus.publish("really").await;
        bus.run(&[bus.route("taker")]).await;
        assert_eq!(bus.effects("taker").await, ["really"]);
    }

    async fn a_crash_between_effect_and_mark_repeats_nothing(world: World) {
        let bus = Bus::new(world).await;
        let mut route = bus.route("taker");
        route.courier = Arc::new(Dying { inner: route.courier, died: AtomicBool::default() });
        bus.publish("once").await;
        bus.run(std::slice::from_ref(&route)).await;
        assert_eq!(bus.effects("taker").await, ["once"]);
        bus.world.clock.advance(PAUSE);
        bus.run(&[route]).await;
        assert_eq!(bus.effects("taker").await, ["once"]);
        assert!(bus.dead().await.is_empty());
    }

    async fn two_processes_on_one_outbox_take_an_event_once(world: World) {
        let bus = Bus::new(world).await;
        for number in 0..20 {
            bus.publish(&number.to_string()).await;
        }
        let routes = [bus.route("taker")];
        tokio::join!(bus.run(&routes), bus.run(&routes));
        let mut effects: Vec<i64> = bus.effects("taker").await.iter().map(|what| what.parse().unwrap()).collect();
        effects.sort_unstable();
        assert_eq!(effects, (0..20).collect::<Vec<_>>());
    }

    async fn an_effect_that_failed_halfway_is_undone_and_tried_again(world: World) {
        let bus = Bus::new(world).await;
        let healthy = Arc::new(AtomicBool::default());
        let routes = [bus.route_to("taker", healthy.clone())];
        bus.publish("fail").await;
        bus.publish("panic").await;
        bus.publish("good").await;
        bus.run(&routes).await;
        assert_eq!(bus.effects("taker").await, ["good"]);
        healthy.store(true, Ordering::SeqCst);
        bus.world.clock.advance(PAUSE);
        bus.run(&routes).await;
        let mut effects = bus.effects("taker").await;
        effects.sort_unstable();
        assert_eq!(effects, ["fail", "good", "panic"]);
    }

    async fn poison_becomes_a_dead_letter_at_once_and_holds_up_nobody(world: World) {
        let bus = Bus::new(world).await;
        let routes = [bus.route("taker")];
        let poison = bus.publish("poison").await;
        bus.publish("good").await;
        bus.run(&routes).await;
        assert_eq!(bus.effects("taker").await, ["good"]);
        let dead = bus.dead().await;
        assert_eq!((dead[0].id, dead[0].attempts), (poison, 1));
        assert_eq!(dead[0].error.as_deref(), Some("not my format"));
        assert!(bus.dead_letters().drop_letter(poison, "taker").await.unwrap());
        assert!(!bus.dead_letters().drop_letter(poison, "taker").await.unwrap());
        assert!(bus.dead().await.is_empty());
    }

    async fn a_dead_letter_can_be_replayed(world: World) {
        let bus = Bus::new(world).await;
        let healthy = Arc::new(AtomicBool::default());
        let routes = [bus.route_to("taker", healthy.clone())];
        let id = bus.publish("fail").await;
        for attempt in 1..=5 {
            assert!(bus.dead().await.is_empty(), "dead before attempt {attempt}");
            bus.run(&routes).await;
            bus.world.clock.advance(PAUSE);
        }
        assert_eq!(bus.dead().await[0].attempts, 5);
        healthy.store(true, Ordering::SeqCst);
        bus.run(&routes).await;
        assert!(bus.effects("taker").await.is_empty());
        assert!(bus.dead_letters().replay(id, "taker").await.unwrap());
        bus.run(&routes).await;
        assert_eq!(bus.effects("taker").await, ["fail"]);
        assert!(!bus.dead_letters().replay(id, "taker").await.unwrap());
    }

    async fn a_consumer_that_was_not_here_gets_what_is_still_kept(world: World) {
        let bus = Bus::new(world).await;
        let (old, new) = (bus.route("old"), bus.route("new"));
        bus.publish("before").await;
        bus.run(std::slice::from_ref(&old)).await;
        bus.run(&[old.clone(), new.clone()]).await;
        assert_eq!(bus.effects("new").await, ["before"]);
        bus.publish("while away").await;
        bus.run(std::slice::from_ref(&old)).await;
        bus.run(&[old, new]).await;
        assert_eq!(bus.effects("new").await, ["before", "while away"]);
        assert_eq!(bus.effects("old").await, ["before", "while away"]);
    }

    async fn a_consumer_that_went_away_holds_up_nobody(world: World) {
        let bus = Bus::new(world).await;
        for _ in 0..100 {
            bus.publish("fail").await;
        }
        bus.run(&[bus.route_to("gone", Arc::default())]).await;
        bus.world.clock.advance(PAUSE);
        bus.publish("good").await;
        bus.run(&[bus.route("taker")]).await;
        assert!(bus.effects("taker").await.contains(&"good".to_owned()));
    }

    async fn only_what_is_settled_is_pruned(world: World) {
        let bus = Bus::new(world).await;
        let routes = [bus.route("taker")];
        bus.publish("done").await;
        let dead = bus.publish("poison").await;
        bus.run(&routes).await;
        bus.publish("not looked at yet").await;
        assert_eq!(bus.producer.relay.prune().await.unwrap(), 0);
        bus.world.clock.advance(Duration::from_secs(3_700));
        assert_eq!(bus.producer.relay.prune().await.unwrap(), 1);
        assert_eq!(bus.kept_events().await, 2);
        bus.run(&routes).await;
        assert_eq!(bus.effects("taker").await, ["done", "not looked at yet"]);
        bus.dead_letters().drop_letter(dead, "taker").await.unwrap();
        bus.producer.relay.prune().await.unwrap();
        assert_eq!(bus.kept_events().await, 0);
    }
}
