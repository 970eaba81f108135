//! SearXNG, a metasearch engine run by the operator.
//!
//! Pitfalls: it silently ignores unknown engine names and runs the default engines instead; it answers a disabled
//! format with an HTML page; words that begin with `!`, `:` or `<` are commands, and `!!` redirects the client to a
//! third-party site; and if every engine behind it fails it still answers 200 without results.

mod answer;
mod catalogue;

use std::collections::BTreeMap;

use fetch::operator::OperatorError;
use reqwest::StatusCode;
use tokio::sync::OnceCell;

use self::{answer::ApiResponse, catalogue::Catalogue};
use super::{
    Engine, EngineError, EngineResults, Query, SearchKind, UpstreamAccess,
    http::{Upstream, UpstreamResponse},
};

const NAME: &str = "searxng";
const ENABLE_JSON: &str = "SearXNG does not answer in JSON: add json to search.formats in its settings.yml";
const LIMITER: &str =
    "SearXNG's limiter is on: set server.limiter to false or add this server to pass_ip in limiter.toml";
const REDIRECTS: &str = "SearXNG redirects elsewhere: its address must be the final one, without a login in front";

/// Address of the instance, and which of its engines to use.
#[derive(Debug, Clone)]
pub struct SearxngConfig {
    /// Base address, with the path SearXNG is mounted at.
    pub base: String,
    /// Display names of the engines for each kind of query; other kinds use the engines that the instance itself has
    /// enabled in the matching category.
    pub engines: BTreeMap<SearchKind, Vec<String>>,
}

impl SearxngConfig {
    /// Whatever the instance at `base` has enabled.
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), engines: BTreeMap::new() }
    }
}

/// Result of comparing the instance's own configuration with ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigCheck {
    /// SearXNG's version, as it writes it.
    pub version: String,
    /// Configured engine names that the instance does not have; they are left out of requests.
    pub unknown: Vec<String>,
    /// Kinds of query for which no configured engine is left: these are not served.
    pub unserved: Vec<SearchKind>,
}

/// A SearXNG instance as one engine.
pub struct Searxng {
    upstream: Upstream,
    engines: BTreeMap<SearchKind, Vec<String>>,
    catalogue: OnceCell<Catalogue>,
}

/// The parameter that selects the engines of a query, and how many these are if known.
struct EngineSelection {
    parameter: (&'static str, String),
    engines: Option<usize>,
}

impl Searxng {
    pub fn new(config: SearxngConfig, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(&config.base)?, engines: config.engines, catalogue: OnceCell::new() })
    }

    /// Reads the instance's list of engines, once, and compares it with the configured names.
    pub async fn check(&self) -> Result<ConfigCheck, EngineError> {
        let catalogue = self.catalogue().await?;
        let mut unknown: Vec<String> =
            self.engines.values().flatten().filter(|name| !catalogue.has(name)).cloned().collect();
        unknown.sort();
        unknown.dedup();
        let named = self.engines.iter().filter(|(_, names)| !names.is_empty());
        let unserved = named.filter(|(_, names)| !names.iter().any(|name| catalogue.has(name)));
        Ok(ConfigCheck {
            version: catalogue.version.clone(),
            unknown,
            unserved: unserved.map(|(kind, _)| *kind).collect(),
        })
    }

    async fn catalogue(&self) -> Result<&Catalogue, EngineError> {
        let load = async || {
            let response = self.upstream.send(self.upstream.get("/config")).await?;
            parse_json(&response)
        };
        self.catalogue.get_or_try_init(load).await
    }

    /// The configured engines that the instance has, else what it has enabled in the matching category.
    async fn select_engines(&self, kind: SearchKind) -> Result<EngineSelection, EngineError> {
        let names = self.engines.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let category = category(kind);
        let by_category = |engines| EngineSelection { parameter: ("categories", category.to_owned()), engines };
        if names.is_empty() {
            return Ok(by_category(self.catalogue.get().map(|catalogue| catalogue.enabled_in(category))));
        }
        // Without its list of engines the instance chooses, and says itself what is wrong with it.
        let Ok(catalogue) = self.catalogue().await else { return Ok(by_category(None)) };
        let known: Vec<&str> = names.iter().map(String::as_str).filter(|name| catalogue.has(name)).collect();
        if !known.is_empty() {
            return Ok(EngineSelection { engines: Some(known.len()), parameter: ("engines", known.join(",")) });
        }
        match catalogue.enabled_in(category) {
            0 => Err(EngineError::NotServed(format!(
                "SearXNG has none of the engines {} and none enabled in its category {category}: enable some in its \
                 settings.yml, or name others in {}",
                names.join(", "),
                engines_variable(kind),
            ))),
            enabled => Ok(by_category(Some(enabled))),
        }
    }
}

