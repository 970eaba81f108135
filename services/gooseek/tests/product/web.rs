//! Answers from the web: a search engine finds, pages are opened, and only what was opened is cited.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    FakeSearxng, FakeWeb, SearxngFault,
    gooseek::{check_log, text},
};

use crate::support::{check_citations, on_both};

/// A search engine that knows pages of `web` for one query.
pub(crate) async fn engine_for(web: &FakeWeb, query: &str, paths: &[&str]) -> FakeSearxng {
    let engine = FakeSearxng::start(&web.url()).await;
    let result = |path: &&str| json!({ "url": format!("{}{path}", web.url()), "title": format!("Page {path}"), "content": "", "engine": "google" });
    engine.set_results(query, paths.iter().map(result).collect());
    engine
}

const QUERY: &str = "When was work on the lighthouse of Aldersund 0 finished";

/// The question that [`FakeWeb::fact`] number 0 answers.
pub(crate) fn about_the_lighthouse() -> Value {
    json!({ "query": format!("{QUERY}?"), "sources": ["web"], "mode": "speed" })
}

/// An engine that finds that page among others.
pub(crate) async fn lighthouse_engine(web: &FakeWeb) -> FakeSearxng {
    engine_for(web, QUERY, &["/a/0", "/a/1", "/a/2", "/a/3", "/a/4"]).await
}

on_both! {
    async fn a_fact_is_cited_from_an_opened_page_whose_copy_can_be_read(server: Builder) {
        let web = FakeWeb::start().await;
        let engine = lighthouse_engine(&web).await;
        let server = server.set("SEARXNG_URL", engine.url()).start().await;
        let client = server.client();
        let answer = client.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
        assert_eq!(answer["status"], "complete");
        let fact = FakeWeb::fact(0);
        assert!(answer["answer"].as_str().unwrap().contains(fact.trim_end_matches('.')), "{answer:#}");
        check_citations(&client, &answer).await;
        assert_eq!(answer["citations"][0]["support"], "verbatim", "{answer:#}");
        let cited = &answer["sources"][usize::try_from(answer["citations"][0]["source"].as_u64().unwrap()).unwrap() - 1];
        assert_eq!(cited["url"], web.page(0));
        assert_eq!(cited["published_at"].as_str().unwrap()[..10], FakeWeb::date(0));

        let opened = web.opened();
        assert_eq!(opened.len(), 5, "{opened:?}");
        assert_eq!(answer["usage"]["pages_opened"], 5);
        assert!(opened.values().all(|times| *times == 1), "{opened:?}");
        assert_eq!(engine.calls().len(), 1);

        client.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
        assert_eq!(engine.calls().len(), 1, "the same question again is answered from what was kept");
        assert_eq!(web.opened(), opened);
    }
}

#[tokio::test]
async fn pages_that_misbehave_are_named_and_not_waited_for() {
    let web = FakeWeb::start().await;
    let engine = engine_for(&web, QUERY, &["/slow", "/500", "/a/0", "/loop", "/wrong-type"]).await;
    let server = crate::support::gooseek().set("SEARXNG_URL", engine.url()).start().await;
    let events = server.client().ask_stream(&about_the_lighthouse()).await.rest().await;
    assert_eq!(check_log(&events).data["status"], "complete");
    assert!(text(&events).contains("finished in 1200"), "{events:#?}");
    let opens = |status: &str| {
        let of = |event: &&testkit::gooseek::Event| event.data["kind"] == "open" && event.data["status"] == status;
        let mut urls: Vec<String> =
            events.iter().filter(of).map(|event| event.data["url"].as_str().unwrap().to_owned()).collect();
        urls.sort();
        urls
    };
    assert_eq!(opens("done"), [web.page(0)]);
    let failed = opens("failed");
    for path in ["/500", "/loop", "/wrong-type"] {
        assert!(failed.contains(&format!("{}{path}", web.url())), "{path} in {failed:?}");
    }
}

#[tokio::test]
async fn when_the_engine_fails_what_was_kept_stands_in_and_the_failure_is_named() {
    let web = FakeWeb::start().await;
    let engine = lighthouse_engine(&web).await;
    let server =
        crate::support::gooseek().set("SEARXNG_URL", engine.url()).set("SEARCH_CACHE_TTL", "1ms").start().await;
    let client = server.client();
    client.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
    engine.set_fault(Some(SearxngFault::Limiter));
    let events = client.ask_stream(&about_the_lighthouse()).await.rest().await;
    assert_eq!(check_log(&events).kind, "done");
    assert!(text(&events).contains("finished in 1200"), "{events:#?}");
    let searched = |event: &&testkit::gooseek::Event| event.data["kind"] == "search" && event.data["status"] == "done";
    let search = events.iter().find(searched).unwrap();
    assert!(search.data["error"].as_str().unwrap().contains("searxng"), "{search:?}");

    let engines = client.get("/api/v1/search/engines").await.expect(StatusCode::OK);
    let state = engines["engines"].as_array().unwrap().iter().find(|engine| engine["name"] == "searxng").unwrap();
    assert!(state["failures"].as_u64().unwrap() > 0, "{state}");
    assert!(!state["last_error"].is_null(), "{state}");
}

#[tokio::test]
async fn a_search_shows_text_of_the_opened_pages() {
    let web = FakeWeb::start().await;
    let engine = lighthouse_engine(&web).await;
    let server = crate::support::gooseek().set("SEARXNG_URL", engine.url()).start().await;
    let body = json!({ "query": QUERY, "max_results": 3 });
    let found = server.client().post("/api/v1/search", &body).await.expect(StatusCode::OK);
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{found:#}");
    let page = results.iter().find(|result| result["url"] == web.page(0)).unwrap();
    assert!(page["snippet"].as_str().unwrap().contains(&FakeWeb::fact(0)), "{page:#}");
    let printed = server.command(&["search", QUERY]).await;
    assert!(String::from_utf8_lossy(&printed.stdout).contains(&web.page(0)), "{printed:?}");
}
