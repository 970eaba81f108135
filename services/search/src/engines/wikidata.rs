//! Wikidata: things by their name, through the MediaWiki action API.

use fetch::operator::OperatorError;
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, http::Upstream, query::HitList,
    wikipedia::ApiError,
};

const NAME: &str = "wikidata";

/// Search over labels and aliases of items; finds names, not questions.
pub struct Wikidata {
    upstream: Upstream,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    #[serde(default)]
    search: Vec<Item>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    label: Option<String>,
    description: Option<String>,
}

impl Wikidata {
    /// `base` is `https://www.wikidata.org` or a mirror of it.
    pub fn new(base: &str, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(base)? })
    }
}

#[async_trait::async_trait]
impl Engine for Wikidata {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Web
    }

    fn sites(&self) -> &[&str] {
        &["wikidata.org"]
    }

    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 10, every: std::time::Duration::from_millis(200) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let language = query.primary_language().unwrap_or_else(|| "en".to_owned());
        let (limit, offset) = (query.limit.clamp(1, 50).to_string(), query.offset().to_string());
        let request = self.upstream.get("/w/api.php").query(&[
            ("action", "wbsearchentities"),
            ("search", query.text.as_str()),
            ("language", &language),
            ("uselang", &language),
            ("type", "item"),
            ("limit", &limit),
            ("continue", &offset),
            ("format", "json"),
        ]);
        let answer: ApiResponse = self.upstream.json(request).await?;
        if let Some(error) = answer.error {
            return Err(error.into_engine_error());
        }
        let mut hits = HitList::new(NAME, query.limit);
        for item in answer.search {
            let url = format!("{}/wiki/{}", self.upstream.base(), item.id);
            hits.push(&url, &item.label.unwrap_or(item.id), &item.description.unwrap_or_default(), None);
        }
        Ok(hits.into_results())
    }
}
