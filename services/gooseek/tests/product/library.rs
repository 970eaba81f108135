//! Answers are kept as threads, and a thread is gone on with.

use http::StatusCode;
use serde_json::json;
use testkit::{FakeOpenAi, Script};

use crate::support::{NOTICE, about_the_lease, handbook, on_both, with_model};

on_both! {
    async fn an_answer_is_kept_with_its_citations(server: Builder) {
        let server = server.start().await;
        let client = server.client();
        handbook(&client).await;
        let answer = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
        let thread = client.thread(answer["thread_id"].as_str().unwrap(), 1).await;
        let message = &thread["messages"][0];
        for field in ["run_id", "question", "answer", "status", "citations", "sources", "degraded"] {
            assert_eq!(message[field], answer[field], "{field}");
        }
        assert!(!message["citations"].as_array().unwrap().is_empty(), "{message:#}");
        let found = client.list("/api/v1/library/threads?q=notice%20period").await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0]["id"], answer["thread_id"]);
        assert!(found[0]["snippet"].as_str().unwrap().contains("notice"), "{found:#?}");
        assert_eq!(client.list("/api/v1/library/threads?q=helicopter").await.len(), 0);
    }

    async fn a_follow_up_is_understood_with_what_was_said_before(server: Builder) {
        let model = FakeOpenAi::start(Script::default()).await;
        let server = with_model(server, &model).start().await;
        let client = server.client();
        handbook(&client).await;
        let first = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
        let mut ask = about_the_lease();
        ask["query"] = json!("And the deposit?");
        ask["thread_id"] = first["thread_id"].clone();
        let second = client.ask(&ask).await.expect(StatusCode::OK);
        assert_eq!(second["thread_id"], first["thread_id"]);
        assert_ne!(second["run_id"], first["run_id"]);
        assert!(second["answer"].as_str().unwrap().contains("[1]"), "{second:#}");

        let last = model.requests().into_iter().next_back().unwrap();
        let said: Vec<&str> =
            last.body["messages"].as_array().unwrap().iter().filter_map(|message| message["content"].as_str()).collect();
        assert!(said.contains(&NOTICE), "{said:#?}");
        assert!(said.iter().any(|text| *text == first["answer"]), "{said:#?}");
        assert!(said.last().unwrap().contains("And the deposit?"), "{said:#?}");

        let thread = client.thread(first["thread_id"].as_str().unwrap(), 2).await;
        let questions: Vec<&str> =
            thread["messages"].as_array().unwrap().iter().filter_map(|message| message["question"].as_str()).collect();
        assert_eq!(questions, [NOTICE, "And the deposit?"]);
        let printed = server
            .command(&["ask", "--thread", first["thread_id"].as_str().unwrap(), "--project", "handbook", "And the rent?"])
            .await;
        assert!(printed.status.success(), "{printed:?}");
        client.thread(first["thread_id"].as_str().unwrap(), 3).await;
    }
}

#[tokio::test]
async fn a_thread_is_renamed_pinned_and_deleted() {
    let server = crate::support::gooseek().start().await;
    let client = server.client();
    handbook(&client).await;
    let answer = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
    let id = answer["thread_id"].as_str().unwrap();
    client.thread(id, 1).await;
    let path = format!("/api/v1/library/threads/{id}");
    let change = client.request("PATCH", &path).json(&json!({ "title": "Moving out", "pinned": true }));
    let changed = client.send(change).await.expect(StatusCode::OK);
    assert_eq!((&changed["title"], &changed["pinned"]), (&json!("Moving out"), &json!(true)));
    assert_eq!(client.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(client.list("/api/v1/library/threads").await.len(), 0);
}
