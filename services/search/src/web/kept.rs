//! What the engines found for a query, as the cache keeps it.

use std::time::Duration;

use base::Scope;
use bytes::Bytes;
use cache::CacheKey;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Report;
use crate::engines::{Hit, Query};

/// The lists of the engines that answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) at: DateTime<Utc>,
    lists: Vec<List>,
}

#[derive(Debug, Serialize, Deserialize)]
struct List {
    engine: String,
    hits: Vec<KeptHit>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptHit {
    url: String,
    title: String,
    snippet: String,
    published_at: Option<DateTime<Utc>>,
}

/// Every field of a query is part of what it asks for.
pub(super) fn key(scope: &Scope, query: &Query) -> CacheKey {
    CacheKey::new(scope, "search.query", &format!("{query:?}"))
}

impl Kept {
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self { at, lists: Vec::new() }
    }

    /// `None` for what an older version wrote.
    pub(super) fn read(bytes: &Bytes) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn write(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    pub(super) fn add(&mut self, engine: &str, hits: &[Hit]) {
        let hit = |hit: &Hit| KeptHit {
            url: hit.url.clone(),
            title: hit.title.clone(),
            snippet: hit.snippet.clone(),
            published_at: hit.published_at,
        };
        self.lists.push(List { engine: engine.to_owned(), hits: hits.iter().map(hit).collect() });
    }

    /// Whether no engine answered.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    pub(super) fn hits(&self) -> usize {
        self.lists.iter().map(|list| list.hits.len()).sum()
    }

    /// The same reports again, but for engines that this server has no more.
    pub(super) fn reports(&self, names: &[&'static str]) -> Vec<Report> {
        let report = |list: &List| {
            let engine = *names.iter().find(|name| **name == list.engine)?;
            let hits = list.hits.iter().enumerate().map(|(place, hit)| Hit {
                url: hit.url.clone(),
                title: hit.title.clone(),
                snippet: hit.snippet.clone(),
                published_at: hit.published_at,
                engine,
                rank: place + 1,
            });
            Some(Report { engine, outcome: Ok(hits.collect()), elapsed: Duration::ZERO, cached: true })
        };
        self.lists.iter().filter_map(report).collect()
    }
}
