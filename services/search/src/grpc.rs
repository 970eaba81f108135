//! SearchService: parse, call, map.

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
    passages::{self, Wanted},
    web::Asked,
};

const PASSAGES_WITHIN: u32 = 6_000;
const MOST_URLS: usize = 20;

pub(crate) fn server(search: Search) -> SearchServiceServer<Grpc> {
    SearchServiceServer::new(Grpc { search })
}

pub(crate) struct Grpc {
    search: Search,
}

#[tonic::async_trait]
impl SearchService for Grpc {
    type PassagesStream = Pin<Box<dyn Stream<Item = Result<pb::PassagesEvent, Status>> + Send>>;

    async fn passages(&self, request: Request<pb::PassagesRequest>) -> Result<Response<Self::PassagesStream>, Status> {
        let who = Arc::new(Caller::of(&request)?);
        let wanted = wanted(who, request.into_inner())?;
        let mut pages = Vec::new();
        let events = passages::find(&self.search, wanted);
        let events = events.map(move |event| Ok(convert::event(event, &mut pages)));
        Ok(Response::new(Box::pin(events)))
    }
}

fn wanted(who: Arc<Caller>, message: pb::PassagesRequest) -> Result<Wanted, Status> {
    let pages = default(message.pages, 5, 20);
    if message.urls.len() > MOST_URLS {
        return Err(invalid("urls", "at most 20"));
    }
    let queries = queries(&message.queries, message.kind(), message.filters.as_ref(), 10.max(pages * 2))?;
    if queries.is_empty() && message.urls.is_empty() {
        return Err(invalid("queries", "at least one, or an address in urls"));
    }
    let question = if message.question.is_empty() { message.queries.join(" ") } else { message.question };
    let within = Duration::from_millis(default(message.deadline_ms, PASSAGES_WITHIN, 60_000) as u64);
    Ok(Wanted {
        // Without queries only the given addresses are opened.
        pages: if queries.is_empty() { 0 } else { pages },
        asked: Asked { who, queries, private: message.private, within },
        question,
        passages: default(message.passages_per_page, 6, 50),
        urls: message.urls,
        exclude_urls: message.exclude_urls,
        within,
    })
}

fn invalid(field: &str, detail: &str) -> Status {
    Problem::invalid(vec![Violation::new(field, detail)]).into()
}
