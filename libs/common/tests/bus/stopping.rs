//! A consumer that is asked to stop while others go on: they get at once what it was given and did not take.

use std::time::Duration;

use crate::support::{Bus, eventually};

/// Longer than any test waits: what nobody answered for does not come again.
const NEVER: Duration = Duration::from_secs(600);

testkit::on_both! {
    async fn what_a_stopping_consumer_holds_is_given_back(world: World) {
        let Some(mut bus) = Bus::with_broker(world).await else { return };
        bus.options.ack_wait = NEVER;
        bus.heal(false);
        let events = ["fail", "slow", "good"].map(|what| bus.event(what));
        bus.publish_all(&events).await;
        let process = bus.start(&["test.taker"]).await;
        // The batch has failed, and each is tried for itself.
        eventually("the slow one on its own", async || bus.calls("fail") > 1 && bus.calls("slow") > 0).await;
        process.stop().await;
        bus.heal(true);
        let _other = bus.start(&["test.taker"]).await;
        bus.taken("test.taker", &["fail", "good", "slow"]).await;
    }

    async fn what_a_stopping_consumer_was_just_sent_is_not_left_lying(world: World) {
        let Some(mut bus) = Bus::with_broker(world).await else { return };
        bus.options.ack_wait = NEVER;
        let _publisher = bus.start(&[]).await;
        let rounds = 20;
        for round in 0..rounds {
            let taker = bus.start(&["test.taker"]).await;
            bus.publish_numbers(round * 200..(round + 1) * 200).await;
            let begun = usize::try_from(round * 200 + 10).unwrap();
            eventually("a part", async || bus.effects("test.taker").await.len() > begun).await;
            taker.stop().await;
        }
        let _taker = bus.start(&["test.taker"]).await;
        bus.taken_numbers("test.taker", rounds * 200).await;
    }
}
