//! From the broker to a consumer.

mod pull;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_nats::{
    HeaderMap, Subject,
    jetstream::{
        AckKind, Message,
        consumer::{self, AckPolicy},
        message::Info,
    },
};
use base::time::Clock;
use chrono::DateTime;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        Consumer, DeliveryError, EventRecord,
        dead_letters::NewDeadLetter,
        envelope::{self, EnvelopeError, PartialEnvelope},
        retry,
    },
    Nats, NatsError, STREAM,
};

/// The answer to a message that could not be handled for reasons other than the event itself.
const NAK_RETRY_SOON: AckKind = AckKind::Nak(Some(Duration::from_secs(1)));
/// Before another attempt when the broker or the database does not answer.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Between two checks whether the connection is back.
const RECONNECT_POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Messages that replicas hold or that wait for another attempt; with more failing ones than this, the others wait too.
const MAX_ACK_PENDING: i64 = 50_000;

/// Receives the events of one consumer and handles them. Replicas share the work.
pub(super) struct ConsumerLoop {
    nats: Nats,
    consumer: Consumer,
    clock: Clock,
}

/// A received event that must be acknowledged.
struct Incoming {
    event: EventRecord,
    /// Where acknowledgements go.
    reply: Subject,
    /// Counted from one.
    attempt: i64,
    acknowledged: AtomicBool,
}

impl ConsumerLoop {
    pub(super) fn new(nats: Nats, consumer: Consumer, clock: Clock) -> Self {
        Self { nats, consumer, clock }
    }

