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

/// How long one round over all followed logs waits for entries. One that is followed from now on is heard after that.
const BLOCK: Duration = Duration::from_millis(50);
/// What an answer may take beyond it, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1);
/// Until a Redis that does not answer is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// Logs of one call, and entries of each: an answer must come within the patience.
const LOGS: usize = 64;
const COUNT: usize = 64;
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
    /// By the name of the log.
    ears: HashMap<String, Vec<Ear>>,
}

#[derive(Debug)]
struct Ear {
    id: u64,
    /// The number of the last entry that it has.
    after: i64,
    heard: mpsc::Sender<Vec<LogEntry>>,
}

/// A followed log; dropped, it is not listened to any more.
#[derive(Debug)]
pub(super) struct Subscription {
    listener: Arc<Listener>,
    key: LogKey,
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

    pub(super) fn skip_to(&self, seq: i64) {
        let mut followed = self.listener.followed();
        let ears = followed.ears.get_mut(&self.key.0).into_iter().flatten();
        for ear in ears.filter(|ear| ear.id == self.id) {
            ear.after = ear.after.max(seq);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut followed = self.listener.followed();
        let Some(ears) = followed.ears.get_mut(&self.key.0) else { return };
        ears.retain(|ear| ear.id != self.id);
        if ears.is_empty() {
            followed.ears.remove(&self.key.0);
        }
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
        followed.ears.entry(key.0.clone()).or_default().push(Ear { id, after, heard: sender });
        drop(followed);
        self.first.notify_one();
        Subscription { listener: self.clone(), key, id, heard }
    }

    /// Names of the followed logs, and the last numbers that somebody has.
    fn places(&self) -> Vec<(String, String)> {
        let followed = self.followed();
        let after = |ears: &[Ear]| ears.iter().map(|ear| ear.after).min().unwrap_or_default();
        followed.ears.iter().map(|(key, ears)| (key.clone(), format!("{}-0", after(ears)))).collect()
    }

    /// Listens to every followed log once; `false` when Redis does not answer.
    async fn round(&self, connection: &mut MultiplexedConnection, places: &[(String, String)]) -> bool {
        let calls = places.len().div_ceil(LOGS);
        for places in places.chunks(LOGS) {
            let block = BLOCK / u32::try_from(calls).unwrap_or(u32::MAX);
            let Some(answer) = read(connection, places, block).await else { return false };
            self.hand_out(&answer);
        }
        true
    }

    fn hand_out(&self, answer: &StreamReadReply) {
        let mut followed = self.followed();
        for stream in &answer.keys {
            let entries: Vec<LogEntry> = stream.ids.iter().filter_map(|id| entry(&id.id, &id.map)).collect();
            for ear in followed.ears.get_mut(&stream.key).into_iter().flatten() {
                let fresh: Vec<LogEntry> = entries.iter().filter(|entry| entry.seq > ear.after).cloned().collect();
                let Some(last) = fresh.last() else { continue };
                ear.after = last.seq;
                // One that is full misses these.
                let _ = ear.heard.try_send(fresh);
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
        let places = listener.places();
        if places.is_empty() {
            let _ = tokio::time::timeout(PAUSE, listener.first.notified()).await;
            continue;
        }
        if connection.is_none() {
            connection = redis.another_connection().await;
        }
        let heard = match &mut connection {
            Some(open) => listener.round(open, &places).await,
            None => false,
        };
        listener.hears.store(heard, Ordering::Relaxed);
        if !heard {
            connection = None;
            drop(listener);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What came after the last numbers, empty after a while; `None` when Redis does not answer.
async fn read(
    connection: &mut MultiplexedConnection,
    places: &[(String, String)],
    block: Duration,
) -> Option<StreamReadReply> {
    let (keys, after): (Vec<&str>, Vec<&str>) = places.iter().map(|(key, after)| (&**key, &**after)).unzip();
    let mut call = redis::cmd("XREAD");
    // Zero would mean for ever.
    call.arg("COUNT").arg(COUNT).arg("BLOCK").arg(block.as_millis().max(1).to_string());
    call.arg("STREAMS").arg(&keys).arg(&after);
    let answer: RedisResult<Option<StreamReadReply>> =
        tokio::time::timeout(block + PATIENCE, call.query_async(connection)).await.ok()?;
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
