//! Reads every followed feed over one dedicated connection, since a blocking call holds up all others of its connection.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{RedisResult, Value, aio::MultiplexedConnection, streams::StreamReadReply};
use tokio::{
    sync::{Notify, mpsc},
    task::AbortHandle,
};

use super::{FeedEntry, FeedKey};
use crate::redis::Redis;

/// How long one pass over all followed feeds waits for entries. A feed followed from now on is read after that.
const BLOCK_TIMEOUT: Duration = Duration::from_millis(50);
/// What an answer may take beyond it, on a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Before a Redis that does not answer is tried again.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// Feeds of one call, and entries of each: an answer must come within its timeout.
const FEEDS_PER_CALL: usize = 64;
const ENTRIES_PER_FEED: usize = 64;
/// Answers buffered for a follower; a slower one misses some, and sees that by their numbers.
const MAX_BUFFERED: usize = 64;

/// The reader of a process.
#[derive(Debug)]
pub(super) struct StreamReader {
    state: Arc<State>,
    task: AbortHandle,
}

#[derive(Debug, Default)]
struct State {
    followed: Mutex<Followed>,
    /// Told when a feed is followed.
    followers_added: Notify,
    is_connected: AtomicBool,
}

#[derive(Debug, Default)]
struct Followed {
    next_id: u64,
    /// By the name of the feed.
    subscribers: HashMap<String, Vec<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    id: u64,
    /// The number of the last entry it has.
    after: i64,
    sender: mpsc::Sender<Vec<FeedEntry>>,
}

/// A followed feed; dropped, it is not read any more.
#[derive(Debug)]
pub(super) struct Subscription {
    reader: Arc<StreamReader>,
    key: FeedKey,
    id: u64,
    entries: mpsc::Receiver<Vec<FeedEntry>>,
}

impl Subscription {
    pub(super) fn is_connected(&self) -> bool {
        self.reader.state.is_connected.load(Ordering::Relaxed)
    }

    pub(super) async fn next(&mut self) -> Vec<FeedEntry> {
        match self.entries.recv().await {
            Some(entries) => entries,
            // The reader lives as long as self, and with it the sender.
            None => std::future::pending().await,
        }
    }

    pub(super) fn seek(&self, seq: i64) {
        let mut followed = self.reader.state.followed();
        let subscribers = followed.subscribers.get_mut(&self.key.0).into_iter().flatten();
        for subscriber in subscribers.filter(|subscriber| subscriber.id == self.id) {
            subscriber.after = subscriber.after.max(seq);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut followed = self.reader.state.followed();
        let Some(subscribers) = followed.subscribers.get_mut(&self.key.0) else { return };
        subscribers.retain(|subscriber| subscriber.id != self.id);
        if subscribers.is_empty() {
            followed.subscribers.remove(&self.key.0);
        }
    }
}

impl StreamReader {
    pub(super) fn start(redis: Redis) -> Arc<Self> {
        let state = Arc::new(State::default());
        let task = tokio::spawn(run(redis, state.clone())).abort_handle();
        Arc::new(Self { state, task })
    }

    pub(super) fn subscribe(self: &Arc<Self>, key: FeedKey, after: i64) -> Subscription {
        let (sender, entries) = mpsc::channel(MAX_BUFFERED);
        let mut followed = self.state.followed();
        let id = followed.next_id;
        followed.next_id += 1;
        followed.subscribers.entry(key.0.clone()).or_default().push(Subscriber { id, after, sender });
        drop(followed);
        self.state.followers_added.notify_one();
        Subscription { reader: self.clone(), key, id, entries }
    }
}

impl Drop for StreamReader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    /// Names of the followed feeds, and the last numbers that all their followers have.
    fn positions(&self) -> Vec<(String, String)> {
        let followed = self.followed();
        let after = |subscribers: &[Subscriber]| subscribers.iter().map(|one| one.after).min().unwrap_or_default();
        let feeds = followed.subscribers.iter();
        feeds.map(|(key, subscribers)| (key.clone(), format!("{}-0", after(subscribers)))).collect()
    }

    /// Reads every followed feed once; `false` when Redis does not answer.
    async fn read_all(&self, connection: &mut MultiplexedConnection, positions: &[(String, String)]) -> bool {
        let calls = positions.len().div_ceil(FEEDS_PER_CALL);
        for positions in positions.chunks(FEEDS_PER_CALL) {
            let block = BLOCK_TIMEOUT / u32::try_from(calls).unwrap_or(u32::MAX);
            let Some(answer) = read(connection, positions, block).await else { return false };
            self.dispatch(&answer);
        }
        true
    }

    fn dispatch(&self, answer: &StreamReadReply) {
        let mut followed = self.followed();
        for stream in &answer.keys {
            let entries: Vec<FeedEntry> = stream.ids.iter().filter_map(|id| entry(&id.id, &id.map)).collect();
            for subscriber in followed.subscribers.get_mut(&stream.key).into_iter().flatten() {
                let fresh: Vec<FeedEntry> =
                    entries.iter().filter(|entry| entry.seq > subscriber.after).cloned().collect();
                let Some(last) = fresh.last() else { continue };
                subscriber.after = last.seq;
                // A full buffer misses these.
                let _ = subscriber.sender.try_send(fresh);
            }
        }
    }

    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads for as long as the reader exists; sleeps while nothing is followed.
async fn run(redis: Redis, state: Arc<State>) {
    let mut connection: Option<MultiplexedConnection> = None;
    loop {
        let positions = state.positions();
        if positions.is_empty() {
            state.followers_added.notified().await;
            continue;
        }
        if connection.is_none() {
            connection = redis.dedicated_connection().await;
        }
        let answered = match &mut connection {
            Some(open) => state.read_all(open, &positions).await,
            None => false,
        };
        state.is_connected.store(answered, Ordering::Relaxed);
        if !answered {
            connection = None;
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}

/// What came after these positions, empty after a while; `None` when Redis does not answer.
async fn read(
    connection: &mut MultiplexedConnection,
    positions: &[(String, String)],
    block: Duration,
) -> Option<StreamReadReply> {
    let (keys, after): (Vec<&str>, Vec<&str>) = positions.iter().map(|(key, after)| (&**key, &**after)).unzip();
    let mut call = redis::cmd("XREAD");
    // Zero would block for ever.
    call.arg("COUNT").arg(ENTRIES_PER_FEED).arg("BLOCK").arg(block.as_millis().max(1).to_string());
    call.arg("STREAMS").arg(&keys).arg(&after);
    let answer: RedisResult<Option<StreamReadReply>> =
        tokio::time::timeout(block + ANSWER_TIMEOUT, call.query_async(connection)).await.ok()?;
    match answer {
        Ok(answer) => Some(answer.unwrap_or_default()),
        Err(error) => {
            tracing::debug!(%error, "failed to read live feeds; readers use the database");
            None
        }
    }
}

/// An entry as it was appended; `None` for anything else.
fn entry(id: &str, fields: &HashMap<String, Value>) -> Option<FeedEntry> {
    let seq = id.strip_suffix("-0")?.parse().ok()?;
    let (kind, data) = fields.iter().next()?;
    let data = redis::from_redis_value_ref(data).ok()?;
    Some(FeedEntry { seq, kind: kind.clone(), data })
}
