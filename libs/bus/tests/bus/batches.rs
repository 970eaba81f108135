//! Maintenance of a large outbox: batch by batch, and continued after it was cut short.

use std::time::Duration;

use bus::{EventRecord, Subscription};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Bus, eventually, relay, relay_options};

/// Two batches and a half.
const EVENTS: u32 = 2_500;
/// Whole batches before the event in the middle.
const BEFORE: i64 = 1_000;
const MIDDLE: usize = 1_500;

/// Fills the outbox; the event in its middle.
async fn fill(bus: &Bus) -> Uuid {
    let events: Vec<EventRecord> = (0..EVENTS).map(|number| bus.event(&number.to_string())).collect();
    bus.publish_all(&events).await;
    events[MIDDLE].id
}

/// Makes statements that touch this event fail, as a process that dies there would end them.
async fn cut(bus: &Bus, operation: &str, table: &str, column: &str, id: Uuid) {
    let row = if operation == "INSERT" { "new" } else { "old" };
    let trigger = if bus.producer.db.is_sqlite() {
        format!(
            "CREATE TRIGGER cut BEFORE {operation} ON {table} WHEN {row}.{column} = x'{}'
             BEGIN SELECT RAISE(ABORT, 'cut'); END",
            id.simple()
        )
    } else {
        format!(
            "CREATE OR REPLACE FUNCTION cut() RETURNS TRIGGER LANGUAGE plpgsql AS
                 $$BEGIN RAISE EXCEPTION 'cut'; END$$;
             CREATE TRIGGER cut BEFORE {operation} ON {table} FOR EACH ROW WHEN ({row}.{column} = '{id}')
                 EXECUTE FUNCTION cut()"
        )
    };
    bus.world.as_owner("producer", trigger).await;
}

async fn mend(bus: &Bus, table: &str) {
    let from = if bus.producer.db.is_sqlite() { String::new() } else { format!(" ON {table}") };
    bus.world.as_owner("producer", format!("DROP TRIGGER cut{from}")).await;
}

/// A process that finds its outbox fanned out, and is stopped when nothing is left to do.
async fn run(bus: &Bus, subscriptions: &[Subscription]) {
    let stopping = CancellationToken::new();
    stopping.cancel();
    bus.relay.run(subscriptions.to_vec(), stopping).await;
}

testkit::on_both! {
    async fn pruning_that_was_cut_short_is_gone_on_with(world: World) {
        let bus = Bus::embedded(world).await;
        let middle = fill(&bus).await;
        run(&bus, &[]).await;
        bus.world.clock.advance(Duration::from_secs(3_700));
        cut(&bus, "DELETE", "outbox", "id", middle).await;
        bus.relay.prune().await.unwrap_err();
        assert_eq!(bus.kept_events().await, i64::from(EVENTS) - BEFORE);
        mend(&bus, "outbox").await;
        assert_eq!(bus.relay.prune().await.unwrap(), 1_500);
        assert_eq!(bus.kept_events().await, 0);
    }

    async fn a_resync_that_was_cut_short_is_gone_on_with(world: World) {
        let Some(bus) = Bus::with_broker(world).await else { return };
        let middle = fill(&bus).await;
        let publisher = bus.start(&[]).await;
        eventually("all published", async || bus.pending().await == 0).await;
        publisher.stop().await;
        cut(&bus, "UPDATE", "outbox_deliveries", "event_id", middle).await;
        bus.relay.resync().await.unwrap_err();
        assert_eq!(bus.pending().await, BEFORE);
        mend(&bus, "outbox_deliveries").await;
        assert_eq!(bus.relay.resync().await.unwrap(), 1_500);
        assert_eq!(bus.pending().await, i64::from(EVENTS));
    }

    async fn a_new_taker_gets_what_is_kept_though_its_first_start_was_cut_short(world: World) {
        let bus = Bus::embedded(world).await;
        let middle = fill(&bus).await;
        run(&bus, &[]).await;
        let subscription = bus.subscription("test.consumer");
        cut(&bus, "INSERT", "outbox_deliveries", "event_id", middle).await;
        let process = bus.start(&["test.consumer"]).await;
        bus.taken_numbers("test.consumer", 1_000).await;
        // What is new does not wait until the fault is found.
        bus.publish("1000").await;
        bus.taken_numbers("test.consumer", 1_001).await;
        drop(process);
        mend(&bus, "outbox_deliveries").await;
        run(&bus, &[subscription]).await;
        assert_eq!(bus.effects("test.consumer").await.len(), 2_501);
    }

    async fn what_was_taken_is_forgotten_after_twice_the_time(world: World) {
        let bus = Bus::embedded(world).await;
        fill(&bus).await;
        run(&bus, &[bus.subscription("test.consumer")]).await;
        bus.world.clock.advance(Duration::from_secs(3_700));
        relay(&bus.consumer, relay_options()).prune().await.unwrap();
        assert_eq!(bus.inbox().await, i64::from(EVENTS));
        bus.world.clock.advance(Duration::from_secs(3_700));
        relay(&bus.consumer, relay_options()).prune().await.unwrap();
        assert_eq!(bus.inbox().await, 0);
    }
}
