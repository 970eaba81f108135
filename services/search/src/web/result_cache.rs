//! Cached results of a query.

use std::time::Duration;

use base::Scope;
use bytes::Bytes;
use cache::CacheKey;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::QueryReport;
use crate::engines::{Hit, Query};

/// The results of the engines that answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedResults {
    pub(super) at: DateTime<Utc>,
    lists: Vec<CachedList>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CachedList {
    engine: String,
    hits: Vec<CachedHit>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CachedHit {
    url: String,
    title: String,
    snippet: String,
    published_at: Option<DateTime<Utc>>,
}

/// The cache key; it includes every field of the query.
pub(super) fn key(scope: &Scope, query: &Query) -> CacheKey {
    CacheKey::new(scope, "search.query", &format!("{query:?}"))
}

impl CachedResults {
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self { at, lists: Vec::new() }
    }

    /// `None` if another version wrote it in another format.
    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn write(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    pub(super) fn add(&mut self, engine: &str, hits: &[Hit]) {
        let hit = |hit: &Hit| CachedHit {
            url: hit.url.clone(),
            title: hit.title.clone(),
            snippet: hit.snippet.clone(),
            published_at: hit.published_at,
        };
        self.lists.push(CachedList { engine: engine.to_owned(), hits: hits.iter().map(hit).collect() });
    }

    /// Whether no engine answered.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    pub(super) fn hits(&self) -> usize {
        self.lists.iter().map(|list| list.hits.len()).sum()
    }

    /// The cached reports, without those of engines that this server no longer has.
    pub(super) fn reports(&self, names: &[&'static str]) -> Vec<QueryReport> {
        let report = |list: &CachedList| {
            let engine = *names.iter().find(|name| **name == list.engine)?;
            let hits = list.hits.iter().enumerate().map(|(index, hit)| Hit {
                url: hit.url.clone(),
                title: hit.title.clone(),
                snippet: hit.snippet.clone(),
                published_at: hit.published_at,
                engine,
                rank: index + 1,
            });
            Some(QueryReport { engine, outcome: Ok(hits.collect()), elapsed: Duration::ZERO, cached: true })
        };
        self.lists.iter().filter_map(report).collect()
    }
}
