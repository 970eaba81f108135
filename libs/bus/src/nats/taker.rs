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
use uuid::Uuid;

use super::{
    super::{Consumer, CourierError, Event, LetterKey, retry},
    EVENTS, Nats, NatsError, REPLAYS,
    envelope::{self, Known, Unreadable},
    letters::Burial,
};

/// Before another attempt at what failed for no fault of the event.
const SOON: AckKind = AckKind::Nak(Some(Duration::from_secs(1)));
/// Between two looks whether there is a connection again.
const RECONNECTED: Duration = Duration::from_millis(100);
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
            self.connection(stop).await;
            let messages = pull::pull(&self.nats, &durable, stop).await?;
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

    /// The name of the durable consumer, which is as it was or made anew.
    async fn declare(&self) -> Result<String, NatsError> {
        self.nats.ready().await?;
        let name = self.consumer.name;
        // Names of consumers may not have dots on the broker.
        let durable = name.replace('.', "_");
        let config = consumer::pull::Config {
            durable_name: Some(durable.clone()),
            filter_subjects: vec![self.consumer.subject.to_owned(), format!("{REPLAYS}.{name}")],
            ack_policy: AckPolicy::Explicit,
            ack_wait: self.nats.options.ack_wait,
            // We count ourselves, because what was tried too often is not to be lost.
            max_deliver: -1,
            max_ack_pending: UNSETTLED,
            ..consumer::pull::Config::default()
        };
        self.nats.context.create_consumer_on_stream(config, EVENTS).await.map_err(NatsError::new)?;
        Ok(durable)
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

    /// Waits until the broker is there to be asked.
    async fn connection(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() && !self.nats.is_up() {
            pause(RECONNECTED, stop).await;
        }
    }

    /// The event of a message. What is none is answered at once.
    async fn open(&self, message: &Message) -> Option<Incoming> {
        let reply = message.reply.clone()?;
        let info = message.info().ok()?;
        let answer = match envelope::dropped(message.headers.as_ref()) {
            Some(dropped) => self.pass_over(dropped).await,
            None => match envelope::event(message.headers.as_ref(), &message.payload) {
                Ok(event) => {
                    return Some(Incoming { event, reply, attempt: info.delivered, settled: AtomicBool::default() });
                }
                Err(cause) => self.park(message, &info, cause).await,
            },
        };
        self.answer(&reply, answer).await;
        None
    }

    /// Remembers what the operator gave up.
    async fn pass_over(&self, event: Uuid) -> AckKind {
        match self.consumer.pass_over(&self.clock, event).await {
            Ok(()) => AckKind::Ack,
            Err(error) => {
                tracing::warn!(consumer = self.consumer.name, %error, "a dropped event cannot be remembered yet");
                SOON
            }
        }
    }

    /// Puts aside what cannot be read: it may be of a newer program, which can be given it again.
    async fn park(&self, message: &Message, info: &Info<'_>, cause: Unreadable) -> AckKind {
        let headers = message.headers.as_ref();
        // Those that speak to the broker would speak again.
        let mut headers =
            headers.map_or_else(HeaderMap::new, |all| envelope::copied(all, |name| !name.starts_with("Nats-")));
        let known = envelope::complete(&mut headers, seen(message, info));
        match self.consumer.has_taken(known.id).await {
            Ok(true) => return AckKind::Ack,
            Ok(false) => {}
            Err(_) => return SOON,
        }
        retry::count(self.consumer.name, &Err(CourierError::Poison(cause.to_string())));
        let key = LetterKey { id: known.id, consumer: self.consumer.name.to_owned() };
        let (payload, attempts) = (message.payload.clone(), info.delivered);
        self.put_aside(Burial { key, org: known.org, headers, payload, attempts, reason: cause.to_string() }).await
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
            CourierError::Unavailable(_) => return SOON,
            CourierError::Poison(_) => None,
            _ => retry::pause(&self.nats.options.pauses, incoming.attempt),
        };
        if let Some(pause) = pause {
            return AckKind::Nak(Some(pause));
        }
        let event = &incoming.event;
        let burial = Burial {
            key: LetterKey { id: event.id, consumer: self.consumer.name.to_owned() },
            org: Some(event.org),
            headers: envelope::headers(event, None),
            payload: event.payload.clone(),
            attempts: incoming.attempt,
            reason: error.to_string(),
        };
        self.put_aside(burial).await
    }

    /// Makes a dead letter.
    async fn put_aside(&self, burial: Burial) -> AckKind {
        let (id, consumer) = (burial.key.id, self.consumer.name);
        tracing::error!(%id, consumer, error = burial.reason, "event is a dead letter");
        // Letters belong to the service that tells of such things.
        let service = self.consumer.subject.split('.').nth(1).unwrap_or_default();
        match self.nats.bury(service, burial).await {
            Ok(()) => AckKind::Term,
            Err(error) => {
                tracing::warn!(%id, consumer, %error, "dead letter could not be put aside");
                SOON
            }
        }
    }

    /// Answers and waits until the broker has that. An answer that is lost is a redelivery, which the inbox drops.
    async fn answer(&self, reply: &Subject, answer: AckKind) {
        let mut losses = self.nats.losses.subscribe();
        let answered = tokio::select! {
            answered = self.nats.client.request(reply.clone(), answer.into()) => answered.map_err(NatsError::new),
            _ = losses.changed() => Err(NatsError::new("the connection was lost")),
        };
        if let Err(error) = answered {
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

/// What the broker itself knows of a message. The id is the same whenever the message comes.
fn seen(message: &Message, info: &Info<'_>) -> Known {
    let published = info.published.unix_timestamp_nanos();
    let occurred_at = DateTime::from_timestamp_nanos(i64::try_from(published).unwrap_or_default());
    let mut rest = [0; 10];
    rest[2..].copy_from_slice(&info.stream_sequence.to_be_bytes());
    let milliseconds = u64::try_from(occurred_at.timestamp_millis()).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &rest).into_uuid();
    Known { id, subject: message.subject.to_string(), org: None, occurred_at }
}

async fn pause(length: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stop.cancelled() => {}
    }
}
