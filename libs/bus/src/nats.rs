//! Events between processes, through NATS JetStream.
//!
//! One stream holds the events of every service; each consumer is a durable pull consumer of it, shared by all replicas. The
//! stream is declared when it is first needed, and again when the broker turns out to have lost it. A broker that does not
//! answer stops nothing but deliveries: the client reconnects in the background.

mod address;
mod consumer_loop;
mod publisher;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use address::NatsAddress;
use async_nats::{
    Client, ConnectOptions, Event, HeaderMap,
    connection::State,
    jetstream::{
        Context,
        context::{ContextBuilder, GetStreamErrorKind, PublishErrorKind},
        stream,
    },
};
use base::{tasks::Task, time::Clock};
use bytes::Bytes;
use tokio::sync::{Mutex, watch};

use super::{Consumer, EventSink, RETRY_DELAYS};

const STREAM: &str = "gooseek_events";
const SUBJECTS: &str = "gooseek.>";

/// The broker does not answer, or not as expected.
#[derive(Debug, thiserror::Error)]
#[error("broker: {0}")]
pub struct NatsError(String);

impl NatsError {
    fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// How the broker is used.
#[derive(Debug, Clone, Copy)]
pub struct NatsOptions {
    /// Servers of the broker that keep a copy of the stream. Applies when the stream is created; later the operator decides.
    pub replicas: usize,
    /// How long the broker keeps events.
    pub retention: Duration,
    /// How long a publisher waits for the broker: less than a delivery may take, since a timeout there counts as an attempt.
    pub publish_timeout: Duration,
    /// How long a consumer may take for one event.
    pub handle_timeout: Duration,
    /// An event whose consumer sends nothing for this long is delivered again, to any replica.
    pub ack_wait: Duration,
    /// Delays after the first, second … failed attempt; after the last the event becomes a dead letter.
    pub retry_delays: [Duration; 4],
}

impl NatsOptions {
    /// What a server uses; tests have shorter times.
    pub fn new(replicas: usize, retention: Duration) -> Self {
        let timeout = Duration::from_secs(30);
        Self {
            replicas,
            retention,
            publish_timeout: timeout / 3,
            handle_timeout: timeout,
            ack_wait: timeout,
            retry_delays: RETRY_DELAYS,
        }
    }
}

/// A connection to the broker. Cheap to clone.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    context: Context,
    options: NatsOptions,
    declared: Arc<Declared>,
    /// Changes whenever the connection is lost.
    disconnects: watch::Sender<()>,
}

/// Whether the stream exists, as far as we know.
#[derive(Default)]
struct Declared {
    done: AtomicBool,
    declaring: Mutex<()>,
}

impl Nats {
    /// Connects in the background, and reconnects whenever the connection is lost.
    pub async fn connect(address: &NatsAddress, options: NatsOptions) -> Result<Self, NatsError> {
        let disconnects = watch::Sender::new(());
        let disconnected = disconnects.clone();
        let connect = address
            .sign_in(ConnectOptions::new())
            .name("gooseek")
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempts| Duration::from_millis(100 * attempts.min(20) as u64))
            .connection_timeout(Duration::from_secs(5))
            .ping_interval(Duration::from_secs(5))
            .event_callback(move |event| {
                if let Event::Disconnected = event {
                    disconnected.send_replace(());
                }
                async move { tracing::info!(%event, "connection to the broker changed") }
            });
        let client = connect.connect(address.servers()).await.map_err(NatsError::new)?;
        let context = ContextBuilder::new().timeout(Duration::from_secs(5)).build(client.clone());
        Ok(Self { client, context, options, declared: Arc::default(), disconnects })
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Delivers from an outbox to the broker.
    pub fn sink(&self) -> Arc<dyn EventSink> {
        Arc::new(publisher::Publisher::new(self.clone()))
    }

    /// The task that receives events for `consumer` and handles them.
    pub fn consumer_task(&self, consumer: Consumer, clock: Clock) -> Task {
        let name = consumer.name;
        let consumer = Arc::new(consumer_loop::ConsumerLoop::new(self.clone(), consumer, clock));
        Task::new(name, move |_, stop| {
            let consumer = consumer.clone();
            async move { consumer.run(&stop).await }
        })
    }

    /// Declares the stream unless that was done.
    async fn ready(&self) -> Result<(), NatsError> {
        if self.declared.done.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one_at_a_time = self.declared.declaring.lock().await;
        if self.declared.done.load(Ordering::Acquire) {
            return Ok(());
        }
        if !self.is_up() {
            return Err(NatsError::new("not connected"));
        }
        self.declare_stream().await?;
        self.declared.done.store(true, Ordering::Release);
        Ok(())
    }

    /// Makes the next user of the stream declare it again: the broker has lost it.
    fn undeclare(&self) {
        self.declared.done.store(false, Ordering::Release);
    }

    /// Creates the stream, or changes what this program decides about one that exists.
    async fn declare_stream(&self) -> Result<(), NatsError> {
        let wanted = stream::Config {
            name: STREAM.to_owned(),
            subjects: vec![SUBJECTS.to_owned()],
            max_age: self.options.retention,
            num_replicas: self.options.replicas,
            ..stream::Config::default()
        };
        let found = match self.context.get_stream(STREAM).await {
            Ok(found) => found.cached_info().config.clone(),
            Err(error) if is_missing(&error.kind()) => {
                tracing::info!(stream = STREAM, "creating the stream");
                return self.context.create_stream(wanted).await.map(drop).map_err(NatsError::new);
            }
            Err(error) => return Err(NatsError::new(error)),
        };
        if found.subjects == wanted.subjects && found.max_age == wanted.max_age {
            return Ok(());
        }
        let changed = stream::Config { subjects: wanted.subjects, max_age: wanted.max_age, ..found };
        self.context.update_stream(changed).await.map(drop).map_err(NatsError::new)
    }

    /// Publishes and waits until the broker has acknowledged.
    async fn publish(&self, subject: String, headers: HeaderMap, payload: Bytes) -> Result<(), PublishError> {
        self.ready().await.map_err(|error| PublishError::Unavailable(error.to_string()))?;
        let mut disconnects = self.disconnects.subscribe();
        let sending = async { self.context.publish_with_headers(subject, headers, payload).await?.await };
        let sent = tokio::select! {
            sent = sending => sent,
            _ = disconnects.changed() => return Err(PublishError::Unavailable("the connection was lost".to_owned())),
        };
        let Err(error) = sent else { return Ok(()) };
        match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => return Err(PublishError::TooLarge(error.to_string())),
            PublishErrorKind::StreamNotFound => self.undeclare(),
            _ => {}
        }
        Err(PublishError::Unavailable(error.to_string()))
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats").field("options", &self.options).finish_non_exhaustive()
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    use async_nats::jetstream::ErrorCode;
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Why the broker did not accept a message.
#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Unavailable(String),
}
