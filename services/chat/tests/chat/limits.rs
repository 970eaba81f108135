//! How many questions a person may ask.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use access::Caller;
use base::{Problem, problem::Code};
use cache::redis::Redis;
use http::StatusCode;
use quota::{Meter, Quota, QuotaSource};
use serde_json::json;
use testkit::{
    Behaviour, FakeOpenAi, Kind, Script, Step,
    service::{Answer, Person, TestService, World},
};
use tokio::sync::Notify;
use uuid::Uuid;

async fn stage(asks_per_minute: &str, questions: usize) -> (World, FakeOpenAi) {
    let model = FakeOpenAi::start(Script::default()).await;
    for _ in 0..questions {
        model.push(Kind::Chat, Behaviour::tokens(["South."]));
    }
    let mut world = World::sqlite();
    world.set("LLM_PROVIDER", "openai");
    world.set("OPENAI_BASE_URL", model.url());
    world.set("CHAT_MODEL", "chat-model");
    world.set("ASKS_PER_MINUTE", asks_per_minute);
    (world, model)
}

async fn ask(chat: &TestService, who: &Person) -> Answer {
    let question = json!({"query": "Where do ducks fly?", "sources": [], "mode": "speed", "stream": false});
    chat.send_json(who, "POST", "/api/v1/chat", &question).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers[name].to_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_runs_begin_at_once_than_may() {
    let (mut world, model) = stage("0", 0).await;
    for _ in 0..40 {
        model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("South."), Step::Stall]));
    }
    world.set("RUN_LIMIT", "8");
    let chat = world.start(chat_svc::SERVICE).await;
    let (anna, boris) = (world.person(), world.person());
    let question = json!({"query": "Where do ducks fly?", "sources": [], "mode": "speed"});
    let begun = async |who: &Person, asks: usize| {
        let asked = (0..asks).map(|_| async {
            let request = who.http("POST", "/api/v1/chat").header("content-type", "application/json");
            let request = request.body(axum::body::Body::from(question.to_string())).unwrap();
            let response = tower::ServiceExt::oneshot(chat.http.clone(), request).await.unwrap();
            (response.status() == StatusCode::OK).then_some(response)
        });
        futures::future::join_all(asked).await.into_iter().flatten().collect::<Vec<_>>()
    };
    let annas = begun(&anna, 20).await;
    assert_eq!(annas.len(), 7, "one is kept for others");
    assert_eq!(begun(&boris, 20).await.len(), 1);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_ask_again() {
    let (world, _model) = stage("2", 4).await;
    let chat = world.start(chat_svc::SERVICE).await;
    let (anna, boris) = (world.person(), world.person());

    let first = ask(&chat, &anna).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(header(&first, "ratelimit-policy"), "\"asks\";q=2;w=60");
    assert!(header(&first, "ratelimit").starts_with("\"asks\";r=1;t="), "{:?}", first.headers);
    assert_eq!(ask(&chat, &anna).await.status, StatusCode::OK);

    let refused = ask(&chat, &anna).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&refused, "ratelimit").starts_with("\"asks\";r=0;t="), "{:?}", refused.headers);
    let seconds: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    let told = refused.json();
    assert_eq!((told["code"].as_str(), told["retry_after"].as_u64()), (Some("too_many_requests"), Some(seconds)));
    assert_eq!(told["detail"], "more than 2 questions a minute");

    assert_eq!(ask(&chat, &boris).await.status, StatusCode::OK, "another person is not affected");
    world.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(ask(&chat, &anna).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_person_asks_no_more_of_two_processes_than_of_one() {
    let Some(server) = testkit::Redis::start().await else { return };
    let (mut world, _model) = stage("2", 2).await;
    world.redis = Some(Redis::open(&server.url(), std::time::Duration::from_secs(60)).await.unwrap());
    let (one, other) = (world.start(chat_svc::SERVICE).await, world.start(chat_svc::SERVICE).await);
    let who = world.person();
    assert_eq!(ask(&one, &who).await.status, StatusCode::OK);
    assert_eq!(ask(&other, &who).await.status, StatusCode::OK);
    assert_eq!(ask(&one, &who).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&other, &who).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_question_that_cannot_be_asked_is_not_counted() {
    let (world, _model) = stage("1", 1).await;
    let chat = world.start(chat_svc::SERVICE).await;
    let who = world.person();
    let empty = chat.send_json(&who, "POST", "/api/v1/chat", &json!({"query": ""})).await;
    assert_eq!(empty.status, StatusCode::BAD_REQUEST);
    assert_eq!(ask(&chat, &who).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_is_counted_without_accounts_or_without_a_limit() {
    let (world, _model) = stage("1", 2).await;
    let chat = world.start_for_owner(chat_svc::SERVICE).await;
    let who = world.person();
    for _ in 0..2 {
        let answer = ask(&chat, &who).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.headers.contains_key("ratelimit"));
    }
    let (world, _model) = stage("0", 2).await;
    let chat = world.start(chat_svc::SERVICE).await;
    let who = world.person();
    for _ in 0..2 {
        assert_eq!(ask(&chat, &who).await.status, StatusCode::OK);
    }
}

/// A plan of so many questions.
#[derive(Debug, Clone, Default)]
struct Plan {
    left: Arc<Mutex<u64>>,
    settled: Arc<Notify>,
    released: Arc<Notify>,
}

#[async_trait::async_trait]
impl QuotaSource for Plan {
    async fn reserve(&self, _: &Caller, meter: Meter, amount: u64) -> Result<Uuid, Problem> {
        assert_eq!(meter, Meter::Questions);
        let mut left = self.left.lock().unwrap();
        let Some(rest) = left.checked_sub(amount) else {
            return Err(Problem::new(Code::QuotaExceeded, "the plan has no questions left today"));
        };
        *left = rest;
        Ok(Uuid::nil())
    }

    async fn settle(&self, _: Uuid, used: u64) -> Result<(), Problem> {
        assert_eq!(used, 1);
        self.settled.notify_one();
        Ok(())
    }

    async fn release(&self, _: Uuid) -> Result<(), Problem> {
        *self.left.lock().unwrap() += 1;
        self.released.notify_one();
        Ok(())
    }
}

#[tokio::test]
async fn a_plan_says_how_many_questions_are_answered() {
    let (mut world, model) = stage("0", 0).await;
    let plan = Plan { left: Arc::new(Mutex::new(1)), ..Plan::default() };
    world.quota = Quota::from_source(plan.clone());
    let chat = world.start(chat_svc::SERVICE).await;
    let anna = world.person();

    model.push(Kind::Chat, Behaviour::error(401, "invalid_api_key", "no such key"));
    ask(&chat, &anna).await.expect(StatusCode::BAD_GATEWAY);
    plan.released.notified().await;
    model.push(Kind::Chat, Behaviour::tokens(["South."]));
    ask(&chat, &anna).await.expect(StatusCode::OK);
    let refused = ask(&chat, &anna).await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused["code"], "quota_exceeded");
    plan.settled.notified().await;
    assert_eq!(*plan.left.lock().unwrap(), 0, "a question without an answer cost nothing");
}

#[tokio::test]
async fn an_organisation_has_a_limit_beside_those_of_its_users() {
    let (mut world, _model) = stage("60", 3).await;
    world.set("ASKS_PER_MINUTE_ORG", "2");
    let chat = world.start(chat_svc::SERVICE).await;
    let anna = world.person();
    assert_eq!(ask(&chat, &anna).await.status, StatusCode::OK);
    let last = ask(&chat, &world.colleague(&anna)).await;
    assert_eq!(header(&last, "ratelimit-policy"), "\"asks\";q=2;w=60", "the tightest limit is told");
    ask(&chat, &world.colleague(&anna)).await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&chat, &world.person()).await.status, StatusCode::OK);
}
