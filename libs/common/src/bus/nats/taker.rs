//! From the broker to a consumer.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_nats::{
    Subject,
    jetstream::{
        AckKind, Message,
        consumer::{AckPolicy, PullConsumer, pull},
    },
};
use futures::{StreamExt, future::join_all};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    super::{Consumer, CourierError, Event, retry},
    EVENTS, Nats, NatsError, REPLAYS, envelope,
};
use crate::time::Clock;

/// Events taken in one transaction.
const BATCH: usize = 128;
/// How long a request for events waits at the broker; lost together with the broker, it is missed for no longer.
const WAIT: Duration = Duration::from_secs(3);
/// Messages that replicas may hold or that wait for another attempt; more failing ones than this hold up the others.
const UNSETTLED: i64 = 50_000;

/// One consumer's part in taking what the broker has for it. Replicas share it.
pub(super) struct Taker {
    nats: Nats,
    consumer: Consumer,
    clock: Clock,
}

/// An event that was taken from the broker and must be answered for.
struct Incoming {
    event: Event,
    /// Where answers go.
    reply: Subject,
    /// Which attempt this is, counted from one.
    attempt: i64,
    settled: AtomicBool,
}

impl Taker {
    pub(super) fn new(nats: Nats, consumer: Consumer, clock: Clock) -> Self {
        Self { nats, consumer, clock }
    }

