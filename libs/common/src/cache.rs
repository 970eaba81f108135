//! A cache whose loss makes things slower, never wrong. Every key starts with the scope.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use moka::{Expiry, future::Cache as Moka};

use crate::db::Scope;

/// A key: whose, of what kind, which.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// `kind` names the cache, e.g. `search.query`.
    pub fn new(scope: &Scope, kind: &str, key: &str) -> Self {
        Self(format!("{scope}/{kind}/{key}"))
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

/// The cache of a process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cache {
    memory: Moka<CacheKey, Entry>,
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
        Self { memory }
    }

    pub async fn get(&self, key: &CacheKey) -> Option<Bytes> {
        self.memory.get(key).await.map(|entry| entry.value)
    }

    pub async fn set(&self, key: CacheKey, value: Bytes, ttl: Duration) {
        self.memory.insert(key, Entry { value, ttl }).await;
    }

    pub async fn remove(&self, key: &CacheKey) {
        self.memory.invalidate(key).await;
    }

    /// The cached value, or what `fill` makes; callers that come meanwhile wait for the same `fill`.
    pub async fn get_or_fill<E, F>(&self, key: CacheKey, ttl: Duration, fill: F) -> Result<Bytes, Arc<E>>
    where
        F: Future<Output = Result<Bytes, E>>,
        E: Send + Sync + 'static,
    {
        let entry = self.memory.try_get_with(key, async { fill.await.map(|value| Entry { value, ttl }) }).await?;
        Ok(entry.value)
    }
}
