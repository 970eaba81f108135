//! Listens to every followed log over one connection of its own, since a call that waits holds up all others of its connection.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{RedisResult, Value, aio::MultiplexedConnection, streams::StreamReadReply};
use tokio::sync::{Notify, mpsc};

use super::{LogEntry, LogKey};
use crate::redis::Redis;

/// How long one call waits for entries. A log that is followed from now on is heard after so long at most.
const BLOCK: Duration = Duration::from_millis(50);
/// What the answer may take beyond it, on a busy machine.
const PATIENCE: Duration = Duration::from_millis(500);
/// Until a Redis that does not answer is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// Entries of one log in one answer.
const COUNT: usize = 256;
/// Answers that wait for a follower; one that is slower misses some, and sees that by their numbers.
const WAITING: usize = 64;

/// The one who listens for this process.
#[derive(Debug)]
pub(super) struct Listener {
    followed: Mutex<Followed>,
    first: Notify,
    hears: AtomicBool,
}

#[derive(Debug, Default)]
struct Followed {
    next: u64,
    logs: HashMap<u64, Log>,
}

#[derive(Debug)]
struct Log {
    key: LogKey,
    /// The number of the last entry that was heard.
    after: i64,
    heard: mpsc::Sender<Vec<LogEntry>>,
}

/// A followed log; dropped, it is not listened to any more.
#[derive(Debug)]
pub(super) struct Subscription {
    listener: Arc<Listener>,
    id: u64,
    heard: mpsc::Receiver<Vec<LogEntry>>,
}

impl Subscription {
    pub(super) fn is_heard(&self) -> bool {
        self.listener.hears.load(Ordering::Relaxed)
    }

    pub(super) async fn next(&mut self) -> Vec<LogEntry> {
        match self.heard.recv().await {
            Some(entries) => entries,
            // The listener lives as long as self, and with it the sender.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.listener.followed().logs.remove(&self.id);
    }
}

impl Listener {
    pub(super) fn start(redis: Redis) -> Arc<Self> {
        let listener =
            Arc::new(Self { followed: Mutex::default(), first: Notify::new(), hears: AtomicBool::new(false) });
        tokio::spawn(listen(redis, Arc::downgrade(&listener)));
        listener
    }

    pub(super) fn subscribe(self: &Arc<Self>, key: LogKey, after: i64) -> Subscription {
        let (sender, heard) = mpsc::channel(WAITING);
        let mut followed = self.followed();
        let id = followed.next;
        followed.next += 1;
        followed.logs.insert(id, Log { key, after, heard: sender });
        drop(followed);
        self.first.notify_one();
        Subscription { listener: self.clone(), id, heard }
    }

    /// Names and last numbers of what is followed.
    fn places(&self) -> (Vec<String>, Vec<String>) {
        let followed = self.followed();
        followed.logs.values().map(|log| (log.key.0.clone(), format!("{}-0", log.after))).unzip()
    }

    fn hand_out(&self, answer: &StreamReadReply) {
        let mut followed = self.followed();
        for stream in &answer.keys {
            let entries: Vec<LogEntry> = stream.ids.iter().filter_map(|id| entry(&id.id, &id.map)).collect();
            let followers = followed.logs.values_mut().filter(|log| log.key.0 == stream.key);
            for log in followers {
                let fresh: Vec<LogEntry> = entries.iter().filter(|entry| entry.seq > log.after).cloned().collect();
                let Some(last) = fresh.last() else { continue };
                log.after = last.seq;
                // One that is full misses these.
                let _ = log.heard.try_send(fresh);
            }
        }
    }

    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens for as long as there is a listener.
async fn listen(redis: Redis, listener: Weak<Listener>) {
    let mut connection: Option<MultiplexedConnection> = None;
    while let Some(listener) = listener.upgrade() {
        let (keys, after) = listener.places();
        if keys.is_empty() {
            let _ = tokio::time::timeout(PAUSE, listener.first.notified()).await;
            continue;
        }
        if connection.is_none() {
            connection = redis.another_connection().await;
        }
        let answer = match &mut connection {
            Some(open) => read(open, &keys, &after).await,
            None => None,
        };
        listener.hears.store(answer.is_some(), Ordering::Relaxed);
        match answer {
            Some(answer) => listener.hand_out(&answer),
            None => {
                connection = None;
                drop(listener);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// What came after the last numbers, empty after a while; `None` when Redis does not answer.
async fn read(connection: &mut MultiplexedConnection, keys: &[String], after: &[String]) -> Option<StreamReadReply> {
    let mut call = redis::cmd("XREAD");
    call.arg("COUNT").arg(COUNT).arg("BLOCK").arg(BLOCK.as_millis().to_string());
    call.arg("STREAMS").arg(keys).arg(after);
    let answer: RedisResult<Option<StreamReadReply>> =
        tokio::time::timeout(BLOCK + PATIENCE, call.query_async(connection)).await.ok()?;
    match answer {
        Ok(answer) => Some(answer.unwrap_or_default()),
        Err(error) => {
            tracing::debug!(%error, "logs of other processes are not heard");
            None
        }
    }
}

/// An entry as it was appended; `None` for anything else.
fn entry(id: &str, fields: &HashMap<String, Value>) -> Option<LogEntry> {
    let seq = id.strip_suffix("-0")?.parse().ok()?;
    let (kind, data) = fields.iter().next()?;
    let data = redis::from_redis_value_ref(data).ok()?;
    Some(LogEntry { seq, kind: kind.clone(), data })
}
