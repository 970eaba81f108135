//! Words to look for that are no full-text queries: each is answered, or refused in words.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;
use testkit::{
    hostile_queries, long_queries,
    service::{Person, TestService},
};

use crate::{LIST, searching::tell};

/// The timeout of a statement on Postgres.
const STATEMENT: Duration = Duration::from_secs(30);

/// The threads that are found, none where the words are refused.
async fn find(library: &TestService, who: &Person, words: &str) -> Vec<Value> {
    let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("{LIST}?q={query}");
    let asked = library.get(who, &path);
    let answer = tokio::time::timeout(STATEMENT, asked).await.expect("a statement is not given longer");
    if answer.status == StatusCode::BAD_REQUEST {
        assert!(answer.json()["errors"].is_array(), "{words:.40}: {answer:?}");
        return Vec::new();
    }
    answer.expect(StatusCode::OK)["items"].as_array().unwrap().clone()
}

testkit::on_both! {
    async fn whatever_is_looked_for_is_answered_or_refused(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        tell(&library, &world, &ann, "Lease", "The notice period is three months.").await;
        for words in hostile_queries() {
            find(&library, &ann, &words).await;
            find(&library, &ann, &format!("{words} notice {words}")).await;
        }
        for words in long_queries(190).into_iter().chain(long_queries(2_000)) {
            find(&library, &ann, &words).await;
        }
        assert_eq!(find(&library, &ann, "\"notice* (period:").await.len(), 1);
    }
}
