//! Crossref: scholarly works of all publishers that register their DOIs there.

use std::time::Duration;

use fetch::operator::OperatorError;
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, dates, http::Upstream, query::HitList,
};

const NAME: &str = "crossref";

/// Works by bibliographic data.
pub struct Crossref {
    upstream: Upstream,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    message: Message,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    items: Vec<Work>,
}

#[derive(Debug, Deserialize)]
struct Work {
    #[serde(rename = "DOI")]
    doi: String,
    #[serde(rename = "URL")]
    url: Option<String>,
    #[serde(default)]
    title: Vec<String>,
    /// JATS markup; many publishers give none.
    #[serde(rename = "abstract")]
    summary: Option<String>,
    #[serde(rename = "container-title", default)]
    container: Vec<String>,
    published: Option<PartialDate>,
}

/// Year, perhaps month, perhaps day; a work without date has `[[null]]`.
#[derive(Debug, Deserialize)]
struct PartialDate {
    #[serde(rename = "date-parts", default)]
    parts: Vec<Vec<Option<i32>>>,
}

impl Crossref {
    /// `base` is `https://api.crossref.org` or a mirror of it.
    pub fn new(base: &str, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(base)? })
    }
}

#[async_trait::async_trait]
impl Engine for Crossref {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Academic
    }

    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 5, every: Duration::from_millis(500) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let (rows, offset) = (query.limit.clamp(1, 50).to_string(), query.offset().to_string());
        let mut parameters = vec![
            ("query", query.text.clone()),
            ("rows", rows),
            ("offset", offset),
            ("select", "DOI,URL,title,abstract,container-title,published".to_owned()),
        ];
        if let Some(recency) = query.recency {
            let since = recency.since(self.upstream.now()).format("%Y-%m-%d");
            parameters.push(("filter", format!("from-pub-date:{since}")));
        }
        let answer: ApiResponse = self.upstream.json(self.upstream.get("/works").query(&parameters)).await?;
        let mut hits = HitList::new(NAME, query.limit);
        for work in answer.message.items {
            let url = work.url.unwrap_or_else(|| format!("https://doi.org/{}", work.doi));
            let title = work.title.first().map_or(work.doi.as_str(), String::as_str);
            let snippet = work.summary.or(work.container.into_iter().next()).unwrap_or_default();
            let parts: Option<Vec<i32>> =
                work.published.and_then(|date| date.parts.into_iter().next()?.into_iter().collect());
            hits.push(&url, title, &snippet, parts.and_then(|parts| dates::from_parts(&parts)));
        }
        Ok(hits.into_results())
    }
}
