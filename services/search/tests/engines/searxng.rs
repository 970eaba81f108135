//! SearXNG and its traps.

use std::collections::BTreeMap;

use search_svc::engines::{
    Engine, EngineError, Query, Recency, SearchKind, Searxng, SearxngConfig, UnresponsiveSource,
};
use testkit::{FakeSearxng, FakeWeb, SearxngFault};

use super::{access, titles, urls};

const SITE: &str = "http://site.test";

async fn instance() -> (FakeSearxng, Searxng) {
    let fake = FakeSearxng::start(SITE).await;
    let engine = Searxng::new(SearxngConfig::new(fake.url()), &access()).unwrap();
    (fake, engine)
}

async fn failure(engine: &Searxng) -> EngineError {
    engine.search(&Query::new("rust")).await.unwrap_err()
}

#[tokio::test]
async fn results_of_both_families_are_read_with_their_dates() {
    let (fake, engine) = instance().await;
    let found = engine.search(&Query::new("rust")).await.unwrap();

    assert_eq!(found.hits.len(), 10);
    let second = &found.hits[1];
    let n = second.url.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!((second.rank, second.engine), (2, "searxng"));
    assert_eq!((&second.title, &second.snippet), (&FakeWeb::title(n), &FakeWeb::fact(n)));
    assert_eq!(second.published_at.unwrap().format("%Y-%m-%d").to_string(), FakeWeb::date(n));
    assert_eq!(found.hits[0].published_at, None);
    assert_eq!(found.suggestions, ["rust explained"]);

    let call = &fake.calls()[0];
    assert_eq!((call["format"].as_str(), call["categories"].as_str()), ("json", "general"));
}

#[tokio::test]
async fn what_a_query_asks_for_reaches_the_instance_in_its_own_words() {
    let (fake, engine) = instance().await;
    let query = Query {
        language: Some("zh-Hans-CN".to_owned()),
        page: 2,
        recency: Some(Recency::Week),
        safe_search: false,
        domains: vec!["a.org".to_owned(), "b.org".to_owned()],
        exclude_domains: vec!["c.org".to_owned()],
        ..Query::new("rust").kind(SearchKind::News)
    };
    engine.search(&query).await.unwrap();

    let call = &fake.calls()[0];
    for (name, value) in [
        ("q", "rust (site:a.org OR site:b.org) -site:c.org"),
        ("language", "zh-CN"),
        ("pageno", "2"),
        ("time_range", "week"),
        ("safesearch", "0"),
        ("categories", "news"),
    ] {
        assert_eq!(call[name], value, "{name}");
    }
}

#[tokio::test]
async fn commands_in_a_question_are_words() {
    let (fake, engine) = instance().await;
    let found = engine.search(&Query::new("!!g what does !important do :fr <3 wow!!")).await.unwrap();
    assert_eq!(found.hits.len(), 10);
    assert_eq!(fake.calls()[0]["q"], "g what does important do fr 3 wow!!");
}

