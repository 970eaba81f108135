//! Engines that need no account; a fresh installation searches with them.

use std::sync::Arc;

use fetch::operator::OperatorError;

use super::{
    Arxiv, Crossref, Engine, GitHub, HackerNews, OpenAlex, StackExchange, UpstreamAccess, Wikidata, Wikipedia,
};

/// Addresses of the keyless engines. An empty address disables an engine.
#[derive(Debug, Clone)]
pub struct KeylessConfig {
    /// With `{lang}` in place of the edition.
    pub wikipedia: String,
    pub wikidata: String,
    pub arxiv: String,
    pub crossref: String,
    pub openalex: String,
    /// Raises OpenAlex's daily allowance.
    pub openalex_key: Option<String>,
    pub hacker_news: String,
    pub stack_exchange: String,
    /// The site of the Stack Exchange network that is searched, by its name in the API.
    pub stack_exchange_site: String,
    pub github: String,
    /// Raises GitHub's rate limit.
    pub github_token: Option<String>,
}

impl Default for KeylessConfig {
    fn default() -> Self {
        Self {
            wikipedia: "https://{lang}.wikipedia.org".to_owned(),
            wikidata: "https://www.wikidata.org".to_owned(),
            arxiv: "https://export.arxiv.org".to_owned(),
            crossref: "https://api.crossref.org".to_owned(),
            openalex: "https://api.openalex.org".to_owned(),
            openalex_key: None,
            hacker_news: "https://hn.algolia.com".to_owned(),
            stack_exchange: "https://api.stackexchange.com".to_owned(),
            stack_exchange_site: "stackoverflow".to_owned(),
            github: "https://api.github.com".to_owned(),
            github_token: None,
        }
    }
}

/// Builds the enabled engines.
pub fn keyless(config: KeylessConfig, access: &UpstreamAccess) -> Result<Vec<Arc<dyn Engine>>, OperatorError> {
    let mut engines: Vec<Arc<dyn Engine>> = Vec::new();
    if !config.wikipedia.is_empty() {
        engines.push(Arc::new(Wikipedia::new(config.wikipedia, access)?));
    }
    if !config.wikidata.is_empty() {
        engines.push(Arc::new(Wikidata::new(&config.wikidata, access)?));
    }
    if !config.arxiv.is_empty() {
        engines.push(Arc::new(Arxiv::new(&config.arxiv, access)?));
    }
    if !config.crossref.is_empty() {
        engines.push(Arc::new(Crossref::new(&config.crossref, access)?));
    }
    if !config.openalex.is_empty() {
        engines.push(Arc::new(OpenAlex::new(&config.openalex, config.openalex_key, access)?));
    }
    if !config.hacker_news.is_empty() {
        engines.push(Arc::new(HackerNews::new(&config.hacker_news, access)?));
    }
    if !config.stack_exchange.is_empty() {
        let site = &config.stack_exchange_site;
        engines.push(Arc::new(StackExchange::new(&config.stack_exchange, site, access)?));
    }
    if !config.github.is_empty() {
        engines.push(Arc::new(GitHub::new(&config.github, config.github_token, access)?));
    }
    Ok(engines)
}
