//! Stack Exchange: questions and answers. Its API compresses every response with gzip, whatever the client accepts.

use std::time::Duration;

use fetch::operator::OperatorError;
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess, dates,
    http::{Upstream, UpstreamResponse},
    query::HitList,
};

const NAME: &str = "stack_exchange";

/// Characters of a question's text used as the snippet.
const SNIPPET_CHARS: usize = 500;

/// Questions of one site of the network.
pub struct StackExchange {
    upstream: Upstream,
    site: String,
    hosts: [&'static str; 2],
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    #[serde(default)]
    items: Vec<Question>,
    /// Seconds to wait before the same method is called again.
    backoff: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Question {
    link: String,
    title: String,
    body: Option<String>,
    creation_date: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    error_name: String,
    #[serde(default)]
    error_message: String,
}

impl StackExchange {
    /// `base` is `https://api.stackexchange.com` or a mirror of it; `site` is a site's name in the API.
    pub fn new(base: &str, site: &str, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        let hosts = ["stackoverflow.com", "stackexchange.com"];
        Ok(Self { upstream: access.upstream(base)?, site: site.to_owned(), hosts })
    }
}

#[async_trait::async_trait]
impl Engine for StackExchange {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        matches!(kind, SearchKind::Web | SearchKind::Discussions | SearchKind::Code)
    }

    fn sites(&self) -> &[&str] {
        &self.hosts
    }

    /// Thirty a second are tolerated, three hundred a day without a key; the pace keeps bursts short.
    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 5, every: Duration::from_secs(1) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let mut parameters = vec![
            ("q", query.text.clone()),
            ("site", self.site.clone()),
            ("order", "desc".to_owned()),
            ("sort", "relevance".to_owned()),
            ("page", query.page.max(1).to_string()),
            ("pagesize", query.limit.clamp(1, 50).to_string()),
            ("filter", "withbody".to_owned()),
        ];
        if let Some(recency) = query.recency {
            parameters.push(("fromdate", recency.since(self.upstream.now()).timestamp().to_string()));
        }
        let request = self.upstream.get("/2.3/search/advanced").query(&parameters);
        let response = self.upstream.send(request).await?;
        if !response.status.is_success() {
            return Err(failure(&response));
        }
        let answer: ApiResponse = response.json()?;
        let mut hits = HitList::new(NAME, query.limit);
        for question in answer.items {
            let body: String =
                super::markup::plain(&question.body.unwrap_or_default()).chars().take(SNIPPET_CHARS).collect();
            hits.push(&question.link, &question.title, &body, question.creation_date.and_then(dates::from_unix));
        }
        Ok(EngineResults { pause: answer.backoff.map(Duration::from_secs), ..hits.into_results() })
    }
}

/// An exhausted quota comes as status 400 with an error name; the message contains the seconds until it is reset.
fn failure(response: &UpstreamResponse) -> EngineError {
    let Ok(failure) = response.json::<Failure>() else { return response.failure() };
    match failure.error_name.as_str() {
        "throttle_violation" | "temporarily_unavailable" => {
            let seconds = failure.error_message.split_whitespace().find_map(|word| word.parse().ok());
            EngineError::RateLimited { retry_after: seconds.map(Duration::from_secs), advice: None }
        }
        "access_token_required" | "key_required" | "invalid_access_token" => EngineError::Unauthorized,
        _ => response.failure(),
    }
}
