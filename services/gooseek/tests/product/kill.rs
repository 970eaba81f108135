//! The process is killed anywhere: what was seen stays true, everything comes to one honest end, nothing is there twice.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use testkit::{
    FakeOpenAi, FakeWeb, Gooseek, Script,
    gooseek::{Builder, Client, Event},
};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    support::{NOTICE, finished, gooseek, handbook, on_postgres, run_id, with_model},
    web,
};

/// Questions that are in every stage at any time: retrieving, searching, opening, planning, writing.
fn question(number: usize) -> Value {
    let mut ask = match number % 3 {
        0 => json!({ "query": NOTICE, "project": "handbook", "sources": ["files"], "mode": "speed" }),
        1 => web::about_the_lighthouse(),
        _ => json!({ "query": NOTICE, "project": "handbook" }),
    };
    ask["background"] = json!(true);
    ask
}

/// Asks and reads until the connection breaks or the run has ended. Nothing, when the server was gone before it answered.
async fn watch(client: Client, ask: Value, begun: Arc<Semaphore>) -> Vec<Event> {
    let Some(stream) = client.try_ask_stream(&ask).await else { return Vec::new() };
    begun.add_permits(1);
    stream.rest().await
}

/// Kills a server `kills` times at random moments of `batch` new runs each, and checks what became of all of them.
async fn killed_while_it_answers(server: Builder, kills: usize, batch: usize) {
    let mut random = StdRng::seed_from_u64(9);
    let script = Script {
        first_token: Duration::from_millis(150),
        between_tokens: Duration::from_millis(15),
        ..Script::default()
    };
    let model = FakeOpenAi::start(script).await;
    let site = FakeWeb::start().await;
    site.set_delay(Duration::from_millis(100));
    let engine = web::lighthouse_engine(&site).await;
    engine.set_delay(Duration::from_millis(100));
    let mut server = with_model(server, &model).set("SEARXNG_URL", engine.url()).start().await;
    handbook(&server.client()).await;

    let mut seen = Vec::new();
    for _ in 0..kills {
        let mut watching = JoinSet::new();
        let begun = Arc::new(Semaphore::new(0));
        for number in 0..batch {
            watching.spawn(watch(server.client(), question(number), begun.clone()));
        }
        // Some kills come while runs are still being started, most while they are worked on.
        let half = u32::try_from(batch / 2).unwrap();
        begun.acquire_many(half).await.unwrap().forget();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..1_200))).await;
        server.restart().await;
        seen.extend(watching.join_all().await);
    }
    assert_eq!(seen.len(), kills * batch);
    seen.retain(|events| !events.is_empty());
    assert!(seen.len() >= kills * (batch / 2), "{} runs have begun", seen.len());
    check_ends(&server, &seen).await;
}

async fn check_ends(server: &Gooseek, seen: &[Vec<Event>]) {
    let client = server.client();
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for events in seen {
        let run = run_id(events);
        let log = finished(&client, &run, events).await;
        let last = log.last().unwrap();
        let end = last.data["status"].as_str().or(last.data["code"].as_str()).unwrap();
        assert!(
            ["complete", "partial", "interrupted", "files_unavailable", "search_outage"].contains(&end),
            "{last:?}"
        );
        *ends.entry(end.to_owned()).or_default() += 1;
        let thread = client.thread(log[0].data["thread_id"].as_str().unwrap(), 1).await;
        let messages = thread["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 1, "{thread:#}");
        assert_eq!(messages[0]["run_id"], run);
        assert_eq!(messages[0]["answer"], testkit::gooseek::text(&log));
    }
    assert!(ends.contains_key("complete"), "{ends:?}");
    let threads = client.list("/api/v1/library/threads").await;
    assert!(threads.iter().all(|thread| thread["messages"] == 1), "{threads:#?}");
}

#[tokio::test]
async fn runs_survive_kills_at_any_moment() {
    killed_while_it_answers(gooseek(), 5, 10).await;
}

#[tokio::test]
async fn runs_survive_kills_on_postgres() {
    if let Some(server) = on_postgres().await {
        killed_while_it_answers(server, 2, 6).await;
    }
}

/// A file of about thirty passages in which one word is its own.
fn file(number: usize) -> String {
    let paragraph = |part: usize| {
        format!(
            "## Part {part}\n\n{}\n\n",
            "The caretaker of the house writes down what was repaired and when. ".repeat(30)
        )
    };
    format!("# House book {number}\n\nThe badge is volume{number}x.\n\n{}", (0..12).map(paragraph).collect::<String>())
}

fn name(number: usize) -> String {
    format!("book-{number:02}.md")
}

/// Uploads `count` files while the server is killed `kills` times, then checks each of them.
async fn killed_while_it_indexes(server: Builder, count: usize, kills: usize) {
    let mut random = StdRng::seed_from_u64(4);
    let mut server = server.start().await;
    server.client().make_project("books").await;
    for round in 0..=kills {
        let there = listed(&server.client()).await;
        let mut uploads = JoinSet::new();
        for number in (0..count).filter(|number| !there.contains_key(&name(*number))) {
            let client = server.client();
            let request = client.uploading("books", &name(number), file(number));
            uploads.spawn(async move { (number, client.try_send(request).await) });
        }
        if round < kills {
            tokio::time::sleep(Duration::from_millis(random.random_range(20..700))).await;
            server.restart().await;
        }
        let taken = uploads.join_all().await;
        let there = listed(&server.client()).await;
        for (number, answer) in taken {
            let Ok(answer) = answer else { continue };
            assert!(answer.status.is_success(), "{answer:?}");
            assert_eq!(there.get(&name(number)), Some(&answer.json()["id"]), "what was taken is not lost");
        }
    }
    check_files(&server.client(), count).await;
}

/// The ids of all files by name, each of which is there once.
async fn listed(client: &Client) -> BTreeMap<String, Value> {
    let files = client.list("/api/v1/upload?project=books").await;
    let names: BTreeMap<String, Value> =
        files.iter().map(|file| (file["name"].as_str().unwrap().to_owned(), file["id"].clone())).collect();
    assert_eq!(names.len(), files.len(), "{files:#?}");
    names
}

async fn check_files(client: &Client, count: usize) {
    let files = listed(client).await;
    assert_eq!(files.len(), count);
    let mut chunks = Vec::new();
    for id in files.values() {
        let file = client.settled(id.as_str().unwrap()).await;
        assert_eq!(file["status"], "indexed", "{file}");
        chunks.push(file["chunks"].as_i64().unwrap());
    }
    assert!(chunks.iter().all(|each| *each == chunks[0] && *each > 1), "{chunks:?}");
    let ask =
        json!({ "query": "What is the badge volume7x?", "project": "books", "sources": ["files"], "mode": "speed" });
    let answer = client.ask(&ask).await.expect(http::StatusCode::OK);
    let of_seven = |source: &&Value| source["site"] == name(7).as_str();
    let sources: Vec<&Value> = answer["sources"].as_array().unwrap().iter().filter(of_seven).collect();
    assert_eq!(sources.len(), 1, "{answer:#}");
    let with_badge = |passage: &&Value| passage["text"].as_str().unwrap().contains("volume7x");
    assert_eq!(sources[0]["passages"].as_array().unwrap().iter().filter(with_badge).count(), 1, "{answer:#}");
}

#[tokio::test]
async fn uploads_survive_kills_at_any_moment() {
    killed_while_it_indexes(gooseek(), 20, 4).await;
}

#[tokio::test]
async fn uploads_survive_kills_on_postgres() {
    if let Some(server) = on_postgres().await {
        killed_while_it_indexes(server, 8, 1).await;
    }
}
