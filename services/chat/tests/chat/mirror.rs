//! A run of one process followed at another, on one database and one Redis.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use cache::{
    live::{FeedEntry, FeedKey, LiveFeeds},
    redis::{CALL_TIMEOUT, Redis},
};
use futures::{StreamExt, stream::BoxStream};
use serde_json::{Value, json};
use testkit::{
    Behaviour, FakeOpenAi, KillablePostgres, Kind, Script, Step,
    service::{Person, TestService, World},
};
use tower::ServiceExt;

/// What the processes of chat-svc share.
struct Shared {
    world: World,
    server: testkit::Redis,
    redis: Redis,
    model: FakeOpenAi,
}

impl Shared {
    /// Appends a piece of text to the live log of a run, and to nothing else.
    fn append(&self, who: &Person, run_id: &str, seq: usize, text: &str) {
        let entry = FeedEntry {
            seq: i64::try_from(seq).unwrap(),
            kind: "delta".to_owned(),
            data: json!({ "text": text }).to_string(),
        };
        let log = FeedKey::new(who.org, "chat.runs", run_id.parse().unwrap());
        LiveFeeds::redis(self.redis.clone()).append(&log, || entry);
    }
}

async fn shared() -> Option<Shared> {
    shared_on(World::postgres().await?).await
}

async fn shared_on(mut world: World) -> Option<Shared> {
    let server = testkit::Redis::start().await?;
    let redis = Redis::open(&server.url(), CALL_TIMEOUT).await.unwrap();
    let model = FakeOpenAi::start(Script::default()).await;
    world.redis = Some(redis.clone());
    for (name, value) in [("LLM_PROVIDER", "openai"), ("OPENAI_BASE_URL", &model.url()), ("CHAT_MODEL", "chat-model")] {
        world.set(name, value);
    }
    Some(Shared { world, server, redis, model })
}

/// A stream of events, and what has come of it.
struct Events {
    stream: BoxStream<'static, Vec<u8>>,
    seen: String,
}

impl Events {
    /// Reads on until `text` has come; returns all that has, without heartbeats.
    async fn until(&mut self, text: &str) -> String {
        let found = async {
            while !self.seen.contains(text) {
                let piece = self.stream.next().await;
                let piece = piece.unwrap_or_else(|| panic!("the stream ends without {text:?} after {}", self.seen));
                self.seen.push_str(&String::from_utf8(piece).unwrap().replace(": alive\n\n", ""));
            }
            self.seen.clone()
        };
        tokio::time::timeout(Duration::from_secs(60), found).await.expect("the text comes")
    }
}

async fn events(chat: &TestService, who: &Person, method: &str, path: &str, body: &Value) -> Events {
    let request = who.http(method, path).header("content-type", "application/json");
    let request = request.body(axum::body::Body::from(body.to_string())).unwrap();
    let response = chat.http.clone().oneshot(request).await.unwrap();
    let stream = response.into_body().into_data_stream().map(|piece| piece.unwrap().to_vec()).boxed();
    Events { stream, seen: String::new() }
}

async fn ask(chat: &TestService, who: &Person) -> Events {
    let question = json!({"query": "Where do ducks fly?", "sources": [], "mode": "speed"});
    events(chat, who, "POST", "/api/v1/chat", &question).await
}

async fn follow(chat: &TestService, who: &Person, run_id: &str) -> Events {
    events(chat, who, "GET", &format!("/api/v1/chat/runs/{run_id}/events"), &Value::Null).await
}

fn run_id(seen: &str) -> String {
    let (_, rest) = seen.split_once("\"run_id\":\"").unwrap();
    rest[..36].to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_writes_is_heard_without_asking_the_database() {
    let Some(shared) = shared().await else { return };
    shared.model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("Ducks"), Step::Stall]));
    let (here, there) = (shared.world.start(chat_svc::SERVICE).await, shared.world.start(chat_svc::SERVICE).await);
    let who = shared.world.person();
    let mut asked = ask(&here, &who).await;
    let id = run_id(&asked.until("Ducks").await);
    let mut followed = follow(&there, &who, &id).await;
    let seen = followed.until("Ducks").await;

    let next = seen.matches("id: ").count() + 1;
    shared.append(&who, &id, next, "said in Redis alone");
    followed.until("said in Redis alone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_misses_is_read_from_the_database() {
    let Some(shared) = shared().await else { return };
    let steps = (0..100).flat_map(|word| [Step::text(&format!("word{word} ")), Step::Wait(Duration::from_millis(30))]);
    shared.model.push(Kind::Chat, Behaviour::Stream(steps.chain([Step::end(), Step::Done]).collect()));
    let (here, there) = (shared.world.start(chat_svc::SERVICE).await, shared.world.start(chat_svc::SERVICE).await);
    let who = shared.world.person();
    let mut asked = ask(&here, &who).await;
    let id = run_id(&asked.until("word0").await);
    let mut followed = [follow(&there, &who, &id).await, follow(&there, &who, &id).await];
    // Redis takes nothing with a lower number, and this one is far ahead.
    shared.append(&who, &id, 1_000, "too early");
    followed[0].until("word10").await;
    shared.server.flush().await;
    followed[0].until("word20").await;
    shared.server.freeze();
    followed[0].until("word40").await;
    shared.server.thaw();
    let whole = asked.until("event: done").await;
    for stream in &mut followed {
        assert_eq!(stream.until("event: done").await, whole);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_after_an_outage_follows_to_the_end() {
    let Some(mut database) = KillablePostgres::start().await else { return };
    let Some(shared) = shared_on(World::on_postgres(&database)).await else { return };
    shared.model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("Ducks"), Step::Stall]));
    let (here, there) = (shared.world.start(chat_svc::SERVICE).await, shared.world.start(chat_svc::SERVICE).await);
    let who = shared.world.person();
    let mut asked = ask(&here, &who).await;
    let id = run_id(&asked.until("Ducks").await);
    // It does not read on, and so holds what the other sees break off.
    let mut stalled = follow(&there, &who, &id).await;
    stalled.until("Ducks").await;
    let mut broken = follow(&there, &who, &id).await;
    broken.until("Ducks").await;
    database.kill();
    while broken.stream.next().await.is_some() {}
    database.run().await;

    let mut again = follow(&there, &who, &id).await;
    let cancel = events(&there, &who, "POST", &format!("/api/v1/chat/runs/{id}/cancel"), &json!({})).await;
    drop(cancel);
    again.until("event: done").await;
}
