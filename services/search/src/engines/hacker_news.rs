//! Hacker News, through Algolia's search API.

use std::time::Duration;

use fetch::operator::OperatorError;
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, dates, http::Upstream, query::HitList,
};

const NAME: &str = "hacker_news";

/// Where a discussion is read; the search API only knows its number.
const DISCUSSION: &str = "https://news.ycombinator.com/item?id=";

/// Stories and what is said about them.
pub struct HackerNews {
    upstream: Upstream,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    hits: Vec<Story>,
}

#[derive(Debug, Deserialize)]
struct Story {
    #[serde(rename = "objectID")]
    id: String,
    title: Option<String>,
    /// Missing for questions to the community.
    url: Option<String>,
    story_text: Option<String>,
    created_at_i: Option<i64>,
    points: Option<i64>,
    num_comments: Option<i64>,
}

impl HackerNews {
    /// `base` is `https://hn.algolia.com` or a mirror of it.
    pub fn new(base: &str, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(base)? })
    }
}

#[async_trait::async_trait]
impl Engine for HackerNews {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        matches!(kind, SearchKind::Web | SearchKind::Discussions | SearchKind::News)
    }

    /// Ten thousand requests an hour.
    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 20, every: Duration::from_millis(360) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let mut parameters = vec![
            ("query", query.text.clone()),
            ("tags", "story".to_owned()),
            ("hitsPerPage", query.limit.clamp(1, 50).to_string()),
            // Its pages count from zero.
            ("page", (query.page.max(1) - 1).to_string()),
        ];
        if let Some(recency) = query.recency {
            let since = recency.since(self.upstream.now()).timestamp();
            parameters.push(("numericFilters", format!("created_at_i>{since}")));
        }
        let answer: ApiResponse = self.upstream.json(self.upstream.get("/api/v1/search").query(&parameters)).await?;
        let mut hits = HitList::new(NAME, query.limit);
        for story in answer.hits {
            let discussion = format!("{DISCUSSION}{}", story.id);
            let article = story.url.filter(|url| query.kind != SearchKind::Discussions && !url.is_empty());
            let snippet = story.story_text.filter(|text| !text.is_empty()).unwrap_or_else(|| {
                format!("{} points, {} comments", story.points.unwrap_or(0), story.num_comments.unwrap_or(0))
            });
            let published_at = story.created_at_i.and_then(dates::from_unix);
            hits.push(
                &article.unwrap_or(discussion),
                story.title.as_deref().unwrap_or_default(),
                &snippet,
                published_at,
            );
        }
        Ok(hits.into_results())
    }
}
