//! A run is stopped by its person, or because nobody has watched it for a while; the model's stream is closed either way.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use testkit::{Behaviour, FakeOpenAi, Gooseek, Kind, Script, Step, gooseek::text};

use crate::support::{about_the_lease, eventually, finished, gooseek, handbook, run_id, with_model};

/// Closing takes at most a second; the model would go on for half a minute if nobody closed its stream. The time between
/// leaves room for a slow machine.
const SOON: Duration = Duration::from_secs(10);

async fn closed(model: &FakeOpenAi) {
    tokio::time::timeout(SOON, model.wait_for_open_streams(0)).await.expect("the stream of the model is closed");
}

async fn asked_with_a_stalling_model() -> (Gooseek, FakeOpenAi) {
    let model = FakeOpenAi::start(Script::default()).await;
    model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("Three months [1]. And"), Step::Stall]));
    let server = with_model(gooseek(), &model).set("RUN_DETACH_GRACE", "3s").start().await;
    handbook(&server.client()).await;
    (server, model)
}

#[tokio::test]
async fn cancelling_closes_the_stream_of_the_model_and_ends_the_run() {
    let (server, model) = asked_with_a_stalling_model().await;
    let client = server.client();
    let mut stream = client.ask_stream(&about_the_lease()).await;
    let mut seen = stream.until("delta").await;
    let run = run_id(&seen);
    assert_eq!(model.open_streams(), 1);
    let path = format!("/api/v1/chat/runs/{run}/cancel");
    assert_eq!(client.post(&path, &json!({})).await.status, StatusCode::ACCEPTED);
    closed(&model).await;
    seen.extend(stream.rest().await);
    let log = finished(&client, &run, &seen).await;
    assert_eq!(log.len(), seen.len());
    assert_eq!(log.last().unwrap().data["status"], "cancelled");
    assert!(text(&log).starts_with("Three months [1]."), "{log:#?}");

    assert_eq!(client.post(&path, &json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(finished(&client, &run, &[]).await, log, "stopping what has ended changes nothing");
}

#[tokio::test]
async fn a_run_that_nobody_watches_is_stopped_after_a_while() {
    let (server, model) = asked_with_a_stalling_model().await;
    let client = server.client();
    let mut stream = client.ask_stream(&about_the_lease()).await;
    let seen = stream.until("delta").await;
    drop(stream);
    closed(&model).await;
    let log = finished(&client, &run_id(&seen), &seen).await;
    assert_eq!(log.last().unwrap().data["status"], "cancelled");
}

#[tokio::test]
async fn leaving_a_request_without_a_stream_stops_its_run_too() {
    let (server, model) = asked_with_a_stalling_model().await;
    let client = server.client();
    let mut ask = about_the_lease();
    ask["stream"] = json!(false);
    let request = client.request("POST", "/api/v1/chat").json(&ask);
    let waiting = tokio::spawn(async move { request.send().await.map(drop) });
    model.wait_for_open_streams(1).await;
    waiting.abort();
    closed(&model).await;
}

#[tokio::test]
async fn a_run_in_the_background_goes_on_with_nobody_watching() {
    let tokens = Script { between_tokens: Duration::from_millis(150), ..Script::default() };
    let model = FakeOpenAi::start(tokens).await;
    let server = with_model(gooseek(), &model).set("RUN_DETACH_GRACE", "200ms").start().await;
    let client = server.client();
    handbook(&client).await;
    let mut ask = about_the_lease();
    ask["background"] = json!(true);
    let mut stream = client.ask_stream(&ask).await;
    let seen = stream.until("delta").await;
    drop(stream);
    let run = run_id(&seen);
    let path = format!("/api/v1/chat/runs/{run}");
    let status = eventually(async || {
        let answer = client.get(&path).await.expect(StatusCode::OK);
        answer["status"].as_str().filter(|status| *status != "running").map(str::to_owned)
    });
    assert_eq!(status.await, "complete");
    finished(&client, &run, &seen).await;
}
