//! A cache whose loss makes things slower, never wrong. Every key starts with the scope.
//!
//! With Redis all processes share one cache, without a copy in front of it; the in-process cache is used while Redis does not
//! answer. A value may be found until its time to live ends, also after a newer one was set, so what is cached must be
//! true for that long.

use std::time::Duration;

use base::Scope;
use bytes::Bytes;
use moka::{Expiry, future::Cache as Moka};
use redis::AsyncCommands;
use sha2::{Digest, Sha256};

use crate::redis::Redis;

/// Larger values are not cached: sending one would take longer than a call to Redis may.
const VALUE_LIMIT: usize = 1024 * 1024;

/// A key: scope, kind and what is cached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// `kind` names the cache and starts with its service, e.g. `search.query`. Of `key` only the hash is stored: it may be
    /// long, and the keys of a Redis must not show what users ask.
    pub fn new(scope: &Scope, kind: &str, key: &str) -> Self {
        use std::fmt::Write;
        let mut name = format!("gooseek/{scope}/{kind}/");
        for byte in Sha256::digest(key) {
            write!(name, "{byte:02x}").expect("writing to a String does not fail");
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

    /// Shared through Redis; `bytes` bounds the in-process cache for the time when Redis does not answer.
    pub fn redis(redis: Redis, bytes: u64) -> Self {
        Self { redis: Some(redis), ..Self::in_process(bytes) }
    }

    /// The value, unless its time to live is over or it was evicted.
    pub async fn get(&self, key: &CacheKey) -> Option<Bytes> {
        if let Some(redis) = &self.redis
            && let Some(found) = redis.call(|mut connection| async move { connection.get(&key.0).await }).await
        {
            return found;
        }
        self.memory.get(key).await.map(|entry| entry.value)
    }

    /// Caches a value of at most 1 MiB for `ttl`.
    pub async fn set(&self, key: CacheKey, value: Bytes, ttl: Duration) {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        if value.len() > VALUE_LIMIT || millis == 0 {
            return;
        }
        if let Some(redis) = &self.redis {
            let (name, bytes) = (&key.0, value.as_ref());
            // A failure does not matter: the value is also cached here.
            let _: Option<()> =
                redis.call(|mut connection| async move { connection.pset_ex(name, bytes, millis).await }).await;
        }
        self.memory.insert(key, Entry { value, ttl }).await;
    }
}
