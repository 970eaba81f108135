//! Several replicas of a service: a run is anybody's to follow and to stop, and outlives the one that works on it; a process or
//! a server that goes away costs time, never an answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    Behaviour, FakeCollector, FakeOpenAi, Gooseek, Kind, Script, Step,
    gooseek::{Client, check_log, text},
};

use crate::support::{LEASE, NOTICE, about_the_lease, eventually, finished, handbook, on_cluster, run_id, with_model};

async fn cluster(model: &FakeOpenAi) -> Option<Gooseek> {
    Some(with_model(on_cluster().await?, model).set("RUN_DETACH_GRACE", "1s").start().await)
}

/// A model whose answer takes about four seconds.
async fn slow_model() -> FakeOpenAi {
    let words = LEASE.split_whitespace().collect::<Vec<_>>().join(" ");
    let answer = Some(format!("The notice period is three months [1]. {words}"));
    FakeOpenAi::start(Script { between_tokens: Duration::from_millis(40), answer, ..Script::default() }).await
}

async fn cancel(client: &Client, run: &str) {
    let path = format!("/api/v1/chat/runs/{run}/cancel");
    assert_eq!(client.post(&path, &json!({})).await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_run_of_one_replica_is_followed_and_stopped_at_another() {
    let model = slow_model().await;
    let Some(server) = cluster(&model).await else { return };
    handbook(&server.client()).await;
    let (here, there) = (server.client_of_replica("chat"), server.client_of_replica("chat-2"));

    let mut stream = here.ask_stream(&about_the_lease()).await;
    let run = run_id(&stream.until("delta").await);
    let following = there.events(&run, 0).await;
    // Whoever watches there keeps the run going, well past the grace.
    drop(stream);
    let followed = following.rest().await;
    assert_eq!(check_log(&followed).data["status"], "complete");
    assert_eq!(finished(&here, &run, &[]).await, followed);

    model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("Three months [1]. And"), Step::Stall]));
    let mut stream = here.ask_stream(&about_the_lease()).await;
    let run = run_id(&stream.until("delta").await);
    cancel(&there, &run).await;
    let log = finished(&there, &run, &[]).await;
    assert_eq!(log.last().unwrap().data["status"], "cancelled");
    model.wait_for_open_streams(0).await;
}

#[tokio::test]
async fn a_run_goes_on_at_another_replica_when_its_own_is_killed() {
    let model = slow_model().await;
    let Some(mut server) = cluster(&model).await else { return };
    handbook(&server.client()).await;
    let (here, there) = (server.client_of_replica("chat"), server.client_of_replica("chat-2"));

    // One is killed while it writes, one before it has looked anything up: the other replica must then reach the files in
    // the person's name, without the person's token.
    let mut writing = here.ask_stream(&about_the_lease()).await;
    let seen = writing.until("delta").await;
    let mut starting = here.ask_stream(&about_the_lease()).await;
    let begun = starting.until("run").await;
    let following = there.events(&run_id(&seen), 0).await;
    let following_too = there.events(&run_id(&begun), 0).await;
    server.kill_replica("chat").await;

    let log = following.rest().await;
    assert_eq!(check_log(&log).data["status"], "complete");
    assert!(log.starts_with(&seen), "what was seen stays true");
    assert!(text(&log).contains("three months"), "{log:#?}");
    let log = following_too.rest().await;
    assert_eq!(check_log(&log).data["status"], "complete");
    let answer = there.get(&format!("/api/v1/chat/runs/{}", run_id(&log))).await.expect(StatusCode::OK);
    assert_eq!(answer["sources"][0]["kind"], "file", "{answer:#}");
    assert_eq!(answer["degraded"], json!([]), "{answer:#}");
}

