//! The live log: what one process writes into its database, other processes see at once, without asking the database for it.
//!
//! With Redis each log is a stream (`XADD`, `XREAD`) whose ids are the numbers of its entries. It is a copy for a minute of
//! what is committed elsewhere: whoever finds a number missing, or hears nothing, looks where it is kept. So Redis may
//! forget, be away, or never have been there.

mod listener;
mod sender;

use std::sync::Arc;

use listener::{Listener, Subscription};
use sender::Sender;
use uuid::Uuid;

use crate::redis::Redis;

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
    sender: Sender,
    listener: Arc<Listener>,
}

impl LiveLog {
    /// Nothing is heard of other processes.
    pub fn in_process() -> Self {
        Self::default()
    }

    /// Shared through Redis, over two connections of its own.
    pub fn redis(redis: Redis) -> Self {
        Self { shared: Some(Shared { sender: Sender::start(redis.clone()), listener: Listener::start(redis) }) }
    }

    /// Shows a committed entry to other processes, some time soon or not at all.
    pub fn append(&self, key: &LogKey, entry: impl FnOnce() -> LogEntry) {
        if let Some(shared) = &self.shared {
            shared.sender.send(key.clone(), entry());
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

    /// Leaves out the entries up to `seq`, which were found elsewhere.
    pub fn skip_to(&self, seq: i64) {
        if let Some(heard) = &self.heard {
            heard.skip_to(seq);
        }
    }
}
