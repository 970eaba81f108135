//! The live log: what one process writes into its database, other processes see at once, without asking the database for it.
//!
//! With Redis each log is a stream (`XADD`, `XREAD`) whose ids are the numbers of its entries. It is a copy for a minute of
//! what is committed elsewhere: whoever finds a number missing, or hears nothing, looks where it is kept. So Redis may
//! forget, be away, or never have been there.

mod listener;

use std::{sync::Arc, time::Duration};

use listener::{Listener, Subscription};
use redis::{Pipeline, streams::StreamMaxlen};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::redis::Redis;

/// How long a stream outlives its last entry. Who comes later finds everything in the database.
const KEPT: Duration = Duration::from_secs(60);
/// About so many entries of a log are kept.
const LENGTH: usize = 1_000;
/// Entries on their way to Redis; while there are more, new ones are left out.
const WAITING: usize = 4_096;
/// Entries that are sent in one round trip.
const BATCH: usize = 256;

/// The name of a log: whose, of what kind, which.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogKey(String);

impl LogKey {
    /// `kind` starts with the service, e.g. `chat.runs`.
    pub fn new(org: Uuid, kind: &str, id: Uuid) -> Self {
        Self(format!("gooseek/{org}/{kind}/{id}"))
    }
}

/// One entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number, from 1 without a gap.
    pub seq: i64,
    pub kind: String,
    pub data: String,
}

/// The live logs of all processes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LiveLog {
    shared: Option<Shared>,
}

#[derive(Debug, Clone)]
struct Shared {
    entries: mpsc::Sender<(LogKey, LogEntry)>,
    listener: Arc<Listener>,
}

impl LiveLog {
    /// Nothing is heard of other processes.
    pub fn in_process() -> Self {
        Self::default()
    }

    /// Shared through Redis.
    pub fn redis(redis: Redis) -> Self {
        let (entries, waiting) = mpsc::channel(WAITING);
        tokio::spawn(send(redis.clone(), waiting));
        Self { shared: Some(Shared { entries, listener: Listener::start(redis) }) }
    }

    /// Shows a committed entry to other processes, some time soon or not at all.
    pub fn append(&self, key: &LogKey, entry: impl FnOnce() -> LogEntry) {
        if let Some(shared) = &self.shared
            && let Ok(place) = shared.entries.try_reserve()
        {
            place.send((key.clone(), entry()));
        }
    }

    /// Listens to the entries after number `after`.
    pub fn follow(&self, key: LogKey, after: i64) -> Follower {
        Follower { heard: self.shared.as_ref().map(|shared| shared.listener.subscribe(key, after)) }
    }
}

/// Hears what is appended to one log.
#[derive(Debug)]
pub struct Follower {
    heard: Option<Subscription>,
}

impl Follower {
    /// Whether entries are heard at the moment.
    pub fn hears(&self) -> bool {
        self.heard.as_ref().is_some_and(Subscription::is_heard)
    }

    /// The next entries in their order; never without Redis.
    pub async fn next(&mut self) -> Vec<LogEntry> {
        match &mut self.heard {
            Some(heard) => heard.next().await,
            None => std::future::pending().await,
        }
    }
}

/// Carries entries to Redis for as long as there is a [`LiveLog`].
async fn send(redis: Redis, mut waiting: mpsc::Receiver<(LogKey, LogEntry)>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let mut pipeline = redis::pipe();
        // A number that is there already, written by the one who took this log over, is refused and stays as it is.
        pipeline.ignore_errors();
        for (key, entry) in batch.drain(..) {
            add(&mut pipeline, &key, &entry);
        }
        let _: Option<()> =
            redis.ask(|mut connection| async move { pipeline.query_async::<()>(&mut connection).await }).await;
    }
}

fn add(pipeline: &mut Pipeline, key: &LogKey, entry: &LogEntry) {
    let fields = [(entry.kind.as_str(), entry.data.as_str())];
    pipeline.xadd_maxlen(&key.0, StreamMaxlen::Approx(LENGTH), format!("{}-0", entry.seq), &fields).ignore();
    pipeline.expire(&key.0, KEPT.as_secs().cast_signed()).ignore();
}
