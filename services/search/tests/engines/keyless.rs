//! The keyless engines, each against its upstream's rules.

use std::{sync::Arc, time::Duration};

use search_svc::engines::{
    Engine, EngineError, Engines, EnginesConfig, KeylessConfig, Query, Recency, SearchKind, UpstreamAccess, keyless,
};
use testkit::{FakeEngine, FakeEngines, Fault};

use super::{TestClock, access, titles, urls};

fn config(fake: &FakeEngines) -> KeylessConfig {
    KeylessConfig {
        wikipedia: fake.base(FakeEngine::Wikipedia),
        wikidata: fake.base(FakeEngine::Wikidata),
        arxiv: fake.base(FakeEngine::Arxiv),
        crossref: fake.base(FakeEngine::Crossref),
        openalex: fake.base(FakeEngine::OpenAlex),
        hacker_news: fake.base(FakeEngine::HackerNews),
        stack_exchange: fake.base(FakeEngine::StackExchange),
        github: fake.base(FakeEngine::GitHub),
        ..KeylessConfig::default()
    }
}

async fn engines() -> (FakeEngines, Vec<Arc<dyn Engine>>) {
    let fake = FakeEngines::start().await;
    let engines = keyless(config(&fake), &access()).unwrap();
    (fake, engines)
}

fn named<'a>(engines: &'a [Arc<dyn Engine>], name: &str) -> &'a dyn Engine {
    engines.iter().find(|engine| engine.name() == name).unwrap().as_ref()
}

#[tokio::test]
async fn every_engine_reads_its_upstream() {
    let (_fake, engines) = engines().await;
    for (name, url, title, snippet, date) in [
        ("wikidata", "/wikidata/wiki/Q1", "rust (wikidata 1)", "thing", None),
        ("arxiv", "https://arxiv.org/abs/2601.00001v1", "all:rust (arxiv 1)", "Two lines", Some("2026-01-01")),
        ("crossref", "https://doi.org/10.5555/1", "rust (crossref 1)", "We show H2O.", Some("2024-05-17")),
        (
            "openalex",
            "https://journal.example/1",
            "rust (openalex 1)",
            "An abstract of an abstract",
            Some("2024-05-17"),
        ),
        ("hacker_news", "https://news.example/1", "rust (hacker_news 1)", "10 points, 4 comments", Some("2026-01-01")),
        (
            "stack_exchange",
            "https://stackoverflow.com/questions/1/question",
            "rust (stack_exchange 1) \"quoted\"",
            "How do I await?",
            Some("2026-01-01"),
        ),
        ("github", "https://github.com/owner/1", "owner/1", "rust (github 1) (Rust, 42 stars)", Some("2026-01-01")),
    ] {
        let found = named(&engines, name).search(&Query::new("rust")).await.unwrap();
        let first = &found.hits[0];
        assert_eq!(found.hits.len(), 3, "{name}");
        assert!(first.url.ends_with(url), "{}", first.url);
        assert_eq!((first.title.as_str(), first.snippet.as_str()), (title, snippet), "{name}");
        let published = first.published_at.map(|date| date.format("%Y-%m-%d").to_string());
        assert_eq!(published.as_deref(), date, "{name}");
        assert_eq!((first.engine, first.rank), (name, 1));
    }
}

#[tokio::test]
async fn wikipedia_is_asked_in_the_language_of_the_query() {
    let (fake, engines) = engines().await;
    let wikipedia = named(&engines, "wikipedia");
    for (language, edition) in [(Some("ru-RU"), "ru"), (Some("tlh"), "en"), (Some("../x"), "en"), (None, "en")] {
        let query = Query { language: language.map(str::to_owned), page: 2, limit: 3, ..Query::new("Café noir?") };
        let found = wikipedia.search(&query).await.unwrap();
        let call = fake.calls().pop().unwrap();
        assert_eq!((call.language.as_deref(), call.parameters["sroffset"].as_str()), (Some(edition), "3"));
        assert!(found.hits[0].url.ends_with(&format!("/wikipedia/{edition}/wiki/Caf%C3%A9_noir%3F_(wikipedia_1)")));
        assert_eq!(found.hits[0].snippet, "a match & more");
        assert_eq!(found.suggestions, ["Café noir?s"]);
    }
    assert_eq!(wikipedia.suggest("Rust", None).await.unwrap(), ["Rust (film)", "Rust (city)"]);
}

