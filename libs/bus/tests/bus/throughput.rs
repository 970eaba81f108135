//! Events a second from the outbox through the broker into the inbox.

use std::time::Instant;

use testkit::service::World;

use crate::support::{Bus, eventually};

const EVENTS: u32 = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run it alone with --ignored --nocapture in a release build"]
async fn events_a_second() {
    for world in [Some(World::sqlite()), World::postgres().await].into_iter().flatten() {
        let Some(bus) = Bus::with_broker(world).await else { return };
        bus.publish_numbers(0..EVENTS).await;
        let begun = Instant::now();
        let publisher = bus.start(&[]).await;
        eventually("all published", async || bus.pending().await == 0).await;
        let published = begun.elapsed();
        publisher.stop().await;
        let begun = Instant::now();
        let taker = bus.start(&["test.consumer"]).await;
        eventually("all taken", async || bus.inbox().await == i64::from(EVENTS)).await;
        let taken_in = begun.elapsed();
        let begun = Instant::now();
        bus.publish_numbers(EVENTS..2 * EVENTS).await;
        let inserted = begun.elapsed();
        eventually("all through", async || bus.inbox().await == i64::from(2 * EVENTS)).await;
        let through = begun.elapsed();
        taker.stop().await;
        let rate = |seconds: f64| f64::from(EVENTS) / seconds;
        println!(
            "{}: to the broker {:.0}/s, from it {:.0}/s, both at once {:.0}/s (writing the outbox took {:.2} s of {:.2})",
            bus.producer.db.kind(),
            rate(published.as_secs_f64()),
            rate(taken_in.as_secs_f64()),
            rate(through.as_secs_f64()),
            inserted.as_secs_f64(),
            through.as_secs_f64(),
        );
    }
}
