//! Every search engine is down: that is an outage, never an empty answer.

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    FakeSearxng, FakeWeb, Gooseek, SearxngFault,
    gooseek::{check_log, text},
};

use crate::support::{NOTICE, gooseek, handbook};

/// SearXNG answers, but none of its engines does; a built-in engine cannot be reached.
async fn without_engines() -> (Gooseek, FakeSearxng) {
    let web = FakeWeb::start().await;
    let engine = FakeSearxng::start(&web.url()).await;
    engine.set_fault(Some(SearxngFault::AllUnresponsive));
    let server = gooseek().set("SEARXNG_URL", engine.url()).set("SEARCH_ENGINES", "wikipedia");
    (server.set("WIKIPEDIA_URL", crate::support::NOBODY).start().await, engine)
}

#[tokio::test]
async fn without_any_engine_a_question_to_the_web_ends_in_an_outage() {
    let (server, _engine) = without_engines().await;
    let client = server.client();
    for sources in [json!(["web"]), json!(["web", "files"]), Value::Null] {
        let ask = json!({ "query": "Who built the lighthouse of Aldersund?", "sources": sources });
        let events = client.ask_stream(&ask).await.rest().await;
        let last = check_log(&events);
        assert_eq!((last.kind.as_str(), &last.data["code"]), ("error", &json!("search_outage")), "{events:#?}");
        assert_eq!(last.data["retryable"], true);
        assert_eq!(text(&events), "");
        let degraded = last.data["degraded"].to_string();
        assert!(degraded.contains("searxng") && degraded.contains("wikipedia"), "{degraded}");

        let answer = client.ask(&ask).await.expect(StatusCode::BAD_GATEWAY);
        assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!("error"), &json!("search_outage")));
        assert_eq!(answer["answer"], "");
    }
    let search = client.post("/api/v1/search", &json!({ "query": "lighthouse" })).await;
    assert_eq!(search.expect(StatusCode::SERVICE_UNAVAILABLE)["code"], "search_outage");
    let printed = server.command(&["ask", "Who built the lighthouse of Aldersund?"]).await;
    assert_eq!(printed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&printed.stderr).contains("every search engine failed"), "{printed:?}");
}

#[tokio::test]
async fn files_answer_in_place_of_the_web_and_what_is_missing_is_named() {
    let (server, _engine) = without_engines().await;
    let client = server.client();
    handbook(&client).await;
    let answer = client.ask(&json!({ "query": NOTICE, "project": "handbook" })).await.expect(StatusCode::OK);
    assert!(answer["answer"].as_str().unwrap().contains("three months"), "{answer:#}");
    assert_eq!(answer["sources"][0]["kind"], "file");
    let degraded = answer["degraded"].to_string();
    assert!(degraded.contains("\"web: every search engine failed"), "{degraded}");
}