#[tokio::test]
async fn works_without_abstract_date_or_page_are_still_found() {
    let (_fake, engines) = engines().await;
    let crossref = named(&engines, "crossref").search(&Query::new("rust")).await.unwrap();
    assert_eq!(crossref.hits[1].snippet, "Journal of Tests");
    let dates: Vec<_> =
        crossref.hits.iter().map(|hit| hit.published_at.map(|date| date.date_naive().to_string())).collect();
    assert_eq!(dates, [Some("2024-05-17".to_owned()), Some("2023-02-01".to_owned()), None]);

    let openalex = named(&engines, "openalex").search(&Query::new("rust")).await.unwrap();
    assert_eq!(urls(&openalex)[2], "https://doi.org/10.5555/3");
    assert_eq!(openalex.hits[1].snippet, "");
}

#[tokio::test]
async fn hacker_news_leads_to_articles_or_to_the_discussion() {
    let (_fake, engines) = engines().await;
    let engine = named(&engines, "hacker_news");
    let web = engine.search(&Query::new("rust")).await.unwrap();
    assert_eq!(urls(&web)[..2], ["https://news.example/1", "https://news.ycombinator.com/item?id=2"]);
    assert_eq!(web.hits[1].snippet, "Ask away");
    let talk = engine.search(&Query::new("rust").kind(SearchKind::Discussions)).await.unwrap();
    assert_eq!(urls(&talk)[0], "https://news.ycombinator.com/item?id=1");
}

#[tokio::test]
async fn recency_and_page_are_said_in_each_upstreams_own_words() {
    let (fake, engines) = engines().await;
    let query = Query { recency: Some(Recency::Week), page: 3, limit: 5, ..Query::new("rust") };
    for (name, expected) in [
        ("arxiv", [("search_query", "all:rust AND submittedDate:[202512250000 TO 202601010000]"), ("start", "10")]),
        ("crossref", [("filter", "from-pub-date:2025-12-25"), ("offset", "10")]),
        ("openalex", [("filter", "from_publication_date:2025-12-25"), ("page", "3")]),
        ("hacker_news", [("numericFilters", "created_at_i>1766620800"), ("page", "2")]),
        ("stack_exchange", [("fromdate", "1766620800"), ("page", "3")]),
        ("github", [("q", "rust pushed:>2025-12-25"), ("page", "3")]),
    ] {
        named(&engines, name).search(&query).await.unwrap();
        let call = fake.calls().pop().unwrap();
        for (parameter, value) in expected {
            assert_eq!(call.parameters[parameter], value, "{name}");
        }
    }
}

#[tokio::test]
async fn punctuation_means_nothing_to_arxiv() {
    let (fake, engines) = engines().await;
    let arxiv = named(&engines, "arxiv");
    arxiv.search(&Query::new("what is (a) \"B-tree\": au:x?")).await.unwrap();
    let words = "all:what AND all:is AND all:a AND all:B AND all:tree AND all:au AND all:x";
    assert_eq!(fake.calls()[0].parameters["search_query"], words);
    assert_eq!(titles(&arxiv.search(&Query::new("?!")).await.unwrap()), [""; 0]);
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let (fake, engines) = engines().await;
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let limited = |retry_after| EngineError::RateLimited { retry_after, advice: None };
    let status = |status, retry_after| Fault::Status { status, retry_after };
    for (engine, name, fault, expected) in [
        (FakeEngine::Wikipedia, "wikipedia", status(429, Some(7)), limited(seconds(7))),
        (FakeEngine::Wikipedia, "wikipedia", Fault::ErrorBody, limited(None)),
        (FakeEngine::Wikipedia, "wikipedia", Fault::Challenge, EngineError::Captcha),
        (FakeEngine::Wikidata, "wikidata", Fault::ErrorBody, limited(None)),
        (FakeEngine::Arxiv, "arxiv", status(503, Some(5)), limited(seconds(5))),
        (FakeEngine::Arxiv, "arxiv", Fault::ErrorBody, EngineError::BadQuery { status: 200 }),
        (FakeEngine::Crossref, "crossref", Fault::ErrorBody, EngineError::BadQuery { status: 400 }),
        (FakeEngine::Crossref, "crossref", Fault::Cut, EngineError::Cut),
        (FakeEngine::OpenAlex, "openalex", Fault::ErrorBody, limited(None)),
        (FakeEngine::OpenAlex, "openalex", status(401, None), EngineError::Unauthorized),
        (FakeEngine::HackerNews, "hacker_news", status(500, None), EngineError::Upstream { status: 500 }),
        (FakeEngine::StackExchange, "stack_exchange", Fault::ErrorBody, limited(seconds(81000))),
        (FakeEngine::GitHub, "github", Fault::ErrorBody, limited(seconds(90))),
        (FakeEngine::GitHub, "github", status(403, None), EngineError::Blocked),
    ] {
        fake.set_fault(engine, Some(fault));
        let error = named(&engines, name).search(&Query::new("rust")).await.unwrap_err();
        assert_eq!(error, expected, "{name}");
    }
    for engine in [FakeEngine::Arxiv, FakeEngine::Wikipedia, FakeEngine::GitHub] {
        fake.set_fault(engine, Some(Fault::Garbage));
    }
    for name in ["arxiv", "wikipedia", "github"] {
        let error = named(&engines, name).search(&Query::new("rust")).await.unwrap_err();
        assert_eq!(error.code(), "decode", "{name}");
    }
}

