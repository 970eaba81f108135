//! gRPC service: validates requests and maps results.

mod convert;

use std::{pin::Pin, sync::Arc, time::Duration};

use access::Caller;
use base::problem::{Problem, Violation};
use futures::{Stream, StreamExt, stream::FuturesOrdered};
use proto::search::v1::{
    self as pb,
    search_service_server::{SearchService, SearchServiceServer},
};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use self::convert::{default, outcome, page, queries, results};
use crate::{
    Search,
    passages::{self, PassagesRequest},
    web::{MergedReports, WebQuery},
};

const SEARCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Default timeouts in milliseconds.
const READ_TIMEOUT_MS: u32 = 8_000;
const PASSAGES_TIMEOUT_MS: u32 = 6_000;
const MAX_URLS: usize = 20;
const MAX_SUGGEST_CHARS: usize = 200;

pub(crate) fn server(search: Search) -> SearchServiceServer<SearchGrpc> {
    SearchServiceServer::new(SearchGrpc { search })
}

pub(crate) struct SearchGrpc {
    search: Search,
}

#[tonic::async_trait]
impl SearchService for SearchGrpc {
    type PassagesStream = Pin<Box<dyn Stream<Item = Result<pb::PassagesEvent, Status>> + Send>>;

    async fn search(&self, request: Request<pb::SearchRequest>) -> Result<Response<pb::SearchResponse>, Status> {
        let who = Arc::new(Caller::of(&request)?);
        let message = request.into_inner();
        let limit = default(message.limit, 10, 100);
        let queries = queries(&message.queries, message.kind(), message.filters.as_ref(), limit)?;
        let filters = queries.first().cloned().ok_or_else(|| invalid("queries", "at least one"))?;
        let query = WebQuery { who, queries, private: message.private, timeout: SEARCH_TIMEOUT };
        let mut merged = MergedReports::new(filters);
        let mut reports = self.search.web.search(&query);
        while let Some(report) = reports.next().await {
            merged.add(report);
        }
        let mut found = merged.results();
        found.truncate(limit);
        Ok(Response::new(pb::SearchResponse {
            results: results(found),
            engines: merged.reports.iter().map(outcome).collect(),
            outage: merged.outage().is_some(),
            from_cache: merged.cached,
        }))
    }

    async fn read(&self, request: Request<pb::ReadRequest>) -> Result<Response<pb::ReadResponse>, Status> {
        let who = Caller::of(&request)?;
        let message = request.into_inner();
        if message.urls.len() > MAX_URLS {
            return Err(invalid("urls", "at most 20"));
        }
        let timeout = Duration::from_millis(default(message.deadline_ms, READ_TIMEOUT_MS, 60_000) as u64);
        let deadline = Instant::now() + timeout;
        let open = |url: &String| {
            let (url, who, pages) = (url.clone(), who.clone(), self.search.pages.clone());
            async move {
                let opened = pages.open(&who, &url, deadline).await;
                (url, opened)
            }
        };
        let mut opening: FuturesOrdered<_> = message.urls.iter().map(open).collect();
        let mut answer = pb::ReadResponse::default();
        while let Some((url, opened)) = opening.next().await {
            match opened {
                Ok(opened) => answer.pages.push(page(&opened.page, true)),
                Err(error) => {
                    answer.failures.push(pb::read_response::Failure { url, code: error.code().to_owned() });
                }
            }
        }
        Ok(Response::new(answer))
    }

    async fn passages(&self, request: Request<pb::PassagesRequest>) -> Result<Response<Self::PassagesStream>, Status> {
        let who = Arc::new(Caller::of(&request)?);
        let request = passages_request(who, request.into_inner())?;
        let mut pages = Vec::new();
        let events = passages::find(&self.search, request);
        let events = events.map(move |event| Ok(convert::event(event, &mut pages)));
        Ok(Response::new(Box::pin(events)))
    }

    async fn suggest(&self, request: Request<pb::SuggestRequest>) -> Result<Response<pb::SuggestResponse>, Status> {
        Caller::of(&request)?;
        let text = request.into_inner().text;
        if text.is_empty() || text.chars().count() > MAX_SUGGEST_CHARS {
            return Err(invalid("text", "1 to 200 characters"));
        }
        let suggested = self.search.web.suggest(&text).await;
        let suggestions = suggested.map_err(|outage| Status::unavailable(outage.to_string()))?;
        Ok(Response::new(pb::SuggestResponse { suggestions }))
    }

    async fn snapshot(&self, request: Request<pb::SnapshotRequest>) -> Result<Response<pb::SnapshotResponse>, Status> {
        let who = Caller::of(&request)?;
        let found = self.search.pages.snapshot(&who, &request.get_ref().snapshot_id).await?;
        Ok(Response::new(pb::SnapshotResponse { page: Some(page(&found, true)) }))
    }
}

fn passages_request(who: Arc<Caller>, message: pb::PassagesRequest) -> Result<PassagesRequest, Status> {
    let pages = default(message.pages, 5, 20);
    if message.urls.len() > MAX_URLS {
        return Err(invalid("urls", "at most 20"));
    }
    let queries = queries(&message.queries, message.kind(), message.filters.as_ref(), 10.max(pages * 2))?;
    if queries.is_empty() && message.urls.is_empty() {
        return Err(invalid("queries", "at least one, or an address in urls"));
    }
    let question = if message.question.is_empty() { message.queries.join(" ") } else { message.question };
    let timeout = Duration::from_millis(default(message.deadline_ms, PASSAGES_TIMEOUT_MS, 60_000) as u64);
    Ok(PassagesRequest {
        // Without queries only the given addresses are opened.
        pages: if queries.is_empty() { 0 } else { pages },
        web: WebQuery { who, queries, private: message.private, timeout },
        question,
        passages: default(message.passages_per_page, 6, 50),
        urls: message.urls,
        exclude_urls: message.exclude_urls,
        timeout,
    })
}

fn invalid(field: &str, detail: &str) -> Status {
    Problem::invalid(vec![Violation::new(field, detail)]).into()
}
