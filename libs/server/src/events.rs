//! How events leave the outboxes of a process and reach its consumers.

use std::time::Duration;

use anyhow::Context;
use base::{tasks::Task, time::Clock};
use bus::{Consumer, Nats, NatsOptions, RelayOptions, Subscription};

use crate::options::{Bus, Options};

/// A relay finds within this what another process published and did not deliver.
const RELAY_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// The broker of `NATS_URL`.
pub(super) async fn broker(options: &Options) -> anyhow::Result<Option<Nats>> {
    let Bus::Nats { address, replicas } = &options.bus else { return Ok(None) };
    let nats = Nats::connect(address, NatsOptions::new(*replicas, options.outbox_retention)).await;
    Ok(Some(nats.context("NATS_URL cannot be used")?))
}

/// How outboxes are emptied.
pub(super) fn relay_options(options: &Options) -> RelayOptions {
    RelayOptions {
        retention: options.outbox_retention,
        timeout: options.delivery_timeout,
        poll_interval: RELAY_POLL_INTERVAL,
    }
}

/// Where relays deliver to, and the tasks that receive events from a broker.
pub(super) fn deliveries(
    bus: &Bus,
    broker: Option<&Nats>,
    consumers: Vec<Consumer>,
    clock: &Clock,
) -> (Vec<Subscription>, Vec<Task>) {
    if let Some(broker) = broker {
        let tasks = consumers.into_iter().map(|consumer| broker.consumer_task(consumer, clock.clone()));
        return (vec![Subscription::to_broker(broker.sink())], tasks.collect());
    }
    if matches!(bus, Bus::OutboxOnly) {
        return (Vec::new(), Vec::new());
    }
    let subscriptions = consumers.into_iter().map(|consumer| Subscription {
        name: consumer.name.to_owned(),
        subjects: consumer.subjects.clone(),
        sink: consumer.in_process(clock.clone()),
    });
    (subscriptions.collect(), Vec::new())
}