#[tokio::test]
async fn no_answer_is_read_beyond_ten_megabytes() {
    let (fake, engines) = engines().await;
    for fault in [Fault::Huge, Fault::Bomb] {
        fake.set_fault(FakeEngine::Crossref, Some(fault));
        let error = named(&engines, "crossref").search(&Query::new("rust")).await.unwrap_err();
        assert_eq!(error.code(), "too_large");
    }
}

#[tokio::test]
async fn finding_nothing_is_no_failure() {
    let (fake, engines) = engines().await;
    for (engine, name) in [
        (FakeEngine::Wikipedia, "wikipedia"),
        (FakeEngine::Wikidata, "wikidata"),
        (FakeEngine::Arxiv, "arxiv"),
        (FakeEngine::Crossref, "crossref"),
        (FakeEngine::OpenAlex, "openalex"),
        (FakeEngine::HackerNews, "hacker_news"),
        (FakeEngine::StackExchange, "stack_exchange"),
        (FakeEngine::GitHub, "github"),
    ] {
        fake.set_fault(engine, Some(Fault::Empty));
        assert_eq!(named(&engines, name).search(&Query::new("rust")).await.unwrap().hits, [], "{name}");
    }
}

#[tokio::test]
async fn the_set_answers_although_one_upstream_hangs_and_one_is_down() {
    let (fake, engines) = engines().await;
    fake.set_fault(FakeEngine::Wikipedia, Some(Fault::Slow(Duration::from_secs(3600))));
    fake.set_fault(FakeEngine::Wikidata, Some(Fault::Status { status: 500, retry_after: None }));
    let set = Engines::new(None, engines, EnginesConfig::default(), &TestClock::new().clock());
    let outcome = set.collect(Query::new("rust"), Duration::from_secs(3)).await.unwrap();

    let engines: Vec<_> = outcome.hits.iter().map(|hit| hit.engines[0]).collect();
    assert!(engines.contains(&"hacker_news") && engines.contains(&"stack_exchange"), "{engines:?}");
    let mut failures = outcome.failures;
    failures.sort_unstable();
    assert_eq!(failures, [("wikidata", "upstream"), ("wikipedia", "timeout")]);

    assert_eq!(set.suggest("Rust", None, Duration::from_secs(60)).await.unwrap(), ["Rust (film)", "Rust (city)"]);
}

#[tokio::test]
async fn stack_exchange_may_ask_for_silence_beside_an_answer() {
    let (fake, engines) = engines().await;
    fake.set_backoff(Some(10));
    let found = named(&engines, "stack_exchange").search(&Query::new("rust")).await.unwrap();
    assert_eq!((found.hits.len(), found.pause), (3, Some(Duration::from_secs(10))));
}

#[tokio::test]
async fn a_client_without_contact_is_blocked_by_wikipedia() {
    let fake = FakeEngines::start().await;
    let engines = keyless(config(&fake), &UpstreamAccess::new("", TestClock::new().clock())).unwrap();
    let error = named(&engines, "wikipedia").search(&Query::new("rust")).await.unwrap_err();
    assert_eq!(error, EngineError::Blocked);
}

#[tokio::test]
async fn an_engine_without_address_is_off() {
    let fake = FakeEngines::start().await;
    let off = KeylessConfig { github: String::new(), arxiv: String::new(), ..config(&fake) };
    let engines = keyless(off, &access()).unwrap();
    let names: Vec<_> = engines.iter().map(|engine| engine.name()).collect();
    assert_eq!(names, ["wikipedia", "wikidata", "crossref", "openalex", "hacker_news", "stack_exchange"]);
}
