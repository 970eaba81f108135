//! Live feeds: entries that one process commits to its database reach readers in other processes at once, without polling
//! the database.
//!
//! With Redis each feed is a stream (`XADD`, `XREAD`) whose ids are the sequence numbers of the entries. It is a copy, kept for a
//! minute: a reader that misses a number, or is not connected, reads the database. So Redis may lose it, be down, or be absent.

mod reader;
mod writer;

use std::sync::Arc;

use reader::{StreamReader, Subscription};
use uuid::Uuid;
use writer::StreamWriter;

use crate::redis::Redis;

/// The name of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeedKey(String);

impl FeedKey {
    /// `kind` starts with the service, e.g. `chat.runs`.
    pub fn new(org: Uuid, kind: &str, id: Uuid) -> Self {
        Self(format!("gooseek/{org}/{kind}/{id}"))
    }
}

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its sequence number, from 1 without a gap.
    pub seq: i64,
    pub kind: String,
    pub data: String,
}

/// The live feeds of all processes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LiveFeeds {
    shared: Option<Shared>,
}

#[derive(Debug, Clone)]
struct Shared {
    writer: StreamWriter,
    reader: Arc<StreamReader>,
}

impl LiveFeeds {
    /// Without Redis: no entry of another process arrives.
    pub fn in_process() -> Self {
        Self::default()
    }

    /// Shared through Redis, over two dedicated connections.
    pub fn redis(redis: Redis) -> Self {
        Self { shared: Some(Shared { writer: StreamWriter::start(redis.clone()), reader: StreamReader::start(redis) }) }
    }

    /// Sends a committed entry to readers in other processes; best effort.
    pub fn append(&self, key: &FeedKey, entry: impl FnOnce() -> FeedEntry) {
        if let Some(shared) = &self.shared {
            shared.writer.send(key.clone(), entry());
        }
    }

    /// Reads the entries after number `after`.
    pub fn follow(&self, key: FeedKey, after: i64) -> Follower {
        Follower { subscription: self.shared.as_ref().map(|shared| shared.reader.subscribe(key, after)) }
    }
}

/// Receives the entries of one feed.
#[derive(Debug)]
pub struct Follower {
    subscription: Option<Subscription>,
}

impl Follower {
    /// Whether entries arrive at the moment.
    pub fn is_connected(&self) -> bool {
        self.subscription.as_ref().is_some_and(Subscription::is_connected)
    }

    /// The next entries in their order; never without Redis.
    pub async fn next(&mut self) -> Vec<FeedEntry> {
        match &mut self.subscription {
            Some(subscription) => subscription.next().await,
            None => std::future::pending().await,
        }
    }

    /// Skips the entries up to `seq`, which were read elsewhere.
    pub fn seek(&self, seq: i64) {
        if let Some(subscription) = &self.subscription {
            subscription.seek(seq);
        }
    }
}
