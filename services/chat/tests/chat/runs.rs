//! Runs through HTTP: asked, followed, found again, cancelled, taken over. The model is asked alone, so that nothing but
//! chat-svc and a fake model is needed.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    Behaviour, FakeOpenAi, Kind, Script, Step,
    service::{Person, Tables, TestService, World},
};

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: i64,
    kind: String,
    data: Value,
}

fn events(body: &[u8]) -> Vec<Event> {
    let text = std::str::from_utf8(body).unwrap();
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned).unwrap_or_default()
    };
    text.split("\n\n")
        .filter(|block| block.contains("event: "))
        .map(|block| Event {
            id: field(block, "id: ").parse().unwrap(),
            kind: field(block, "event: "),
            data: serde_json::from_str(&field(block, "data: ")).unwrap(),
        })
        .collect()
}

fn text(events: &[Event]) -> String {
    events.iter().filter(|event| event.kind == "delta").map(|event| event.data["text"].as_str().unwrap()).collect()
}

/// A question to the model alone.
fn question(query: &str) -> Value {
    json!({"query": query, "sources": [], "mode": "speed"})
}

async fn chat_with(world: &mut World, model: &FakeOpenAi) -> TestService {
    world.set("LLM_PROVIDER", "openai");
    world.set("OPENAI_BASE_URL", model.url());
    world.set("CHAT_MODEL", "chat-model");
    world.start(chat_svc::SERVICE).await
}

async fn ask(chat: &TestService, who: &Person, body: &Value) -> Vec<Event> {
    let answer = chat.send_json(who, "POST", "/api/v1/chat", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    events(&answer.body)
}

testkit::on_both! {
    async fn a_question_streams_and_can_be_read_again(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        model.push(Kind::Chat, Behaviour::tokens(["Ducks ", "fly ", "south."]));
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();

        let streamed = ask(&chat, &who, &question("Where do ducks fly?")).await;
        assert_eq!(streamed[0].kind, "run");
        assert_eq!(text(&streamed), "Ducks fly south.");
        let last = streamed.last().unwrap();
        assert_eq!((last.kind.as_str(), last.data["status"].as_str().unwrap()), ("done", "complete"));
        let ids: Vec<i64> = streamed.iter().map(|event| event.id).collect();
        assert_eq!(ids, (1..=ids.len() as i64).collect::<Vec<_>>(), "ids count from 1 without a gap");

        let run_id = streamed[0].data["run_id"].as_str().unwrap();
        let path = format!("/api/v1/chat/runs/{run_id}/events");
        assert_eq!(events(&chat.get(&who, &path).await.body), streamed, "a replay is the same stream");
        let run = chat.get(&who, &format!("/api/v1/chat/runs/{run_id}")).await.expect(StatusCode::OK);
        assert_eq!((run["answer"].as_str(), run["status"].as_str()), (Some("Ducks fly south."), Some("complete")));
    }

    async fn a_follow_up_is_asked_with_the_turns_before_it(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();
        model.push(Kind::Chat, Behaviour::tokens(["Ducks fly south."]));
        let first = ask(&chat, &who, &question("Where do ducks fly?")).await;
        let mut second = question("And when do they return?");
        second["thread_id"] = first[0].data["thread_id"].clone();
        ask(&chat, &who, &second).await;
        let sent = format!("{:?}", model.requests().last().unwrap());
        assert!(sent.contains("Where do ducks fly?") && sent.contains("Ducks fly south."), "{sent}");
    }

    async fn one_key_is_one_run(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();
        let send = async |query: &str| {
            let request = who.http("POST", "/api/v1/chat").header("content-type", "application/json");
            let request = request.header("idempotency-key", "k-1").body(question(query).to_string().into()).unwrap();
            chat.send(request).await
        };
        let first = events(&send("Where do ducks fly?").await.body);
        let again = events(&send("Where do ducks fly?").await.body);
        assert_eq!(first, again);
        assert_eq!(model.requests().len(), 1, "the model was asked once");
        let other = send("Where do geese fly?").await.expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other["code"], "idempotency_key_reused");
    }

    async fn a_run_of_somebody_else_looks_like_none(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let chat = chat_with(&mut world, &model).await;
        let owner = world.person();
        let started = ask(&chat, &owner, &question("Where do ducks fly?")).await;
        let run_id = started[0].data["run_id"].as_str().unwrap();
        for stranger in [world.person(), world.colleague(&owner)] {
            let run = format!("/api/v1/chat/runs/{run_id}");
            let missing = "/api/v1/chat/runs/01a1fbd6-fab5-7250-8ba2-438569bc2e60";
            let expected = chat.get(&stranger, missing).await.expect(StatusCode::NOT_FOUND)["detail"].clone();
            for answer in [
                chat.get(&stranger, &run).await,
                chat.get(&stranger, &format!("{run}/events")).await,
                chat.send_json(&stranger, "POST", &format!("{run}/cancel"), &json!({})).await,
            ] {
                assert_eq!(answer.expect(StatusCode::NOT_FOUND)["detail"], expected);
            }
            let mut follow_up = question("And geese?");
            follow_up["thread_id"] = started[0].data["thread_id"].clone();
            chat.send_json(&stranger, "POST", "/api/v1/chat", &follow_up).await.expect(StatusCode::NOT_FOUND);
        }
    }

    async fn a_cancelled_run_closes_the_models_stream(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        model.push(Kind::Chat, Behaviour::Stream(vec![Step::Text("Ducks ".into()), Step::Stall]));
        let chat = chat_with(&mut world, &model).await;
        let who = world.person();
        let mut background = question("Where do ducks fly?");
        background["background"] = json!(true);
        let asking = ask(&chat, &who, &background);
        let cancelling = async {
            model.wait_for_open_streams(1).await;
            let threads = chat.db.clone();
            let run_id = only_run(&threads, &who).await;
            let cancel = format!("/api/v1/chat/runs/{run_id}/cancel");
            chat.send_json(&who, "POST", &cancel, &json!({})).await.expect(StatusCode::ACCEPTED);
            tokio::time::timeout(Duration::from_secs(10), model.wait_for_open_streams(0)).await.unwrap();
        };
        let (streamed, ()) = tokio::join!(asking, cancelling);
        assert_eq!(streamed.last().unwrap().data["status"], "cancelled");
    }

    async fn a_run_whose_process_is_gone_is_taken_over(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        model.push(Kind::Chat, Behaviour::Stream(vec![Step::Text("Ducks fly ".into()), Step::Stall]));
        let first = chat_with(&mut world, &model).await;
        let who = world.person();
        let body = first_piece(&first, &who).await;
        let run_id = body[0].data["run_id"].as_str().unwrap().to_owned();
        drop(first);

        world.clock.advance(Duration::from_secs(60));
        model.push(Kind::Chat, Behaviour::tokens([" south ", "in autumn."]));
        let second = world.start(chat_svc::SERVICE).await;
        let whole = events(&second.get(&who, &format!("/api/v1/chat/runs/{run_id}/events")).await.body);
        assert_eq!(whole[..body.len()], body, "what was sent is never changed");
        assert_eq!(text(&whole), "Ducks fly south in autumn.");
        assert_eq!(whole.last().unwrap().data["status"], "complete");
        assert_eq!(whole.iter().filter(|event| event.kind == "done").count(), 1);
    }

    async fn a_process_that_lost_a_run_writes_nothing_more_into_it(world: World) {
        let mut world = world;
        let model = FakeOpenAi::start(Script::default()).await;
        let late = vec![Step::text("Ducks fly "), Step::Wait(Duration::from_secs(2)), Step::text("north."), Step::Done];
        model.push(Kind::Chat, Behaviour::Stream(late));
        let first = chat_with(&mut world, &model).await;
        let who = world.person();
        let run_id = first_piece(&first, &who).await[0].data["run_id"].as_str().unwrap().to_owned();

        world.clock.advance(Duration::from_secs(60));
        model.push(Kind::Chat, Behaviour::tokens([" south ", "in autumn."]));
        let second = world.start(chat_svc::SERVICE).await;
        let path = format!("/api/v1/chat/runs/{run_id}/events");
        let whole = events(&second.get(&who, &path).await.body);
        assert_eq!(text(&whole), "Ducks fly south in autumn.");
        model.wait_for_open_streams(0).await;
        let follow_up = ask(&first, &who, &question("Is the first process still there?")).await;
        assert_eq!(follow_up.last().unwrap().kind, "done");
        assert_eq!(events(&second.get(&who, &path).await.body), whole, "the late writer was refused");
    }

    async fn every_fault_of_a_question_is_named(world: World) {
        let chat = world.start(chat_svc::SERVICE).await;
        let who = world.person();
        let bad = json!({"query": " ", "sources": [], "budget": {"seconds": 0, "cost": "-1"}});
        let problem = chat.send_json(&who, "POST", "/api/v1/chat", &bad).await.expect(StatusCode::BAD_REQUEST);
        let pointers: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
        assert_eq!(pointers, ["/query", "/sources", "/budget/seconds", "/budget/cost"]);
        let unknown = json!({"query": "x", "qury": 1});
        let problem = chat.send_json(&who, "POST", "/api/v1/chat", &unknown).await.expect(StatusCode::BAD_REQUEST);
        assert!(problem["detail"].as_str().unwrap().contains("qury"), "{problem}");
    }
}

