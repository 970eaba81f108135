//! arXiv, through its Atom export API.

use std::time::Duration;

use fetch::operator::OperatorError;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, http::Upstream, query::HitList,
};

const NAME: &str = "arxiv";

/// Preprints by all words of the query.
pub struct Arxiv {
    upstream: Upstream,
}

impl Arxiv {
    /// `base` is `https://export.arxiv.org` or a mirror of it.
    pub fn new(base: &str, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(base)? })
    }

    /// The query in arXiv's own language, where punctuation has a meaning; `None` when no word is left.
    fn expression(&self, query: &Query) -> Option<String> {
        let words = query.text.split(|letter: char| !letter.is_alphanumeric());
        let mut terms: Vec<String> = words.filter(|word| !word.is_empty()).map(|word| format!("all:{word}")).collect();
        if terms.is_empty() {
            return None;
        }
        if let Some(recency) = query.recency {
            let now = self.upstream.now();
            let (since, now) = (recency.since(now).format("%Y%m%d%H%M"), now.format("%Y%m%d%H%M"));
            terms.push(format!("submittedDate:[{since} TO {now}]"));
        }
        Some(terms.join(" AND "))
    }
}

#[async_trait::async_trait]
impl Engine for Arxiv {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Academic
    }

    fn sites(&self) -> &[&str] {
        &["arxiv.org"]
    }

    /// Its terms of use allow one request every three seconds.
    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 1, every: Duration::from_secs(3) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let Some(expression) = self.expression(query) else { return Ok(EngineResults::default()) };
        let (start, limit) = (query.offset().to_string(), query.limit.clamp(1, 50).to_string());
        let request = self.upstream.get("/api/query").query(&[
            ("search_query", expression.as_str()),
            ("start", &start),
            ("max_results", &limit),
            ("sortBy", "relevance"),
        ]);
        let response = self.upstream.send(request).await?.success()?;
        let feed = feed_rs::parser::parse(response.body.as_slice());
        let feed = feed.map_err(|error| EngineError::Decode(error.to_string()))?;
        let mut hits = HitList::new(NAME, query.limit);
        for entry in feed.entries {
            // A query it cannot read is answered with status 200 and one entry that describes the error.
            if entry.id.contains("/api/errors") {
                return Err(EngineError::BadQuery { status: 200 });
            }
            let page = entry.links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
            let url = page.map_or(entry.id.as_str(), |link| link.href.as_str());
            let title = entry.title.as_ref().map_or("", |title| title.content.as_str());
            let summary = entry.summary.as_ref().map_or("", |summary| summary.content.as_str());
            hits.push(url, title, summary, entry.published.or(entry.updated));
        }
        Ok(hits.into_results())
    }
}
