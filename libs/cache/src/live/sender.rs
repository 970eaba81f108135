//! Carries entries to Redis, over a connection of its own: what waits behind a large entry there is no limit and no cache.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{Pipeline, aio::MultiplexedConnection, streams::StreamMaxlen};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{LogEntry, LogKey};
use crate::redis::Redis;

/// How long a stream outlives its last entry. Who comes later finds everything in the database.
const KEPT: Duration = Duration::from_secs(60);
/// About so many entries of a log are kept.
const LENGTH: usize = 1_000;
/// Bytes on their way to Redis; while there are more, new entries are left out.
const WAITING: usize = 8 * 1024 * 1024;
/// Bytes that are sent in one round trip, about.
const BATCH: usize = 64 * 1024;
/// Nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Until a Redis that does not answer is tried again; what comes meanwhile is left out.
const PAUSE: Duration = Duration::from_millis(500);

type Waiting = (LogKey, LogEntry);

#[derive(Debug, Clone)]
pub(super) struct Sender {
    entries: UnboundedSender<Waiting>,
    bytes: Arc<AtomicUsize>,
}

impl Sender {
    /// Sends for as long as somebody holds it.
    pub(super) fn start(redis: Redis) -> Self {
        let (entries, waiting) = mpsc::unbounded_channel();
        let bytes = Arc::new(AtomicUsize::new(0));
        tokio::spawn(carry(redis, waiting, bytes.clone()));
        Self { entries, bytes }
    }

    pub(super) fn send(&self, key: LogKey, entry: LogEntry) {
        let size = size(&entry);
        if self.bytes.fetch_add(size, Ordering::Relaxed) > WAITING || self.entries.send((key, entry)).is_err() {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
        }
    }
}

fn size(entry: &LogEntry) -> usize {
    entry.kind.len() + entry.data.len() + 128
}

async fn carry(redis: Redis, mut waiting: UnboundedReceiver<Waiting>, bytes: Arc<AtomicUsize>) {
    let mut connection: Option<MultiplexedConnection> = None;
    while let Some(first) = waiting.recv().await {
        let batch = collect(first, &mut waiting, &bytes);
        if connection.is_none() {
            connection = redis.another_connection().await;
        }
        let sent = match &mut connection {
            Some(open) => tokio::time::timeout(PATIENCE, batch.query_async::<()>(open)).await,
            None => Ok(Err(std::io::Error::from(std::io::ErrorKind::NotConnected).into())),
        };
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!("entries of live logs are left out");
            connection = None;
            let _ = tokio::time::timeout(PAUSE, discard(&mut waiting, &bytes)).await;
        }
    }
}

/// The next entries, as many as go in one round trip.
fn collect(first: Waiting, waiting: &mut UnboundedReceiver<Waiting>, bytes: &AtomicUsize) -> Pipeline {
    let mut pipeline = redis::pipe();
    // A number that is there already, written by the one who took this log over, is refused and stays as it is.
    pipeline.ignore_errors();
    let (mut next, mut length) = (Some(first), 0);
    while let Some((key, entry)) = next {
        length += size(&entry);
        add(&mut pipeline, &key, &entry);
        next = (length < BATCH).then(|| waiting.try_recv().ok()).flatten();
    }
    bytes.fetch_sub(length, Ordering::Relaxed);
    pipeline
}

async fn discard(waiting: &mut UnboundedReceiver<Waiting>, bytes: &AtomicUsize) {
    while let Some((_, entry)) = waiting.recv().await {
        bytes.fetch_sub(size(&entry), Ordering::Relaxed);
    }
}

fn add(pipeline: &mut Pipeline, key: &LogKey, entry: &LogEntry) {
    let fields = [(entry.kind.as_str(), entry.data.as_str())];
    pipeline.xadd_maxlen(&key.0, StreamMaxlen::Approx(LENGTH), format!("{}-0", entry.seq), &fields).ignore();
    pipeline.expire(&key.0, KEPT.as_secs().cast_signed()).ignore();
}