#[tokio::test]
async fn without_broker_and_redis_answers_go_on_and_the_library_hears_of_them_later() {
    let model = FakeOpenAi::start(Script::default()).await;
    let Some(server) = cluster(&model).await else { return };
    let client = server.client();
    handbook(&client).await;
    server.servers().nats.kill();
    server.servers().redis.freeze();
    let answer = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
    assert!(answer["answer"].as_str().unwrap().contains("[1]"), "{answer:#}");
    let chat = server.client_of_replica("chat");
    eventually(async || {
        let ready = chat.get("/ready").await.expect(StatusCode::OK);
        (ready["degraded"] == json!(["bus", "redis"])).then_some(())
    })
    .await;
    assert_eq!(client.list("/api/v1/library/threads").await, Vec::<Value>::new());

    server.servers().redis.thaw();
    server.servers().redis.flush().await;
    server.servers().nats.run();
    let thread = client.thread(answer["thread_id"].as_str().unwrap(), 1).await;
    assert_eq!(thread["messages"][0]["question"], NOTICE);
    eventually(async || {
        let ready = chat.get("/ready").await.expect(StatusCode::OK);
        (ready["degraded"] == json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_forgot_is_given_everything_again() {
    let model = FakeOpenAi::start(Script::default()).await;
    let Some(mut server) = cluster(&model).await else { return };
    let client = server.client();
    handbook(&client).await;
    // Nobody takes what the broker has acknowledged, and then the broker loses it.
    server.stop_replica("library").await;
    let answer = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
    let told = async || {
        let metrics = server.client_of_replica("chat").get("/metrics").await.body;
        let other = server.client_of_replica("chat-2").get("/metrics").await.body;
        // The audit record of the question, and its answer.
        let published = "gooseek_deliveries_total{consumer=\"nats\",outcome=\"ok\"} 2";
        [metrics, other].iter().any(|body| String::from_utf8_lossy(body).contains(published)).then_some(())
    };
    eventually(told).await;
    server.servers().nats.kill();
    server.servers().nats.forget();
    server.servers().nats.run();
    server.start_replica("library").await;
    // The edge finds it by itself.
    eventually(async || client.served("/api/v1/library/threads").await.then_some(())).await;

    let chat = server.client_of_replica("chat");
    let resync = async || {
        let answer = chat.try_send(chat.request("POST", "/api/v1/admin/bus/resync")).await.ok()?;
        (answer.status == StatusCode::ACCEPTED).then(|| answer.json()["events"].as_u64().unwrap())
    };
    assert!(eventually(resync).await >= 1);
    let thread = client.thread(answer["thread_id"].as_str().unwrap(), 1).await;
    assert_eq!(thread["messages"].as_array().unwrap().len(), 1);
    assert_eq!(chat.list("/api/v1/admin/bus/dead-letters").await, Vec::<Value>::new());
}

#[tokio::test]
async fn one_question_is_one_trace_over_all_services_and_is_counted() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let collector = FakeCollector::start().await;
    let Some(server) = on_cluster().await else { return };
    let server = server.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).set("OTEL_BSP_SCHEDULE_DELAY", "200");
    let server = server.set("OTEL_METRIC_EXPORT_INTERVAL", "200");
    let server = server.start().await;
    let client = server.client();
    handbook(&client).await;
    let ask = json!({ "query": NOTICE, "project": "handbook", "stream": false });
    let asked = client.request("POST", "/api/v1/chat").json(&ask);
    let asked = asked.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    client.send(asked).await.expect(StatusCode::OK);
    let whole = [
        "chat-svc: http",
        "chat-svc: run",
        "chat-svc: delivery",
        "projects-svc: http",
        "search-svc: http",
        "upload-svc: http",
        "library-svc: event",
    ];
    eventually(async || {
        let spans = collector.trace(TRACE);
        whole.iter().all(|span| spans.contains(*span)).then_some(())
    })
    .await;
    eventually(async || {
        let metrics = collector.metrics();
        let wanted = ["chat-svc: gooseek_http_seconds", "chat-svc: gooseek_call_seconds"];
        wanted.iter().all(|metric| metrics.contains(*metric)).then_some(())
    })
    .await;
}

/// Whether an answer had to do without something.
fn says_degraded(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap();
    answer["degraded"].as_array().is_some_and(|degraded| !degraded.is_empty())
}

/// Asks for lists and answers until told to stop; counts what did not succeed.
async fn load(client: Client, stop: Arc<AtomicBool>, asked: Arc<AtomicUsize>) -> Vec<String> {
    let mut failed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let list = client.request("GET", "/api/v1/library/threads");
        let ask = client.request("POST", "/api/v1/chat").json(&json!({
            "query": NOTICE, "project": "handbook", "sources": ["files"], "mode": "speed", "stream": false,
        }));
        for request in [list, ask] {
            asked.fetch_add(1, Ordering::Relaxed);
            match client.try_send(request).await {
                Ok(answer) if answer.status == StatusCode::OK && !says_degraded(&answer.body) => {}
                Ok(answer) => failed.push(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))),
                Err(error) => failed.push(format!("{error:?}")),
            }
        }
    }
    failed
}

#[tokio::test]
async fn replicas_restarted_one_after_the_other_fail_no_request() {
    let Some(server) = on_cluster().await else { return };
    let mut server = server.set("DRAIN_LAME_DUCK", "2s").start().await;
    handbook(&server.client()).await;
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let loads: Vec<_> = (0..4).map(|_| tokio::spawn(load(server.client(), stop.clone(), asked.clone()))).collect();
    for replica in ["chat", "upload", "chat-2", "upload-2"] {
        let stopped = server.stop_replica(replica).await;
        assert_eq!(stopped.code, Some(0), "{replica}");
        server.start_replica(replica).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut failed = Vec::new();
    for load in loads {
        failed.extend(load.await.unwrap());
    }
    assert!(failed.is_empty(), "{} of {} requests: {failed:#?}", failed.len(), asked.load(Ordering::Relaxed));
}
