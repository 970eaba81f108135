//! Queries that are no full-text queries: each is answered, or refused in words.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use serde_json::json;
use testkit::{
    hostile_queries, long_queries, on_both,
    service::{Answer, World},
};

use crate::{Stage, site::Site};

/// The timeout of a statement on Postgres.
const STATEMENT: Duration = Duration::from_secs(30);

/// A service that has read a page about a lease.
async fn stage(world: World) -> (Stage, Site) {
    let stage = Stage::start(world).await;
    let site = Site::start("The notice period of the lease is three months.").await;
    stage.read(&stage.who, &site.url("/page")).await;
    (stage, site)
}

/// Searches what was read; the engine finds nothing.
async fn search(stage: &Stage, query: &str) -> Answer {
    stage.finds(query.trim(), &[]);
    post(stage, json!({ "query": query }).to_string()).await
}

async fn post(stage: &Stage, body: String) -> Answer {
    let request = stage.who.http("POST", "/api/v1/search").header("content-type", "application/json");
    let asked = stage.service.send(request.body(Body::from(body)).unwrap());
    tokio::time::timeout(STATEMENT, asked).await.expect("a statement is not given longer")
}

fn assert_answered(answer: &Answer, query: &str) {
    let is_refused = answer.status == StatusCode::BAD_REQUEST && answer.json()["errors"].is_array();
    assert!(answer.status == StatusCode::OK || is_refused, "{query:?}: {answer:?}");
}

on_both! {
    async fn whatever_is_searched_is_answered_or_refused(world: World) {
        let (stage, _site) = stage(world).await;
        for query in hostile_queries() {
            assert_answered(&search(&stage, &query).await, &query);
            let among_words = format!("{query} notice period {query}");
            assert_answered(&search(&stage, &among_words).await, &among_words);
        }
        for query in long_queries(1_900).into_iter().chain(long_queries(100_000)) {
            assert_answered(&search(&stage, &query).await, &query);
        }
        let answer = search(&stage, "\"notice* AND period:(lease").await;
        assert!(answer.expect(StatusCode::OK)["results"].to_string().contains("three months"));
    }

    async fn escapes_that_are_no_characters_are_refused(world: World) {
        let (stage, _site) = stage(world).await;
        for escape in ["\\ud800", "\\udfff", "\\ud800\\ud800", "\\udc00\\ud800", "\\u12"] {
            let answer = post(&stage, format!("{{\"query\": \"lease {escape}\"}}")).await;
            assert!(answer.expect(StatusCode::BAD_REQUEST)["detail"].is_string(), "{escape}: {answer:?}");
        }
    }
}
