//! A cache whose loss makes things slower, never wrong. Every key starts with the scope.
//!
//! With Redis the processes share what each has found. Redis is asked first and there is no copy in front of it; the cache
//! in process stands in while Redis does not answer. A value may be found for as long as its time to live, also after a
//! newer one was set, so what is cached must be true for that long.

use std::time::Duration;

use base::Scope;
use bytes::Bytes;
use moka::{Expiry, future::Cache as Moka};
use redis::AsyncCommands;
use sha2::{Digest, Sha256};

use crate::redis::Redis;

/// Larger values are not kept: sending one would take longer than Redis is waited for.
const VALUE_LIMIT: usize = 1024 * 1024;

/// A key: whose, of what kind, which.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// `kind` names the cache and starts with its service, e.g. `search.query`. Of `key` only the hash is kept: it may be
    /// long, and what people ask is not for whoever lists the keys of a Redis.
    pub fn new(scope: &Scope, kind: &str, key: &str) -> Self {
        use std::fmt::Write;
        let mut name = format!("gooseek/{scope}/{kind}/");
        for byte in Sha256::digest(key) {
            write!(name, "{byte:02x}").expect("a String takes everything");
        }
        Self(name)
    }
}

#[derive(Clone, Debug)]
struct Entry {
    value: Bytes,
    ttl: Duration,
}

struct PerEntry;

impl Expiry<CacheKey, Entry> for PerEntry {
    fn expire_after_create(&self, _: &CacheKey, entry: &Entry, _: std::time::Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &CacheKey,
        entry: &Entry,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

/// The cache of a process, or of all of them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache {
    memory: Moka<CacheKey, Entry>,
    redis: Option<Redis>,
}

impl Cache {
    /// Holds at most about `bytes` of keys and values.
    pub fn in_process(bytes: u64) -> Self {
        let memory = Moka::builder()
            .max_capacity(bytes)
            .weigher(|key: &CacheKey, entry: &Entry| {
                u32::try_from(key.0.len() + entry.value.len() + 64).unwrap_or(u32::MAX)
            })
            .expire_after(PerEntry)
            .build();
        Self { memory, redis: None }
    }

    /// Shared through Redis; `bytes` bounds what this process keeps for the time Redis does not answer.
    pub fn redis(redis: Redis, bytes: u64) -> Self {
        Self { redis: Some(redis), ..Self::in_process(bytes) }
    }

    /// A value set within its time to live, unless it was dropped for room.
    pub async fn get(&self, key: &CacheKey) -> Option<Bytes> {
        if let Some(redis) = &self.redis
            && let Some(found) = redis.ask(|mut connection| async move { connection.get(&key.0).await }).await
        {
            return found;
        }
        self.memory.get(key).await.map(|entry| entry.value)
    }

    /// Keeps a value of at most 1 MiB for `ttl`.
    pub async fn set(&self, key: CacheKey, value: Bytes, ttl: Duration) {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        if value.len() > VALUE_LIMIT || millis == 0 {
            return;
        }
        if let Some(redis) = &self.redis {
            let (name, bytes) = (&key.0, value.as_ref());
            // What became of it does not matter: the value is also kept here.
            let _: Option<()> =
                redis.ask(|mut connection| async move { connection.pset_ex(name, bytes, millis).await }).await;
        }
        self.memory.insert(key, Entry { value, ttl }).await;
    }
}
