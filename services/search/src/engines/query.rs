//! What an engine is asked, and what it answers.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What sort of thing is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
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

/// One question to the engines. Equal queries that run at the same time are sent once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// The words to look for, as the person or the planner wrote them.
    pub text: String,
    /// BCP 47 tag (`ru`, `en-GB`); `None` leaves it to the engine.
    pub language: Option<String>,
    /// Page of results, from 1.
    pub page: u32,
    pub recency: Option<Recency>,
    pub kind: Kind,
    /// Ask engines that can to leave out adult content.
    pub safe_search: bool,
    /// Hits wanted from each engine.
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
            kind: Kind::Web,
            safe_search: true,
            limit: 10,
            domains: Vec::new(),
            exclude_domains: Vec::new(),
        }
    }

    pub fn kind(mut self, kind: Kind) -> Self {
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

    /// Whether the domain filters let a host through.
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

/// One result. Title and snippet are plain text; both come from strangers and are not to be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// As the engine gave it; http or https.
    pub url: String,
    pub title: String,
    pub snippet: String,
    pub published_at: Option<DateTime<Utc>>,
    /// [`Engine::name`](super::Engine::name) of who found it.
    pub engine: &'static str,
    /// Place in the engine's list, from 1.
    pub rank: usize,
}

/// A ready answer that an engine gave beside its results (a conversion, a definition).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    pub url: Option<String>,
}

/// A source behind a metasearch engine that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresponsive {
    pub engine: String,
    pub reason: String,
}

/// What one engine found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Other queries worth trying, corrections of the spelling first.
    pub suggestions: Vec<String>,
    pub answers: Vec<Answer>,
    /// Sources behind a metasearch engine that did not answer this time.
    pub unresponsive: Vec<Unresponsive>,
    /// The upstream asked not to be called again for this long, although it answered.
    pub pause: Option<Duration>,
}

/// Builds ranked hits, dropping those that cannot be opened or named.
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

    pub(super) fn found(self) -> Found {
        Found { hits: self.hits, ..Found::default() }
    }
}
