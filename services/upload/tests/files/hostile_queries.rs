//! Questions that are no full-text queries: each is answered, or refused in words.

use std::time::Duration;

use testkit::{hostile_queries, long_queries, on_both};

use crate::support::{LEASE, indexed, question, start, try_retrieve};

/// The timeout of a statement on Postgres.
const STATEMENT: Duration = Duration::from_secs(30);

on_both! {
    async fn whatever_is_asked_is_answered_or_refused(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        let ask = async |query: &str| {
            let asked = try_retrieve(&services.upload, &anna, question(query));
            tokio::time::timeout(STATEMENT, asked).await.expect("a statement is not given longer")
        };
        for query in hostile_queries() {
            match ask(&query).await {
                Ok(_) => {}
                Err(refused) => assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{query:?}: {refused}"),
            }
            let asked = format!("{query} notice period {query}");
            let found = ask(&asked).await.unwrap();
            assert!(found.chunks.iter().any(|chunk| chunk.text.contains("three months")), "{asked:?}");
        }
    }

    async fn a_long_question_costs_no_more_than_a_few_words(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        indexed(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        for query in long_queries(7_000) {
            let found = try_retrieve(&services.upload, &anna, question(&query)).await;
            assert!(found.is_ok(), "{found:?}: {query:.40}");
            // What the databases are asked for.
            assert!(text::terms::query_terms(&query).len() <= text::terms::MAX_QUERY_TERMS, "{query:.40}");
            assert!(text::extractive::search_terms(&query).len() <= text::terms::MAX_QUERY_TERMS, "{query:.40}");
        }
        for query in long_queries(100_000).into_iter().filter(|query| query.chars().count() > 8_000) {
            let refused = try_retrieve(&services.upload, &anna, question(&query)).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{query:.40}");
        }
    }
}