#[tokio::test]
async fn odd_results_are_skipped_or_cleaned() {
    let (fake, engine) = instance().await;
    fake.set_results("rust", FakeSearxng::odd_results(SITE));
    let found = engine.search(&Query::new("rust")).await.unwrap();

    assert_eq!(urls(&found), ["http://site.test/a/1", "http://site.test/a/2", "http://site.test/a/3"]);
    assert_eq!(titles(&found), ["One & only", "http://site.test/a/2", "Clip"]);
    assert_eq!(found.hits[0].snippet, "has markup");
    assert_eq!(found.hits[0].published_at.unwrap().to_rfc3339(), "2026-03-01T10:00:00+00:00");
    assert_eq!(found.hits.iter().map(|hit| hit.rank).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn engine_names_the_instance_lacks_are_never_sent() {
    let fake = FakeSearxng::start(SITE).await;
    let names = ["arxiv", "google scholar", "pubmed", "semantic scholar"].map(str::to_owned).to_vec();
    let engines = BTreeMap::from([(SearchKind::Academic, names)]);
    let engine = Searxng::new(SearxngConfig { base: fake.url(), engines }, &access()).unwrap();
    let check = engine.check().await.unwrap();
    assert_eq!((check.unknown, check.unserved), (vec!["semantic scholar".to_owned()], vec![]));

    engine.search(&Query::new("rust").kind(SearchKind::Academic)).await.unwrap();
    assert_eq!(fake.calls()[0]["engines"], "arxiv,google scholar,pubmed");

    let engines = BTreeMap::from([(SearchKind::Discussions, vec!["reddit".to_owned()])]);
    let engine = Searxng::new(SearxngConfig { base: fake.url(), engines }, &access()).unwrap();
    assert_eq!(engine.check().await.unwrap().unserved, [SearchKind::Discussions]);
    let error = engine.search(&Query::new("rust").kind(SearchKind::Discussions)).await.unwrap_err();
    let message = "SearXNG has none of the engines reddit and none enabled in its category social media: \
                   enable some in its settings.yml, or name others in SEARXNG_ENGINES_DISCUSSIONS";
    assert_eq!(error.to_string(), message);
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn all_engines_failing_is_an_outage_and_some_failing_is_not() {
    let (fake, engine) = instance().await;
    engine.check().await.unwrap();

    fake.set_fault(Some(SearxngFault::AllUnresponsive));
    let error = failure(&engine).await;
    assert_eq!(error.code(), "all_failed");
    let message = "none of the engines behind it answered: duckduckgo (timeout), google (timeout)";
    assert_eq!(error.to_string(), message);

    fake.set_fault(Some(SearxngFault::OneUnresponsive));
    let found = engine.search(&Query::new("rust")).await.unwrap();
    let unresponsive = UnresponsiveSource { engine: "duckduckgo".to_owned(), reason: "Suspended: CAPTCHA".to_owned() };
    assert_eq!((found.hits.len(), found.unresponsive), (0, vec![unresponsive]));
}

#[tokio::test]
async fn an_empty_answer_without_failures_is_nothing_found() {
    let (fake, engine) = instance().await;
    fake.set_results("rust", Vec::new());
    assert_eq!(engine.search(&Query::new("rust")).await.unwrap().hits, []);
}

#[tokio::test]
async fn settings_that_keep_us_out_are_named_to_the_operator() {
    let (fake, engine) = instance().await;
    fake.set_formats(&["html"]);
    let message = "SearXNG does not answer in JSON: add json to search.formats in its settings.yml";
    assert_eq!(failure(&engine).await, EngineError::Misconfigured(message.to_owned()));

    fake.set_formats(&["html", "json"]);
    fake.set_fault(Some(SearxngFault::Page));
    assert_eq!(failure(&engine).await, EngineError::Misconfigured(message.to_owned()));

    fake.set_fault(Some(SearxngFault::Limiter));
    let error = failure(&engine).await;
    assert_eq!(error.code(), "rate_limited");
    assert!(error.to_string().contains("set server.limiter to false"), "{error}");
}

#[tokio::test]
async fn broken_answers_and_statuses_have_their_own_codes() {
    let (fake, engine) = instance().await;
    for (fault, code) in [
        (SearxngFault::Garbage, "decode"),
        (SearxngFault::Cut, "cut"),
        (SearxngFault::Status(401), "unauthorized"),
        (SearxngFault::Status(400), "bad_query"),
        (SearxngFault::Status(500), "upstream"),
    ] {
        fake.set_fault(Some(fault));
        assert_eq!(failure(&engine).await.code(), code);
    }
    let nobody = Searxng::new(SearxngConfig::new("http://127.0.0.1:1"), &access()).unwrap();
    assert_eq!(failure(&nobody).await, EngineError::Unreachable);
}

#[tokio::test]
async fn completions_are_plain_text() {
    let (_fake, engine) = instance().await;
    assert_eq!(engine.suggest("rust", None).await.unwrap(), ["rust history", "rust price"]);
}
