//! GitHub: repositories, through its REST API.

use std::time::Duration;

use chrono::{DateTime, Utc};
use fetch::operator::OperatorError;
use reqwest::StatusCode;
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, dates,
    http::{Upstream, UpstreamResponse},
    query::HitList,
};

const NAME: &str = "github";

/// Repositories by name, description and topics.
pub struct GitHub {
    upstream: Upstream,
    token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    items: Vec<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    html_url: String,
    description: Option<String>,
    language: Option<String>,
    #[serde(default)]
    stargazers_count: u64,
    pushed_at: Option<String>,
}

impl GitHub {
    /// `base` is `https://api.github.com` or an enterprise server's API; `token` raises the rate limit.
    pub fn new(base: &str, token: Option<String>, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        Ok(Self { upstream: access.upstream(base)?, token })
    }
}

#[async_trait::async_trait]
impl Engine for GitHub {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Code
    }

    fn sites(&self) -> &[&str] {
        &["github.com"]
    }

    /// Ten searches a minute, thirty with a token.
    fn pace(&self) -> Option<Pace> {
        let every = Duration::from_secs(if self.token.is_some() { 2 } else { 6 });
        Some(Pace { burst: 5, every })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let mut words = query.text.clone();
        if let Some(recency) = query.recency {
            words.push_str(&format!(" pushed:>{}", recency.since(self.upstream.now()).format("%Y-%m-%d")));
        }
        let (per_page, page) = (query.limit.clamp(1, 50).to_string(), query.page.max(1).to_string());
        let mut request = self
            .upstream
            .get("/search/repositories")
            .query(&[("q", words.as_str()), ("per_page", &per_page), ("page", &page)])
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = self.upstream.send(request).await?;
        if !response.status.is_success() {
            return Err(failure(&response, self.upstream.now()));
        }
        let answer: ApiResponse = response.json()?;
        let mut hits = HitList::new(NAME, query.limit);
        for repository in answer.items {
            let language = repository.language.map(|language| format!("{language}, ")).unwrap_or_default();
            let about = repository.description.unwrap_or_default();
            let snippet = format!("{about} ({language}{} stars)", repository.stargazers_count);
            let pushed_at = repository.pushed_at.as_deref().and_then(dates::parse);
            hits.push(&repository.html_url, &repository.full_name, &snippet, pushed_at);
        }
        Ok(hits.into_results())
    }
}

/// An exhausted rate limit is 403 or 429 with the time of its reset; a 403 may also have `Retry-After`.
fn failure(response: &UpstreamResponse, now: DateTime<Utc>) -> EngineError {
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
    let limited = header("x-ratelimit-remaining") == Some("0") || response.retry_after().is_some();
    if !limited || !matches!(response.status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return response.failure();
    }
    let reset = header("x-ratelimit-reset").and_then(|seconds| dates::from_unix(seconds.parse().ok()?));
    let until_reset = reset.map(|reset| (reset - now).to_std().unwrap_or_default());
    EngineError::RateLimited { retry_after: response.retry_after().or(until_reset), advice: None }
}
