//! A thread that its owner deleted in the library is gone here as well.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bus::{DeliveryError, EventRecord};
use chrono::{DateTime, Utc};
use db::{Db, fetch_all, fetch_one};
use http::StatusCode;
use proto::{convert, events::v1::ThreadDeleted};
use serde_json::{Value, json};
use testkit::{
    Behaviour, FakeOpenAi, Kind, Script, Step,
    service::{Person, TestService, World},
};
use uuid::Uuid;

const CHAT: &str = "/api/v1/chat";

async fn chat_with(world: &mut World, model: &FakeOpenAi) -> TestService {
    world.set("LLM_PROVIDER", "openai");
    world.set("OPENAI_BASE_URL", model.url());
    world.set("CHAT_MODEL", "chat-model");
    world.start(chat_svc::SERVICE).await
}

/// A question to the model alone, answered in one piece.
fn question(query: &str) -> Value {
    json!({"query": query, "sources": [], "mode": "speed", "stream": false})
}

async fn ask(chat: &TestService, who: &Person, body: &Value) -> Value {
    chat.send_json(who, "POST", CHAT, body).await.expect(StatusCode::OK)
}

/// The event of a deletion by `who` at that time.
fn deletion(world: &World, who: &Person, thread: &Value, at: DateTime<Utc>) -> EventRecord {
    let fact = ThreadDeleted {
        thread_id: thread.as_str().unwrap().to_owned(),
        user_id: who.user.to_string(),
        deleted_at: Some(convert::timestamp(at)),
    };
    EventRecord::new(world.ids.next(), who.org, &fact, at)
}

fn address(run: &Value) -> String {
    format!("{CHAT}/runs/{}", run["run_id"].as_str().unwrap())
}

/// The runs and their events: ids of the former, number of the latter.
async fn kept(db: &Db, who: &Person) -> (Vec<Uuid>, i64) {
    let mut session = db.read(&who.scope()).await.unwrap();
    let runs: Vec<(Uuid,)> = fetch_all!(&mut session, unscoped: "SELECT id FROM runs").unwrap();
    let (events,): (i64,) = fetch_one!(&mut session, unscoped: "SELECT COUNT(*) FROM run_events").unwrap();
    (runs.into_iter().map(|(id,)| id).collect(), events)
}

testkit::on_both! {
    async fn a_deleted_thread_is_forgotten(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();
        let run = ask(&chat, &who, &question("Where do ducks fly?")).await;
        world.clock.advance(Duration::from_secs(1));
        chat.deliver(&deletion(&world, &who, &run["thread_id"], world.clock.clock().now())).await;

        chat.get(&who, &address(&run)).await.expect(StatusCode::NOT_FOUND);
        chat.get(&who, &format!("{}/events", address(&run))).await.expect(StatusCode::NOT_FOUND);
        let mut follow_up = question("And geese?");
        follow_up["thread_id"] = run["thread_id"].clone();
        chat.send_json(&who, "POST", CHAT, &follow_up).await.expect(StatusCode::NOT_FOUND);
        assert_eq!(kept(&chat.db, &who).await, (Vec::new(), 0));
    }

    async fn nothing_else_is_forgotten(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();
        let before = world.clock.clock().now();
        world.clock.advance(Duration::from_secs(1));
        let run = ask(&chat, &who, &question("Where do ducks fly?")).await;
        let other = ask(&chat, &who, &question("Where do geese fly?")).await;
        let now = world.clock.clock().now();
        for event in [
            // Asked after the deletion; a thread of somebody else.
            deletion(&world, &who, &run["thread_id"], before),
            deletion(&world, &world.colleague(&who), &run["thread_id"], now),
            deletion(&world, &world.person(), &run["thread_id"], now),
        ] {
            chat.deliver(&event).await;
            chat.get(&who, &address(&run)).await.expect(StatusCode::OK);
        }
        chat.deliver(&deletion(&world, &who, &run["thread_id"], now)).await;
        chat.get(&who, &address(&run)).await.expect(StatusCode::NOT_FOUND);
        chat.get(&who, &address(&other)).await.expect(StatusCode::OK);
    }

    async fn a_run_that_is_going_on_comes_to_its_end(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        model.push(Kind::Chat, Behaviour::Stream(vec![Step::Text("Ducks ".into()), Step::Stall]));
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();
        let query = question("Where do ducks fly?");
        let deleting = async {
            model.wait_for_open_streams(1).await;
            let (runs, _) = kept(&chat.db, &who).await;
            let address = format!("{CHAT}/runs/{}", runs[0]);
            let run = chat.get(&who, &address).await.expect(StatusCode::OK);
            chat.deliver(&deletion(&world, &who, &run["thread_id"], world.clock.clock().now())).await;
            chat.send_json(&who, "POST", &format!("{address}/cancel"), &json!({})).await.expect(StatusCode::ACCEPTED);
        };
        let (run, ()) = tokio::join!(ask(&chat, &who, &query), deleting);
        assert_eq!(run["status"], "cancelled");
        chat.get(&who, &address(&run)).await.expect(StatusCode::OK);
    }

    async fn an_event_that_makes_no_sense_is_refused_for_good(world: World) {
        let chat = world.start(chat_svc::SERVICE).await;
        let who = world.person();
        let event = deletion(&world, &who, &json!("no id"), world.clock.clock().now());
        let refusal = chat.try_deliver(&event).await.unwrap_err();
        assert!(matches!(refusal, DeliveryError::Poison(_)), "{refusal}");
    }
}
