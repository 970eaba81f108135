//! Writes entries to Redis over a dedicated connection, so that a large entry does not delay calls of limits and caches.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{Pipeline, aio::MultiplexedConnection, streams::StreamMaxlen};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{FeedEntry, FeedKey};
use crate::redis::Redis;

/// How long a stream outlives its last entry. A later reader finds everything in the database.
const STREAM_TTL: Duration = Duration::from_secs(60);
/// About so many entries of a feed are kept.
const STREAM_LIMIT: usize = 1_000;
/// Bytes buffered for Redis; while there are more, new entries are dropped.
const MAX_BUFFERED: usize = 8 * 1024 * 1024;
/// Bytes sent in one round trip, about.
const BATCH_SIZE: usize = 64 * 1024;
/// No user waits for it.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);
/// Before a Redis that does not answer is tried again; entries that come meanwhile are dropped.
const RETRY_DELAY: Duration = Duration::from_millis(500);

type Buffered = (FeedKey, FeedEntry);

#[derive(Debug, Clone)]
pub(super) struct StreamWriter {
    entries: UnboundedSender<Buffered>,
    bytes: Arc<AtomicUsize>,
}

impl StreamWriter {
    /// Writes for as long as it exists.
    pub(super) fn start(redis: Redis) -> Self {
        let (entries, buffered) = mpsc::unbounded_channel();
        let bytes = Arc::new(AtomicUsize::new(0));
        tokio::spawn(run(redis, buffered, bytes.clone()));
        Self { entries, bytes }
    }

    pub(super) fn send(&self, key: FeedKey, entry: FeedEntry) {
        let size = size(&entry);
        if self.bytes.fetch_add(size, Ordering::Relaxed) > MAX_BUFFERED || self.entries.send((key, entry)).is_err() {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
        }
    }
}

fn size(entry: &FeedEntry) -> usize {
    entry.kind.len() + entry.data.len() + 128
}

async fn run(redis: Redis, mut buffered: UnboundedReceiver<Buffered>, bytes: Arc<AtomicUsize>) {
    let mut connection: Option<MultiplexedConnection> = None;
    while let Some(first) = buffered.recv().await {
        let batch = collect(first, &mut buffered, &bytes);
        if connection.is_none() {
            connection = redis.dedicated_connection().await;
        }
        let sent = match &mut connection {
            Some(open) => tokio::time::timeout(SEND_TIMEOUT, batch.query_async::<()>(open)).await,
            None => Ok(Err(std::io::Error::from(std::io::ErrorKind::NotConnected).into())),
        };
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!("failed to write to live feeds; entries are dropped");
            connection = None;
            let _ = tokio::time::timeout(RETRY_DELAY, discard(&mut buffered, &bytes)).await;
        }
    }
}

/// The next entries, as many as go in one round trip.
fn collect(first: Buffered, buffered: &mut UnboundedReceiver<Buffered>, bytes: &AtomicUsize) -> Pipeline {
    let mut pipeline = redis::pipe();
    // A number that exists, written by the process that took this feed over, is refused and stays as it is.
    pipeline.ignore_errors();
    let (mut next, mut length) = (Some(first), 0);
    while let Some((key, entry)) = next {
        length += size(&entry);
        add(&mut pipeline, &key, &entry);
        next = (length < BATCH_SIZE).then(|| buffered.try_recv().ok()).flatten();
    }
    bytes.fetch_sub(length, Ordering::Relaxed);
    pipeline
}

async fn discard(buffered: &mut UnboundedReceiver<Buffered>, bytes: &AtomicUsize) {
    while let Some((_, entry)) = buffered.recv().await {
        bytes.fetch_sub(size(&entry), Ordering::Relaxed);
    }
}

fn add(pipeline: &mut Pipeline, key: &FeedKey, entry: &FeedEntry) {
    let fields = [(entry.kind.as_str(), entry.data.as_str())];
    pipeline.xadd_maxlen(&key.0, StreamMaxlen::Approx(STREAM_LIMIT), format!("{}-0", entry.seq), &fields).ignore();
    pipeline.expire(&key.0, STREAM_TTL.as_secs().cast_signed()).ignore();
}