#[async_trait::async_trait]
impl Engine for Searxng {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, _kind: SearchKind) -> bool {
        true
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let words = words(query);
        // It refuses a query of its commands alone, which is no failure of it.
        if words.is_empty() {
            return Ok(EngineResults::default());
        }
        let selection = self.select_engines(query.kind).await?;
        let mut parameters = vec![
            ("q", words),
            ("format", "json".to_owned()),
            ("pageno", query.page.max(1).to_string()),
            ("safesearch", u8::from(query.safe_search).to_string()),
            selection.parameter,
        ];
        if let Some(language) = query.language.as_deref().and_then(locale) {
            parameters.push(("language", language));
        }
        if let Some(recency) = query.recency {
            parameters.push(("time_range", recency.as_str().to_owned()));
        }
        let response = self.upstream.send(self.upstream.get("/search").query(&parameters)).await?;
        let answer: ApiResponse = parse_json(&response)?;
        answer.into_results(NAME, query.limit, selection.engines)
    }

    async fn suggest(&self, text: &str, _language: Option<&str>) -> Result<Vec<String>, EngineError> {
        let request = self.upstream.get("/autocompleter").query(&[("q", text)]);
        let response = self.upstream.send(request.header("x-requested-with", "XMLHttpRequest")).await?;
        parse_json(&response)
    }
}

/// Parses a JSON response, or returns an error that says what to change in the instance's configuration.
fn parse_json<T: serde::de::DeserializeOwned>(response: &UpstreamResponse) -> Result<T, EngineError> {
    let misconfigured = |text: &str| Err(EngineError::Misconfigured(text.to_owned()));
    match (response.failure(), response.status) {
        (EngineError::Captcha, _) => Err(EngineError::Captcha),
        (EngineError::RateLimited { retry_after, .. }, StatusCode::TOO_MANY_REQUESTS) => {
            Err(EngineError::RateLimited { retry_after, advice: Some(LIMITER) })
        }
        (_, StatusCode::FORBIDDEN) => misconfigured(ENABLE_JSON),
        (_, status) if status.is_redirection() => misconfigured(REDIRECTS),
        (failure, status) if !status.is_success() => Err(failure),
        _ if !response.is_json() => misconfigured(ENABLE_JSON),
        _ => response.json(),
    }
}

/// The variable that lists the engines for a kind of query.
fn engines_variable(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Web => "SEARXNG_ENGINES_WEB",
        SearchKind::Academic => "SEARXNG_ENGINES_ACADEMIC",
        SearchKind::Discussions => "SEARXNG_ENGINES_DISCUSSIONS",
        SearchKind::News => "SEARXNG_ENGINES_NEWS",
        SearchKind::Code => "SEARXNG_ENGINES_CODE",
    }
}

fn category(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Web => "general",
        SearchKind::Academic => "science",
        SearchKind::Discussions => "social media",
        SearchKind::News => "news",
        SearchKind::Code => "it",
    }
}

/// The query's words without SearXNG's commands, and its domain filters as search operators.
fn words(query: &Query) -> String {
    let commands = ['!', ':', '<'];
    let words = query.text.split_whitespace().map(|word| word.trim_start_matches(commands));
    let mut words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let sites: Vec<String> = query.domains.iter().map(|domain| format!("site:{domain}")).collect();
    match sites.as_slice() {
        [] => {}
        [site] => words.push(site.clone()),
        sites => words.push(format!("({})", sites.join(" OR "))),
    }
    words.extend(query.exclude_domains.iter().map(|domain| format!("-site:{domain}")));
    words.join(" ")
}

/// The tag as SearXNG accepts it: a language of two or three letters and perhaps a region of two; a script
/// (`zh-Hans-CN`) would be refused.
fn locale(tag: &str) -> Option<String> {
    let language = super::query::primary_language(tag)?;
    let region = tag
        .split(['-', '_'])
        .skip(1)
        .find(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic()));
    Some(match region {
        Some(region) => format!("{language}-{}", region.to_ascii_uppercase()),
        None => language,
    })
}
