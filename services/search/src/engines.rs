//! Search engines behind one interface.
//!
//! An [`Engine`] answers one query with a ranked list. [`Engines`] queries the suitable ones in parallel, each with its
//! own timeout, tracks their health, and yields every answer as it arrives. [`ResultFusion`] merges the lists into one,
//! by address.

mod arxiv;
mod breaker;
pub mod canonical;
mod crossref;
mod dates;
mod error;
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
mod singleflight;
mod stack_exchange;
mod wikidata;
mod wikipedia;

use std::{sync::Arc, time::Duration};

pub use arxiv::Arxiv;
pub use breaker::{EngineHealth, EngineStatus};
use chrono::{DateTime, Utc};
pub use crossref::Crossref;
pub use error::EngineError;
pub use fusion::{FusedResult, ResultFusion};
pub use github::GitHub;
pub use hacker_news::HackerNews;
pub use http::UpstreamAccess;
pub use keyless::{KeylessConfig, keyless};
pub use openalex::OpenAlex;
pub use query::{EngineResults, Hit, InstantAnswer, Query, Recency, SearchKind, UnresponsiveSource};
pub use searxng::{ConfigCheck, Searxng, SearxngConfig};
pub use set::{EngineReport, Engines, EnginesConfig, SearchOutage, SearchOutcome};
pub use stack_exchange::StackExchange;
pub use wikidata::Wikidata;
pub use wikipedia::Wikipedia;

/// Source of the current time; tests inject one that they move.
pub type EngineClock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Rate limit of an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests allowed at once after an idle time.
    pub burst: u32,
    /// Interval after which one more request is allowed.
    pub every: Duration,
}

/// One search engine.
#[async_trait::async_trait]
pub trait Engine: Send + Sync {
    /// The name used in reports, health and configuration; it never changes.
    fn name(&self) -> &'static str;

    /// Whether this engine serves queries of this kind.
    fn serves(&self, kind: SearchKind) -> bool;

    /// The sites of all its hits, subdomains included; empty if hits may be on any site. A query restricted to other
    /// sites is not sent.
    fn sites(&self) -> &[&str] {
        &[]
    }

    /// The upstream's own rate limit; `None` if it has none.
    fn pace(&self) -> Option<Pace> {
        None
    }

    /// Sends the query upstream. The caller sets the timeout; dropping the future aborts the request.
    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError>;

    /// Completions of a text that is still being typed, best first.
    async fn suggest(&self, _text: &str, _language: Option<&str>) -> Result<Vec<String>, EngineError> {
        Err(EngineError::Unsupported)
    }
}
