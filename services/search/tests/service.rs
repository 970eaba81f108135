//! The whole service through gRPC and HTTP, on both databases, against a fake SearXNG and fake web sites.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "service/copies.rs"]
mod copies;
#[path = "service/hostile_queries.rs"]
mod hostile_queries;
#[path = "service/http.rs"]
mod http;
#[path = "service/passages.rs"]
mod passages;
#[path = "service/queries.rs"]
mod queries;
#[path = "service/shared.rs"]
mod shared;
#[path = "service/site.rs"]
mod site;
#[path = "service/vectors.rs"]
mod vectors;

use proto::search::v1::{self as pb, passages_event::Event, search_service_client::SearchServiceClient};
use serde_json::{Value, json};
use testkit::{
    FakeSearxng, FakeWeb,
    service::{Person, TestService, World},
};
use tokio_stream::StreamExt;

/// A service that asks one SearXNG and may read loopback.
struct Stage {
    world: World,
    web: FakeWeb,
    searxng: FakeSearxng,
    service: TestService,
    who: Person,
}

impl Stage {
    async fn start(world: World) -> Self {
        Self::with(world, &[]).await
    }

    /// `settings` come on top.
    async fn with(mut world: World, settings: &[(&str, &str)]) -> Self {
        let web = FakeWeb::start().await;
        let searxng = FakeSearxng::start(&web.url()).await;
        world.set("SEARXNG_URL", searxng.url());
        world.set("SEARCH_ENGINES", "none");
        world.set("FETCH_ALLOW_CIDRS", "127.0.0.0/8");
        world.set("FETCH_PER_HOST", "8");
        for (name, value) in settings {
            world.set(name, *value);
        }
        world.executable = env!("CARGO_BIN_EXE_search-svc").into();
        let service = world.start(search_svc::SERVICE).await;
        let who = world.person();
        Self { world, web, searxng, service, who }
    }

    fn client(&self) -> SearchServiceClient<rpc::Transport> {
        SearchServiceClient::new(self.service.transport())
    }

    /// Everything that happened, to the end.
    async fn passages(&self, who: &Person, request: pb::PassagesRequest) -> Story {
        let stream = self.client().passages(who.grpc(request)).await.unwrap().into_inner();
        let events: Vec<_> = stream.collect().await;
        Story::of(events.into_iter().map(|event| event.unwrap().event.unwrap()))
    }

    /// What the engines find; the best page is opened too.
    async fn search(&self, who: &Person, query: &str) -> Found {
        Found::of(self.passages(who, asking(query, 1, 20_000)).await)
    }

    /// Opens one page.
    async fn read(&self, who: &Person, url: &str) -> Read {
        self.read_at(&self.service, who, url).await
    }

    async fn read_at(&self, service: &TestService, who: &Person, url: &str) -> Read {
        let request = pb::PassagesRequest { urls: vec![url.to_owned()], deadline_ms: 20_000, ..Default::default() };
        let mut client = SearchServiceClient::new(service.transport());
        let stream = client.passages(who.grpc(request)).await.unwrap().into_inner();
        let events: Vec<_> = stream.collect().await;
        let story = Story::of(events.into_iter().map(|event| event.unwrap().event.unwrap()));
        Read { pages: story.opened.into_iter().map(|opened| opened.page.unwrap()).collect(), failures: story.failed }
    }

    /// The stored text of a copy.
    async fn text(&self, who: &Person, snapshot: &str) -> String {
        let copy = self.service.get(who, &format!("/api/v1/search/pages/{snapshot}")).await;
        copy.expect(axum::http::StatusCode::OK)["text"].as_str().unwrap().to_owned()
    }

    /// Sets what SearXNG finds for `query`, by paths of the fake site.
    fn finds(&self, query: &str, paths: &[&str]) {
        let found = paths.iter().map(|path| result(&format!("{}{path}", self.web.url()))).collect();
        self.searxng.set_results(query, found);
    }
}

fn result(url: &str) -> Value {
    json!({"url": url, "title": format!("About {url}"), "content": "a blurb", "engine": "google", "publishedDate": null})
}

fn asking(query: &str, pages: u32, deadline_ms: u32) -> pb::PassagesRequest {
    pb::PassagesRequest { queries: vec![query.to_owned()], pages, deadline_ms, ..Default::default() }
}

/// What the engines found.
struct Found {
    results: Vec<pb::Result>,
    engines: Vec<pb::EngineOutcome>,
    outage: bool,
    from_cache: bool,
}

impl Found {
    /// The last list is the whole one.
    fn of(mut story: Story) -> Self {
        let last = story.results.pop().unwrap_or_default();
        let (engines, outage) = (story.end.engines, story.end.outage);
        Self { results: last.results, engines, outage, from_cache: last.from_cache }
    }
}

/// What came of opening an address.
#[derive(Debug)]
struct Read {
    pages: Vec<pb::Page>,
    failures: Vec<pb::passages_event::Failed>,
}

/// A finished search for passages.
#[derive(Default)]
struct Story {
    results: Vec<pb::SearchResults>,
    opened: Vec<pb::passages_event::Opened>,
    failed: Vec<pb::passages_event::Failed>,
    degraded: Vec<String>,
    end: pb::passages_event::Finished,
}

impl Story {
    fn of(events: impl Iterator<Item = Event>) -> Self {
        let mut story = Self::default();
        for event in events {
            match event {
                Event::Engine(_) => {}
                Event::Results(results) => story.results.push(results),
                Event::Opened(opened) => story.opened.push(opened),
                Event::Failed(failed) => story.failed.push(failed),
                Event::Degraded(degraded) => story.degraded.push(degraded.reason),
                Event::Finished(finished) => story.end = finished,
            }
        }
        story
    }

    fn urls(&self) -> Vec<&str> {
        let mut urls: Vec<&str> = self.opened.iter().map(|opened| opened.page.as_ref().unwrap().url.as_str()).collect();
        urls.sort_unstable();
        urls
    }

    fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.failed.iter().map(|failed| failed.code.as_str()).collect();
        codes.sort_unstable();
        codes
    }

    /// The passage that the ranking at the end puts first.
    fn best(&self) -> &pb::Passage {
        self.ranked(0)
    }

    fn ranked(&self, place: usize) -> &pb::Passage {
        let ranked = &self.end.ranking[place];
        let mut pages = self.opened.iter();
        let page = pages.find(|opened| opened.page.as_ref().unwrap().snapshot_id == ranked.snapshot_id).unwrap();
        &page.passages[ranked.place as usize]
    }
}
