//! OpenAlex: an open catalogue of scholarly works. Without a key its daily allowance is small.

use std::collections::BTreeMap;

use fetch::operator::OperatorError;
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, dates, http::Upstream, query::HitList,
};

const NAME: &str = "openalex";

/// Words of an abstract used as the snippet.
const SNIPPET_WORDS: usize = 80;

/// Works by title, abstract and full text.
pub struct OpenAlex {
    upstream: Upstream,
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    results: Vec<Work>,
}

#[derive(Debug, Deserialize)]
struct Work {
    id: String,
    doi: Option<String>,
    display_name: Option<String>,
    publication_date: Option<String>,
    primary_location: Option<Location>,
    /// Each word with its positions; publishers do not permit abstracts to be passed on as text.
    abstract_inverted_index: Option<BTreeMap<String, Vec<usize>>>,
}

#[derive(Debug, Deserialize)]
struct Location {
    landing_page_url: Option<String>,
}

impl OpenAlex {
    /// `base` is `https://api.openalex.org` or a mirror of it; `key` raises the daily allowance.
    pub fn new(base: &str, key: Option<String>, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(base)?, key })
    }
}

#[async_trait::async_trait]
impl Engine for OpenAlex {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Academic
    }

    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 10, every: std::time::Duration::from_millis(100) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let mut parameters = vec![
            ("search", query.text.clone()),
            ("per_page", query.limit.clamp(1, 50).to_string()),
            ("page", query.page.max(1).to_string()),
            ("select", "id,doi,display_name,publication_date,primary_location,abstract_inverted_index".to_owned()),
        ];
        if let Some(recency) = query.recency {
            let since = recency.since(self.upstream.now()).format("%Y-%m-%d");
            parameters.push(("filter", format!("from_publication_date:{since}")));
        }
        if let Some(key) = &self.key {
            parameters.push(("api_key", key.clone()));
        }
        let answer: ApiResponse = self.upstream.json(self.upstream.get("/works").query(&parameters)).await?;
        let mut hits = HitList::new(NAME, query.limit);
        for work in answer.results {
            let landing = work.primary_location.and_then(|location| location.landing_page_url);
            let url = landing.or(work.doi).unwrap_or(work.id);
            let snippet = work.abstract_inverted_index.map(|index| snippet(&index)).unwrap_or_default();
            let published_at = work.publication_date.as_deref().and_then(dates::parse);
            hits.push(&url, work.display_name.as_deref().unwrap_or_default(), &snippet, published_at);
        }
        Ok(hits.into_results())
    }
}

/// The beginning of an abstract, put together from its index.
fn snippet(index: &BTreeMap<String, Vec<usize>>) -> String {
    let mut words: Vec<(usize, &str)> = Vec::new();
    for (word, places) in index {
        words.extend(places.iter().map(|&place| (place, word.as_str())));
    }
    words.sort_unstable();
    let words: Vec<&str> = words.into_iter().take(SNIPPET_WORDS).map(|(_, word)| word).collect();
    words.join(" ")
}
