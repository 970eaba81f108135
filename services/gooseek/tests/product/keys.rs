//! An `Idempotency-Key` names one question: asked again it is the same run. Asked at the same moment, one of them is answered and
//! the others are told to come again.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    Behaviour, FakeOpenAi, Kind, Script, Step,
    gooseek::{Client, check_log, text},
    service::Answer,
};

use crate::support::{about_the_lease, finished, handbook, on_both, run_id, with_model};

async fn keyed(client: &Client, key: &str, ask: &Value) -> Answer {
    let mut ask = ask.clone();
    ask["stream"] = json!(false);
    client.send(client.request("POST", "/api/v1/chat").header("idempotency-key", key).json(&ask)).await
}

on_both! {
    async fn one_key_is_one_run(server: Builder) {
        let server = server.start().await;
        let client = server.client();
        handbook(&client).await;
        let first = keyed(&client, "monday", &about_the_lease()).await.expect(StatusCode::OK);
        assert_eq!(keyed(&client, "monday", &about_the_lease()).await.expect(StatusCode::OK), first);
        let mut other = about_the_lease();
        other["query"] = json!("What is the rent?");
        let refused = keyed(&client, "monday", &other).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused["code"], "idempotency_key_reused");
        assert_ne!(keyed(&client, "tuesday", &other).await.expect(StatusCode::OK)["run_id"], first["run_id"]);
    }

    async fn one_key_from_many_connections_at_once_is_one_run_and_harms_no_other(server: Builder) {
        let model = FakeOpenAi::start(Script::default()).await;
        let slow: Vec<Step> = (0..100)
            .flat_map(|word| [Step::text(&format!("word{word} ")), Step::Wait(std::time::Duration::from_millis(10))])
            .chain([Step::end(), Step::Done])
            .collect();
        model.push(Kind::Chat, Behaviour::Stream(slow));
        let server = with_model(server, &model).start().await;
        let client = server.client();
        handbook(&client).await;
        let mut bystander = client.ask_stream(&about_the_lease()).await;
        let mut seen = bystander.until("delta").await;
        for round in 0..4 {
            let key = format!("round-{round}");
            let ask = about_the_lease();
            let answers = futures::future::join_all((0..8).map(|_| keyed(&client, &key, &ask))).await;
            let mut runs = BTreeSet::new();
            for answer in answers {
                if answer.status == StatusCode::CONFLICT {
                    assert_eq!(answer.json()["code"], "request_in_progress");
                    assert!(answer.headers.contains_key("retry-after"));
                    continue;
                }
                runs.insert(answer.expect(StatusCode::OK)["run_id"].to_string());
            }
            assert_eq!(runs.len(), 1, "{runs:?}");
            let later = keyed(&client, &key, &ask).await;
            assert!(runs.contains(&later.expect(StatusCode::OK)["run_id"].to_string()));
            assert!(later.headers.contains_key("idempotent-replayed"));
        }
        seen.extend(bystander.rest().await);
        assert_eq!(check_log(&seen).data["status"], "complete");
        assert!(text(&seen).ends_with("word99 "), "{seen:#?}");
        assert_eq!(finished(&client, &run_id(&seen), &seen).await, seen);
    }
}