    /// Receives and handles events until `stop`.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let Err(error) = self.run_connected(stop).await else { return };
            tracing::warn!(consumer = self.consumer.name, %error, "failed to receive events; it will be retried");
            self.nats.undeclare();
            sleep(RETRY_DELAY, stop).await;
        }
    }

    async fn run_connected(&self, stop: &CancellationToken) -> Result<(), NatsError> {
        let durable = self.declare().await?;
        while !stop.is_cancelled() {
            self.wait_for_database(stop).await;
            self.wait_for_connection(stop).await;
            let messages = pull::pull(&self.nats, &durable, stop).await?;
            let mut incoming = Vec::with_capacity(messages.len());
            for message in &messages {
                incoming.extend(self.open(message).await);
            }
            tokio::select! {
                () = self.process(&incoming, stop) => {}
                () = self.send_in_progress(&incoming) => {}
            }
        }
        Ok(())
    }

    /// Creates the durable consumer unless it exists; returns its name.
    async fn declare(&self) -> Result<String, NatsError> {
        self.nats.ready().await?;
        // Names of consumers may not have dots on the broker.
        let durable = self.consumer.name.replace('.', "_");
        let config = consumer::pull::Config {
            durable_name: Some(durable.clone()),
            filter_subject: self.consumer.subjects.to_string(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.nats.options.ack_wait,
            // Attempts are counted here: the broker would drop an event after the last.
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            ..consumer::pull::Config::default()
        };
        self.nats.context.create_consumer_on_stream(config, STREAM).await.map_err(NatsError::new)?;
        Ok(durable)
    }

    /// An unreachable database costs the events no attempt: none is received until it answers.
    async fn wait_for_database(&self, stop: &CancellationToken) {
        while !stop.is_cancelled()
            && let Err(error) = self.consumer.db.ping().await
        {
            tracing::warn!(consumer = self.consumer.name, %error, "database unavailable; events wait");
            sleep(RETRY_DELAY, stop).await;
        }
    }

    async fn wait_for_connection(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() && !self.nats.is_up() {
            sleep(RECONNECT_POLL_INTERVAL, stop).await;
        }
    }

    /// The event of a message. A message that is none is acknowledged here.
    async fn open(&self, message: &Message) -> Option<Incoming> {
        let reply = message.reply.clone()?;
        let info = message.info().ok()?;
        let headers = message.headers.as_ref().cloned().unwrap_or_default();
        match envelope::event(&headers, &message.payload) {
            Ok(event) => Some(Incoming { event, reply, attempt: info.delivered, acknowledged: AtomicBool::default() }),
            Err(cause) => {
                let answer = self.dead_letter_unreadable(message, &headers, &info, &cause).await;
                self.acknowledge(&reply, answer).await;
                None
            }
        }
    }

    /// Stores a message that cannot be read: a newer program may read it later.
    async fn dead_letter_unreadable(
        &self,
        message: &Message,
        headers: &HeaderMap,
        info: &Info<'_>,
        cause: &EnvelopeError,
    ) -> AckKind {
        retry::count(self.consumer.name, false);
        let known = from_broker_metadata(message, info).completed_by(headers);
        let letter = NewDeadLetter {
            event_id: known.id,
            subject: known.subject,
            org: known.org,
            headers: envelope::to_json(headers),
            payload: message.payload.clone(),
            attempts: info.delivered,
            reason: cause.to_string(),
            occurred_at: known.occurred_at,
        };
        self.dead_letter(letter).await
    }

    /// Handles a batch in one transaction if all goes well, else one by one, so that a failing event affects no other.
    async fn process(&self, batch: &[Incoming], stop: &CancellationToken) {
        let events: Vec<EventRecord> = batch.iter().map(|incoming| incoming.event.clone()).collect();
        if batch.len() > 1 && self.attempt(&events).await.is_ok() {
            for incoming in batch {
                retry::count(self.consumer.name, true);
                incoming.acknowledged.store(true, Ordering::Release);
            }
            join_all(batch.iter().map(|incoming| self.acknowledge(&incoming.reply, AckKind::Ack))).await;
            return;
        }
        for incoming in batch {
            self.wait_for_database(stop).await;
            // After `stop` the rest is handed back, so that another replica gets it at once.
            let answer = if stop.is_cancelled() { AckKind::Nak(None) } else { self.process_one(incoming).await };
            incoming.acknowledged.store(true, Ordering::Release);
            self.acknowledge(&incoming.reply, answer).await;
        }
    }

    async fn process_one(&self, incoming: &Incoming) -> AckKind {
        let outcome = self.attempt(std::slice::from_ref(&incoming.event)).await;
        retry::count(self.consumer.name, outcome.is_ok());
        let Err(error) = outcome else { return AckKind::Ack };
        let delay = match error {
            DeliveryError::Unavailable(_) => return NAK_RETRY_SOON,
            DeliveryError::Retry(_) => retry::delay(&self.nats.options.retry_delays, incoming.attempt),
            DeliveryError::Poison(_) => None,
        };
        match delay {
            Some(delay) => AckKind::Nak(Some(delay)),
            None => {
                let reason = error.to_string();
                self.dead_letter(NewDeadLetter::new(&incoming.event, incoming.attempt, &reason)).await
            }
        }
    }

    async fn attempt(&self, events: &[EventRecord]) -> Result<(), DeliveryError> {
        retry::attempt(self.nats.options.handle_timeout, self.consumer.process(&self.clock, events)).await
    }

    async fn dead_letter(&self, letter: NewDeadLetter) -> AckKind {
        let id = letter.event_id;
        match self.consumer.dead_letter(&self.clock, letter).await {
            Ok(()) => AckKind::Term,
            Err(error) => {
                tracing::warn!(%id, consumer = self.consumer.name, %error, "failed to store dead letter; the event comes again");
                NAK_RETRY_SOON
            }
        }
    }

    /// Acknowledges and waits until the broker has received that. After a lost acknowledgement the event comes again, and the
    /// inbox drops it.
    async fn acknowledge(&self, reply: &Subject, answer: AckKind) {
        let mut disconnects = self.nats.disconnects.subscribe();
        let acknowledged = tokio::select! {
            answered = self.nats.client.request(reply.clone(), answer.into()) => answered.map_err(NatsError::new),
            _ = disconnects.changed() => Err(NatsError::new("the connection was lost")),
        };
        if let Err(error) = acknowledged {
            tracing::debug!(consumer = self.consumer.name, %error, "failed to acknowledge; the event comes again");
        }
    }

    /// Tells the broker that this process still works on what is not acknowledged.
    async fn send_in_progress(&self, batch: &[Incoming]) {
        loop {
            tokio::time::sleep(self.nats.options.ack_wait / 3).await;
            for incoming in batch.iter().filter(|incoming| !incoming.acknowledged.load(Ordering::Acquire)) {
                if let Err(error) = self.nats.client.publish(incoming.reply.clone(), AckKind::Progress.into()).await {
                    tracing::debug!(consumer = self.consumer.name, %error, "failed to report progress; the event may come again");
                }
            }
        }
    }
}

/// What the broker itself knows of a message. The id is the same at each redelivery.
fn from_broker_metadata(message: &Message, info: &Info<'_>) -> PartialEnvelope {
    let published = info.published.unix_timestamp_nanos();
    let occurred_at = DateTime::from_timestamp_nanos(i64::try_from(published).unwrap_or_default());
    let mut rest = [0; 10];
    rest[2..].copy_from_slice(&info.stream_sequence.to_be_bytes());
    let milliseconds = u64::try_from(occurred_at.timestamp_millis()).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &rest).into_uuid();
    PartialEnvelope { id, subject: message.subject.to_string(), org: None, occurred_at }
}

async fn sleep(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stop.cancelled() => {}
    }
}
