//! A broker that keeps its connections and says nothing.

use std::time::Duration;

use bus::RelayOptions;

use crate::support::{Bus, eventually, relay, relay_options};

testkit::on_both! {
    async fn a_mute_broker_costs_no_attempt_and_what_it_missed_comes_once(world: World) {
        let Some(mut bus) = Bus::with_broker(world).await else { return };
        bus.options.publish_timeout = Duration::from_secs(1);
        let options = RelayOptions { timeout: Duration::from_secs(3), ..relay_options() };
        bus.relay = relay(&bus.producer, options);
        let server = bus.server.as_ref().unwrap();
        let _process = bus.start(&["test.consumer"]).await;
        bus.publish_numbers(0..50).await;
        bus.taken_numbers("test.consumer", 50).await;
        for part in 1..3 {
            server.freeze();
            // Who publishes does not wait for the broker, or this would not end.
            bus.publish_numbers(part * 50..(part + 1) * 50).await;
            eventually("the relay gives up", async || bus.refused().await.0 > 0).await;
            let (_, attempts) = bus.refused().await;
            server.thaw();
            assert_eq!(attempts, 0);
            bus.taken_numbers("test.consumer", (part + 1) * 50).await;
        }
    }
}
