//! What a broker may do to us: die, stall, forget, and refuse.

use std::time::Duration;

use testkit::service::World;

use crate::support::{Bus, Process, dead, eventually, scope, stranger};

const KILLS: u32 = 20;
/// Events between two kills.
const PART: u32 = 100;

/// A bus with a broker and a process on it; `None` when NATS is not installed.
async fn running(world: World) -> Option<(Bus, Process)> {
    let bus = Bus::with_broker(world).await?;
    let process = bus.start(&["test.consumer"]).await;
    Some((bus, process))
}

testkit::on_both! {
    async fn a_broker_that_is_killed_again_and_again_loses_and_repeats_nothing(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        for part in 0..KILLS {
            bus.publish_numbers(part * PART..(part + 1) * PART).await;
            eventually("a beginning", async || bus.inbox().await > i64::from(part * PART + PART / 10)).await;
            server.kill();
            server.run();
        }
        bus.taken_numbers("test.consumer", KILLS * PART).await;
    }

    async fn what_a_broker_forgot_is_brought_back_from_the_outbox(world: World) {
        let Some((bus, process)) = running(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        bus.publish_numbers(0..50).await;
        bus.taken_numbers("test.consumer", 50).await;
        process.stop().await;
        // A process that publishes and takes nothing: the broker alone has the next ones.
        let publisher = bus.start(&[]).await;
        bus.publish_numbers(50..100).await;
        eventually("all published", async || bus.pending().await == 0).await;
        server.kill();
        server.forget();
        server.run();
        // Streams are made anew, and new events come through.
        bus.publish_numbers(100..101).await;
        eventually("all published", async || bus.pending().await == 0).await;
        let _process = bus.start(&["test.consumer"]).await;
        eventually("the new one", async || bus.effects("test.consumer").await.contains(&"100".to_owned())).await;
        assert_eq!(bus.effects("test.consumer").await.len(), 51, "fifty are lost");
        assert_eq!(bus.relay.resync().await.unwrap(), 101);
        bus.taken_numbers("test.consumer", 101).await;
        // So are consumers that run.
        server.kill();
        server.forget();
        server.run();
        bus.publish_numbers(101..102).await;
        bus.taken_numbers("test.consumer", 102).await;
        publisher.stop().await;
    }

    async fn a_store_that_was_rolled_back_is_repaired_while_everything_runs(world: World) {
        let Some((bus, process)) = running(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        bus.publish_numbers(0..10).await;
        bus.taken_numbers("test.consumer", 10).await;
        process.stop().await;
        let _publisher = bus.start(&[]).await;
        server.kill();
        server.save();
        server.run();
        bus.publish_numbers(10..30).await;
        eventually("all published", async || bus.pending().await == 0).await;
        server.kill();
        server.roll_back();
        server.run();
        let _process = bus.start(&["test.consumer"]).await;
        bus.relay.resync().await.unwrap();
        bus.taken_numbers("test.consumer", 30).await;
    }

    async fn without_a_broker_events_wait_and_nothing_is_given_up(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        let nats = bus.connect().await.unwrap();
        bus.publish("before").await;
        bus.taken("test.consumer", &["before"]).await;
        eventually("a connection", async || nats.is_up()).await;
        server.kill();
        eventually("the loss", async || !nats.is_up()).await;
        bus.publish("meanwhile").await;
        for _ in 0..10 {
            bus.skip_pauses();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(bus.pending().await, 1, "it costs no attempt");
        server.run();
        eventually("a connection", async || nats.is_up()).await;
        bus.taken("test.consumer", &["before", "meanwhile"]).await;
    }

    async fn a_process_starts_without_its_broker(world: World) {
        let Some(bus) = Bus::with_broker(world).await else { return };
        let server = bus.server.as_ref().unwrap();
        server.kill();
        let _process = bus.start(&["test.consumer"]).await;
        bus.publish("early").await;
        server.run();
        bus.taken("test.consumer", &["early"]).await;
    }

    async fn a_slow_handler_is_not_taken_for_dead(world: World) {
        let Some(mut bus) = Bus::with_broker(world).await else { return };
        bus.options.ack_wait = Duration::from_secs(1);
        let events = ["slow", "quick"].map(|what| bus.event(what));
        bus.publish_all(&events).await;
        let _one = bus.start(&["test.consumer"]).await;
        let _other = bus.start(&["test.consumer"]).await;
        bus.taken("test.consumer", &["quick", "slow"]).await;
        assert_eq!(bus.at_the_broker().await.delivered.consumer_sequence, 2);
    }

    async fn poison_among_many_hurts_itself_alone(world: World) {
        let Some(bus) = Bus::with_broker(world).await else { return };
        let mut events: Vec<_> = (0..500).map(|number| bus.event(&number.to_string())).collect();
        for event in events.iter_mut().step_by(100) {
            *event = bus.event("poison");
        }
        bus.publish_all(&events).await;
        let _process = bus.start(&["test.consumer"]).await;
        eventually("the others", async || bus.effects("test.consumer").await.len() == 495).await;
        let dead = bus.dead(5).await;
        assert!(dead.iter().all(|letter| letter.attempts == 1), "{dead:?}");
        bus.publish("last").await;
        eventually("the last", async || bus.effects("test.consumer").await.len() == 496).await;
        bus.dead(5).await;
    }

    async fn what_no_broker_takes_is_a_dead_letter_of_the_outbox(world: World) {
        let Some((bus, _process)) = running(world).await else { return };
        let mut event = bus.event("large");
        event.payload = vec![b'x'; 2 << 20].into();
        bus.publish_all(std::slice::from_ref(&event)).await;
        bus.publish("good").await;
        bus.taken("test.consumer", &["good"]).await;
        let letters = bus.outbox_dead_letters();
        let key = dead(&letters, 1).await[0].key();
        assert_eq!((key.id, key.consumer.as_str()), (event.id, "nats"));
        assert!(!letters.replay(&stranger(), &key).await.unwrap() && !letters.drop_letter(&stranger(), &key).await.unwrap());
        assert!(letters.replay(&scope(), &key).await.unwrap());
        dead(&letters, 1).await;
        assert!(letters.drop_letter(&scope(), &key).await.unwrap());
        dead(&letters, 0).await;
        // Nor does it come back when all that is kept is published again.
        assert_eq!(bus.relay.resync().await.unwrap(), 1);
        eventually("all published", async || bus.pending().await == 0).await;
        dead(&letters, 0).await;
    }

    async fn a_change_of_the_bus_loses_nothing(world: World) {
        let Some(bus) = Bus::with_broker(world).await else { return };
        bus.heal(false);
        bus.publish("fail").await;
        bus.publish("good").await;
        let stopping = tokio_util::sync::CancellationToken::new();
        stopping.cancel();
        bus.relay.run(vec![bus.subscription("test.consumer")], stopping.clone()).await;
        assert_eq!((bus.effects("test.consumer").await.len(), bus.pending().await), (1, 1));
        bus.heal(true);
        let process = bus.start(&["test.consumer"]).await;
        bus.taken("test.consumer", &["fail", "good"]).await;
        eventually("all settled", async || bus.pending().await == 0).await;
        process.stop().await;
        bus.server.as_ref().unwrap().kill();
        bus.publish("after").await;
        bus.relay.run(vec![bus.subscription("test.consumer")], stopping).await;
        bus.taken("test.consumer", &["after", "fail", "good"]).await;
        assert_eq!(bus.pending().await, 0);
    }
}