/// Follows a run until its first text, then leaves.
async fn first_piece(chat: &TestService, who: &Person) -> Vec<Event> {
    use tokio_stream::StreamExt;
    use tower::ServiceExt;
    let mut body = question("Where do ducks fly?");
    body["background"] = json!(true);
    let request = who.http("POST", "/api/v1/chat").header("content-type", "application/json");
    let response =
        chat.http.clone().oneshot(request.body(axum::body::Body::from(body.to_string())).unwrap()).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    let mut seen = Vec::new();
    while let Some(piece) = stream.next().await {
        seen.extend_from_slice(&piece.unwrap());
        let so_far = events(&seen);
        if so_far.iter().any(|event| event.kind == "delta") {
            return so_far;
        }
    }
    panic!("the run ended without text: {}", String::from_utf8_lossy(&seen));
}

/// The id of the only run there is.
async fn only_run(db: &db::Db, who: &Person) -> uuid::Uuid {
    let mut session = db.read(&who.scope()).await.unwrap();
    let (id,): (uuid::Uuid,) = db::fetch_one!(&mut session, unscoped: "SELECT id FROM runs").unwrap();
    id
}

/// Conditions forgotten in a statement would still show nothing of another organisation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_hides_rows_of_other_organisations() {
    let Some(mut world) = World::postgres().await else { return };
    let model = FakeOpenAi::start(Script::default()).await;
    let chat = chat_with(&mut world, &model).await;
    let (ann, eve) = (world.person(), world.person());
    ask(&chat, &ann, &question("Where do ducks fly?")).await;
    world.assert_hidden(&chat, chat_svc::SERVICE.name, [&ann, &eve], Tables::default()).await;
}
