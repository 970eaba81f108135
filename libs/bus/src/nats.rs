//! Events between processes, through NATS JetStream.
//!
//! One stream has the events of every service; a consumer is a durable pull consumer of it that all replicas share. Another
//! stream has the dead letters. Both are declared when they are first needed and again when the broker turns out to have
//! lost them. A broker that does not answer stops nothing but deliveries: the connection is made anew in the background.

mod address;
mod envelope;
mod letters;
mod publisher;
mod taker;

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

use super::{Consumer, Courier, PAUSES};

/// Of events, and of those that are delivered again to one consumer.
const EVENTS: &str = "gooseek_events";
const SUBJECTS: &str = "gooseek.>";
const REPLAYS: &str = "gooseek_replay";
/// Of dead letters.
const DEAD: &str = "gooseek_dead";

/// The broker does not answer, or not as it should.
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
    /// Servers of the broker that keep a copy of each stream. Counts when a stream is made; later the operator decides.
    pub replicas: usize,
    /// How long the broker keeps events.
    pub retention: Duration,
    /// How long a publisher waits for the broker: less than an attempt may take, which would count against the event.
    pub patience: Duration,
    /// A taker may take this long for one event.
    pub timeout: Duration,
    /// A taker that is silent for this long is taken for dead, and another one is asked.
    pub ack_wait: Duration,
    /// Pauses after the first, second … failed attempt; after the last the event is a dead letter.
    pub pauses: [Duration; 4],
}

impl NatsOptions {
    /// What a server uses; tests are less patient.
    pub fn new(replicas: usize, retention: Duration) -> Self {
        let timeout = Duration::from_secs(30);
        Self { replicas, retention, patience: timeout / 3, timeout, ack_wait: timeout, pauses: PAUSES }
    }
}

/// A connection to the broker. Cheap to clone.
#[derive(Clone)]
pub struct Nats {
    client: Client,
    context: Context,
    options: NatsOptions,
    declared: Arc<Declared>,
    /// Tells of each loss of the connection.
    losses: watch::Sender<()>,
}

/// Whether the streams are there, as far as we know.
#[derive(Default)]
struct Declared {
    done: AtomicBool,
    one_at_a_time: Mutex<()>,
}

impl Nats {
    /// Connects in the background, and again whenever the connection is lost.
    pub async fn connect(address: &NatsAddress, options: NatsOptions) -> Result<Self, NatsError> {
        let losses = watch::Sender::new(());
        let lost = losses.clone();
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
                    lost.send_replace(());
                }
                async move { tracing::info!(%event, "broker") }
            });
        let client = connect.connect(address.servers()).await.map_err(NatsError::new)?;
        let context = ContextBuilder::new().timeout(Duration::from_secs(5)).build(client.clone());
        Ok(Self { client, context, options, declared: Arc::default(), losses })
    }

    /// Whether there is a connection.
    pub fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The way from an outbox to the broker.
    pub fn courier(&self) -> Arc<dyn Courier> {
        Arc::new(publisher::Publisher::new(self.clone()))
    }

    /// The work of taking events for `consumer`.
    pub fn taking(&self, consumer: Consumer, clock: Clock) -> Task {
        let name = consumer.name;
        let taker = Arc::new(taker::Taker::new(self.clone(), consumer, clock));
        Task::new(name, move |_, stop| {
            let taker = taker.clone();
            async move { taker.run(&stop).await }
        })
    }

    /// Declares the streams unless that was done.
    async fn ready(&self) -> Result<(), NatsError> {
        if self.declared.done.load(Ordering::Acquire) {
            return Ok(());
        }
        let _one = self.declared.one_at_a_time.lock().await;
        if self.declared.done.load(Ordering::Acquire) {
            return Ok(());
        }
        if !self.is_up() {
            return Err(NatsError::new("not connected"));
        }
        self.declare(self.events()).await?;
        self.declare(self.dead()).await?;
        self.declared.done.store(true, Ordering::Release);
        Ok(())
    }

    /// What was declared is not there any more.
    fn lost(&self) {
        self.declared.done.store(false, Ordering::Release);
    }

    fn events(&self) -> stream::Config {
        stream::Config {
            name: EVENTS.to_owned(),
            subjects: vec![SUBJECTS.to_owned(), format!("{REPLAYS}.>")],
            max_age: self.options.retention,
            num_replicas: self.options.replicas,
            ..stream::Config::default()
        }
    }

    /// One letter for each event and consumer, however often it is put there.
    fn dead(&self) -> stream::Config {
        stream::Config {
            name: DEAD.to_owned(),
            subjects: vec![format!("{DEAD}.>")],
            max_messages_per_subject: 1,
            num_replicas: self.options.replicas,
            ..stream::Config::default()
        }
    }

    /// Makes the stream, or changes what is ours to say of one that is there.
    async fn declare(&self, wanted: stream::Config) -> Result<(), NatsError> {
        let found = match self.context.get_stream(&wanted.name).await {
            Ok(found) => found.cached_info().config.clone(),
            Err(error) if is_missing(&error.kind()) => {
                tracing::info!(stream = wanted.name, "declaring");
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

    /// Publishes and waits until the broker has it.
    async fn put(&self, subject: String, headers: HeaderMap, payload: Bytes) -> Result<(), PutError> {
        self.ready().await.map_err(|error| PutError::Unavailable(error.to_string()))?;
        let mut losses = self.losses.subscribe();
        let sending = async { self.context.publish_with_headers(subject, headers, payload).await?.await };
        let sent = tokio::select! {
            sent = sending => sent,
            _ = losses.changed() => return Err(PutError::Unavailable("the connection was lost".to_owned())),
        };
        let Err(error) = sent else { return Ok(()) };
        match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => return Err(PutError::TooLarge(error.to_string())),
            PublishErrorKind::StreamNotFound => self.lost(),
            _ => {}
        }
        Err(PutError::Unavailable(error.to_string()))
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

/// Why the broker did not take a message.
#[derive(Debug, thiserror::Error)]
enum PutError {
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Unavailable(String),
}

impl From<PutError> for NatsError {
    fn from(error: PutError) -> Self {
        Self::new(error)
    }
}
