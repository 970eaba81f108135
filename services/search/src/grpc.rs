//! gRPC service: validates requests and maps results.

mod convert;

use std::{pin::Pin, sync::Arc, time::Duration};

use access::Caller;
use base::problem::{Problem, Violation};
use futures::{Stream, StreamExt};
use proto::search::v1::{
    self as pb,
    search_service_server::{SearchService, SearchServiceServer},
};
use tonic::{Request, Response, Status};

use self::convert::{default, queries};
use crate::{
    Search,
    passages::{self, PassagesRequest},
    web::WebQuery,
};

/// Default timeout in milliseconds.
const PASSAGES_TIMEOUT_MS: u32 = 6_000;
const MAX_URLS: usize = 20;

pub(crate) fn server(search: Search) -> SearchServiceServer<SearchGrpc> {
    SearchServiceServer::new(SearchGrpc { search })
}

pub(crate) struct SearchGrpc {
    search: Search,
}

#[tonic::async_trait]
impl SearchService for SearchGrpc {
    type PassagesStream = Pin<Box<dyn Stream<Item = Result<pb::PassagesEvent, Status>> + Send>>;

    async fn passages(&self, request: Request<pb::PassagesRequest>) -> Result<Response<Self::PassagesStream>, Status> {
        let who = Arc::new(Caller::of(&request)?);
        let request = passages_request(who, request.into_inner())?;
        let mut pages = Vec::new();
        let events = passages::find(&self.search, request);
        let events = events.map(move |event| Ok(convert::event(event, &mut pages)));
        Ok(Response::new(Box::pin(events)))
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