    /// Takes events until `stop`.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let Err(error) = self.rounds(stop).await else { return };
            tracing::warn!(consumer = self.consumer.name, %error, "events cannot be taken; this is tried again");
            self.nats.lost();
            pause(Duration::from_secs(1), stop).await;
        }
    }

    async fn rounds(&self, stop: &CancellationToken) -> Result<(), NatsError> {
        let durable = self.declare().await?;
        while !stop.is_cancelled() {
            self.database(stop).await;
            let messages = fetch(&durable, stop).await?;
            let mut incoming = Vec::with_capacity(messages.len());
            for message in &messages {
                incoming.extend(self.open(message).await);
            }
            tokio::select! {
                () = self.settle(&incoming, stop) => {}
                () = self.keep(&incoming) => {}
            }
        }
        Ok(())
    }

    /// The durable consumer, as it is or made anew.
    async fn declare(&self) -> Result<PullConsumer, NatsError> {
        self.nats.ready().await?;
        let name = self.consumer.name;
        let config = pull::Config {
            // Names of consumers may not have dots on the broker.
            durable_name: Some(name.replace('.', "_")),
            filter_subjects: vec![self.consumer.subject.to_owned(), format!("{REPLAYS}.{name}")],
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.nats.options.ack_wait,
            // We count ourselves, because what was tried too often is not to be lost.
            max_deliver: -1,
            max_ack_pending: UNSETTLED,
            ..pull::Config::default()
        };
        self.nats.context.create_consumer_on_stream(config, EVENTS).await.map_err(NatsError::new)
    }

    /// Waits until the consumer's database answers: its absence is not the events' fault.
    async fn database(&self, stop: &CancellationToken) {
        while !stop.is_cancelled()
            && let Err(error) = self.consumer.db.ping().await
        {
            tracing::warn!(consumer = self.consumer.name, %error, "events wait for the database");
            pause(Duration::from_secs(1), stop).await;
        }
    }

    async fn open(&self, message: &Message) -> Option<Incoming> {
        let reply = message.reply.clone()?;
        let attempt = message.info().ok()?.delivered;
        let Some(event) = envelope::event(message.headers.as_ref(), &message.payload) else {
            tracing::error!(subject = %message.subject, "a message on the broker is none of ours");
            self.answer(&reply, AckKind::Term).await;
            return None;
        };
        Some(Incoming { event, reply, attempt, settled: AtomicBool::default() })
    }

    /// Takes a batch, in one transaction if all goes well; else one by one, so that what fails hurts itself alone.
    async fn settle(&self, batch: &[Incoming], stop: &CancellationToken) {
        let events: Vec<Event> = batch.iter().map(|incoming| incoming.event.clone()).collect();
        if batch.len() > 1 && self.take(&events).await.is_ok() {
            for incoming in batch {
                retry::count(self.consumer.name, &Ok(()));
                incoming.settled.store(true, Ordering::Release);
            }
            join_all(batch.iter().map(|incoming| self.answer(&incoming.reply, AckKind::Ack))).await;
            return;
        }
        for incoming in batch {
            self.database(stop).await;
            if stop.is_cancelled() {
                // For another replica, at once.
                incoming.settled.store(true, Ordering::Release);
                self.answer(&incoming.reply, AckKind::Nak(None)).await;
                continue;
            }
            let outcome = self.take(std::slice::from_ref(&incoming.event)).await;
            retry::count(self.consumer.name, &outcome);
            let answer = match outcome {
                Ok(()) => AckKind::Ack,
                Err(error) => self.after(incoming, &error).await,
            };
            incoming.settled.store(true, Ordering::Release);
            self.answer(&incoming.reply, answer).await;
        }
    }

    async fn take(&self, events: &[Event]) -> Result<(), CourierError> {
        retry::attempt(self.nats.options.timeout, self.consumer.take(&self.clock, events)).await
    }

    /// Another attempt after a pause, or none because it is a dead letter now.
    async fn after(&self, incoming: &Incoming, error: &CourierError) -> AckKind {
        let pause = match error {
            CourierError::Unavailable(_) => return AckKind::Nak(Some(Duration::from_secs(1))),
            CourierError::Poison(_) => None,
            _ => retry::pause(&self.nats.options.pauses, incoming.attempt),
        };
        if let Some(pause) = pause {
            return AckKind::Nak(Some(pause));
        }
        let (id, consumer) = (incoming.event.id, self.consumer.name);
        tracing::error!(%id, consumer, %error, "event is a dead letter");
        match self.nats.bury(&incoming.event, consumer, incoming.attempt, &error.to_string()).await {
            Ok(()) => AckKind::Term,
            Err(error) => {
                tracing::warn!(%id, consumer, %error, "dead letter could not be put aside");
                AckKind::Nak(Some(Duration::from_secs(1)))
            }
        }
    }

    /// Answers and waits until the broker has that. An answer that is lost is a redelivery, which the inbox drops.
    async fn answer(&self, reply: &Subject, answer: AckKind) {
        if let Err(error) = self.nats.client.request(reply.clone(), answer.into()).await {
            tracing::debug!(consumer = self.consumer.name, %error, "the broker did not take an answer");
        }
    }

    /// Tells the broker that this process still works on what is not settled.
    async fn keep(&self, batch: &[Incoming]) {
        loop {
            tokio::time::sleep(self.nats.options.ack_wait / 3).await;
            for incoming in batch.iter().filter(|incoming| !incoming.settled.load(Ordering::Acquire)) {
                if let Err(error) = self.nats.client.publish(incoming.reply.clone(), AckKind::Progress.into()).await {
                    tracing::debug!(consumer = self.consumer.name, %error, "the broker was not told of progress");
                }
            }
        }
    }
}

/// What the broker has now, or the first that comes; at `stop` what has come. Nothing is left in the client, where it would
/// not be known of and its time would run out.
async fn fetch(durable: &PullConsumer, stop: &CancellationToken) -> Result<Vec<Message>, NatsError> {
    let mut messages = Vec::new();
    let asked = durable.fetch().max_messages(BATCH).expires(WAIT).messages().await.map_err(NatsError::new)?;
    tokio::pin!(asked);
    // A broker that died meanwhile does not say that the wait is over, and the client would give it longer.
    let end = Instant::now() + WAIT + Duration::from_secs(1);
    loop {
        let next = tokio::select! {
            next = tokio::time::timeout_at(end, asked.next()) => next,
            () = stop.cancelled() => break,
        };
        let Ok(Some(message)) = next else { break };
        match message {
            Ok(message) => messages.push(message),
            // What came before it is ours to answer for.
            Err(_) if !messages.is_empty() => break,
            Err(error) => return Err(NatsError::new(error)),
        }
    }
    Ok(messages)
}

async fn pause(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stop.cancelled() => {}
    }
}
