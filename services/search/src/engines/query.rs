//! Queries to engines and their results.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The kind of sources to search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    #[default]
    Web,
    Academic,
    Discussions,
    News,
    Code,
}

/// How old a hit may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recency {
    Day,
    Week,
    Month,
    Year,
}

impl Recency {
    /// The earliest moment that still counts.
    pub fn since(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Year => 365,
        };
        now - TimeDelta::days(days)
    }

    /// The word engines use for it: `day`, `week`, `month`, `year`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// A query to the engines. Equal queries that run at the same time are sent once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// The search text, as written by the user or the planner.
    pub text: String,
    /// BCP 47 tag (`ru`, `en-GB`); `None` leaves it to the engine.
    pub language: Option<String>,
    /// Page of results, from 1.
    pub page: u32,
    pub recency: Option<Recency>,
    pub kind: SearchKind,
    /// Leave out adult content, on engines that support it.
    pub safe_search: bool,
    /// Maximum number of hits from each engine.
    pub limit: usize,
    /// Only hits on these sites and their subdomains; empty means any.
    pub domains: Vec<String>,
    /// No hits on these sites and their subdomains.
    pub exclude_domains: Vec<String>,
}

impl Query {
    /// The first page of ten web hits, in any language, of any age.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            language: None,
            page: 1,
            recency: None,
            kind: SearchKind::Web,
            safe_search: true,
            limit: 10,
            domains: Vec::new(),
            exclude_domains: Vec::new(),
        }
    }

    pub fn kind(mut self, kind: SearchKind) -> Self {
        self.kind = kind;
        self
    }

    /// The two- or three-letter language without region, in lower case, when there is a well-formed one.
    pub(super) fn primary_language(&self) -> Option<String> {
        primary_language(self.language.as_deref()?)
    }

    /// Hits before this page.
    pub(super) fn offset(&self) -> usize {
        (self.page.max(1) as usize - 1) * self.limit
    }

    /// Whether the domain filters allow a host.
    pub(super) fn allows(&self, host: &str) -> bool {
        let within = |domains: &[String]| domains.iter().any(|domain| on_site(host, domain));
        (self.domains.is_empty() || within(&self.domains)) && !within(&self.exclude_domains)
    }
}

/// The language of a BCP 47 tag without script and region, in lower case.
pub(super) fn primary_language(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
    let well_formed = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase());
    well_formed.then_some(primary)
}

/// Whether `host` is `site` or a subdomain of it, whatever the case and a leading `www.` or dot.
pub(super) fn on_site(host: &str, site: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let site = site.trim().trim_matches('.').to_ascii_lowercase();
    let site = site.strip_prefix("www.").unwrap_or(&site);
    !site.is_empty() && host.strip_suffix(site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// One result. Title and snippet are plain text from an untrusted source.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// As the engine gave it; http or https.
    pub url: String,
    pub title: String,
    pub snippet: String,
    pub published_at: Option<DateTime<Utc>>,
    /// [`Engine::name`](super::Engine::name) of the engine that found it.
    pub engine: &'static str,
    /// Position in the engine's list, from 1.
    pub rank: usize,
}

/// An answer that an engine returned beside its results, such as a conversion or definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantAnswer {
    pub text: String,
    pub url: Option<String>,
}

/// A source behind a metasearch engine that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresponsiveSource {
    pub engine: String,
    pub reason: String,
}

/// The results of one engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EngineResults {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Other queries worth trying, corrections of the spelling first.
    pub suggestions: Vec<String>,
    pub answers: Vec<InstantAnswer>,
    /// Sources behind a metasearch engine that did not answer this time.
    pub unresponsive: Vec<UnresponsiveSource>,
    /// The upstream asked for this pause before the next request, although it answered.
    pub pause: Option<Duration>,
}

/// Builds a ranked list of hits, leaving out those that cannot be opened.
pub(super) struct HitList {
    engine: &'static str,
    limit: usize,
    hits: Vec<Hit>,
}

impl HitList {
    pub(super) fn new(engine: &'static str, limit: usize) -> Self {
        Self { engine, limit, hits: Vec::new() }
    }

    /// Adds the next hit. Addresses that are not http(s) and hits beyond the limit are left out.
    pub(super) fn push(&mut self, url: &str, title: &str, snippet: &str, published_at: Option<DateTime<Utc>>) {
        let web = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !web || self.hits.len() == self.limit {
            return;
        }
        let title = super::markup::plain(title);
        self.hits.push(Hit {
            url: url.to_owned(),
            title: if title.is_empty() { url.to_owned() } else { title },
            snippet: super::markup::plain(snippet),
            published_at,
            engine: self.engine,
            rank: self.hits.len() + 1,
        });
    }

    pub(super) fn into_results(self) -> EngineResults {
        EngineResults { hits: self.hits, ..EngineResults::default() }
    }
}
