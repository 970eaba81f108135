//! Search engines behind one interface.
//!
//! An [`Engine`] answers one query with a ranked list. [`Engines`] asks the right ones side by side, each with its
//! own time limit, remembers which of them are ill, and hands out every answer as it arrives. [`Fusion`] merges the
//! lists into one, by address.

mod arxiv;
mod breaker;
pub mod canonical;
mod crossref;
mod dates;
mod error;
mod flight;
mod fusion;
mod github;
mod hacker_news;
mod http;
mod keyless;
mod markup;
mod openalex;
mod pace;
mod query;
mod searxng;
mod set;
mod stack_exchange;
mod wikidata;
mod wikipedia;

use std::{sync::Arc, time::Duration};

pub use arxiv::Arxiv;
pub use breaker::{EngineHealth, EngineStatus};
use chrono::{DateTime, Utc};
pub use crossref::Crossref;
pub use error::EngineError;
pub use fusion::{Fused, Fusion};
pub use github::GitHub;
pub use hacker_news::HackerNews;
pub use http::Access;
pub use keyless::{KeylessConfig, keyless};
pub use openalex::OpenAlex;
pub use query::{Answer, Found, Hit, Kind, Query, Recency, Unresponsive};
pub use searxng::{ConfigCheck, Searxng, SearxngConfig};
pub use set::{EngineReport, Engines, EnginesConfig, Outcome, SearchOutage};
pub use stack_exchange::StackExchange;
pub use wikidata::Wikidata;
pub use wikipedia::Wikipedia;

/// Where the present moment comes from. Tests hand in one that they move.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How often an upstream lets itself be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests that may follow each other at once after a silence.
    pub burst: u32,
    /// Time after which one more request is allowed.
    pub every: Duration,
}

/// One search engine.
#[async_trait::async_trait]
pub trait Engine: Send + Sync {
    /// The name used in reports, health and configuration; it never changes.
    fn name(&self) -> &'static str;

    /// Whether this engine has something to say about queries of this kind.
    fn serves(&self, kind: Kind) -> bool;

    /// The sites all hits lie on (subdomains included); empty when they may lie anywhere.
    /// A query restricted to other sites is not sent.
    fn sites(&self) -> &[&str] {
        &[]
    }

    /// The upstream's own rule on request rates; `None` when it has none.
    fn pace(&self) -> Option<Pace> {
        None
    }

    /// Asks the upstream. The caller bounds the time; dropping the future gives the request up.
    async fn search(&self, query: &Query) -> Result<Found, EngineError>;

    /// Completions of a text that is still being typed, best first.
    async fn suggest(&self, _text: &str, _language: Option<&str>) -> Result<Vec<String>, EngineError> {
        Err(EngineError::Unsupported)
    }
}
