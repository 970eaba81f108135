//! Fallback to the next model, retries, and errors that allow neither.

use std::time::Duration;

use base::config::Secret;
use llm::{LlmError, Model, ModelStatus, Phase};
use testkit::{Behaviour, FakeOpenAi, Kind, Script, Step};

use crate::support::{BEGINNING, collect, openai, question};

async fn two_models() -> (FakeOpenAi, Model) {
    let chat_models = vec!["first".to_owned(), "second".to_owned()];
    let fake = FakeOpenAi::start(Script { chat_models: chat_models.clone(), ..Script::default() }).await;
    let model = openai(&fake, |config| {
        config.chat_models = chat_models;
        config.timeouts.first_token = Duration::from_secs(3);
    });
    (fake, model)
}

fn requested_models(fake: &FakeOpenAi) -> Vec<String> {
    fake.requests().iter().map(|request| request.body["model"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_next_model_answers_while_nothing_has_come() {
    let not_begun = [
        Behaviour::rate_limited(Some("9")),
        Behaviour::error(503, "", "overloaded"),
        Behaviour::error(404, "model_not_found", "gone"),
        Behaviour::Stream(vec![Step::Stall]),
        Behaviour::Stream(vec![Step::Cut]),
        Behaviour::Stream(vec![Step::raw("data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}\n\n")]),
    ];
    for behaviour in not_begun {
        let (fake, model) = two_models().await;
        fake.push(Kind::Chat, behaviour.clone());
        fake.push(Kind::Chat, Behaviour::tokens(["from the second"]));
        let collected = collect(model.stream(question())).await;
        assert_eq!(collected.text, "from the second", "after {behaviour:?}");
        assert_eq!(collected.model.as_deref(), Some("second"));
        assert_eq!(requested_models(&fake), ["first", "second"]);
        fake.wait_for_open_streams(0).await;
    }
}

#[tokio::test]
async fn after_a_first_piece_no_other_model_is_asked() {
    let (fake, model) = two_models().await;
    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::text(BEGINNING), Step::Cut]));
    assert_eq!(collect(model.stream(question())).await.error, Some(LlmError::Interrupted));
    assert_eq!(requested_models(&fake), ["first"]);
}

#[tokio::test]
async fn a_model_that_only_reasons_is_followed_by_the_next() {
    let (fake, model) = two_models().await;
    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::reasoning("hm"), Step::end(), Step::Done]));
    fake.push(Kind::Chat, Behaviour::tokens(["from the second"]));
    assert_eq!(collect(model.stream(question())).await.text, "from the second");
}

#[tokio::test]
async fn what_a_proxy_refuses_with_400_is_told_as_what_it_is() {
    for (message, expected, asked) in [
        ("/chat/completions: Invalid model name passed in model=first. Call `/v1/models`", None, 2),
        ("litellm.BadRequestError: OpenAIException - The model `first` does not exist", None, 2),
        ("litellm.AuthenticationError: Incorrect API key provided: sk-abc", Some(LlmError::Unauthorized), 1),
        ("API key not valid. Please pass a valid API key.", Some(LlmError::Unauthorized), 1),
    ] {
        let (fake, model) = two_models().await;
        fake.push(Kind::Chat, Behaviour::error(400, "400", message));
        fake.push(Kind::Chat, Behaviour::tokens(["from the second"]));
        assert_eq!(collect(model.stream(question())).await.error, expected, "{message}");
        assert_eq!(requested_models(&fake).len(), asked, "{message}");
    }
}

#[tokio::test]
async fn an_error_that_affects_every_model_is_returned_at_once() {
    let cases = [
        (Behaviour::error(429, "insufficient_quota", "pay"), LlmError::Quota),
        (Behaviour::error(401, "invalid_api_key", "no"), LlmError::Unauthorized),
        (Behaviour::error(413, "", "too long"), LlmError::ContextTooLong),
    ];
    for (behaviour, expected) in cases {
        let (fake, model) = two_models().await;
        fake.push(Kind::Chat, behaviour);
        assert_eq!(collect(model.stream(question())).await.error, Some(expected));
        assert_eq!(requested_models(&fake), ["first"]);
    }
}

#[tokio::test]
async fn the_list_is_retried_after_a_delay() {
    let (fake, model) = two_models().await;
    fake.push(Kind::Chat, Behaviour::rate_limited(None));
    fake.push(Kind::Chat, Behaviour::error(404, "model_not_found", "gone"));
    fake.push(Kind::Chat, Behaviour::rate_limited(Some("0")));
    fake.push(Kind::Chat, Behaviour::tokens(["at last"]));
    assert_eq!(collect(model.stream(question())).await.text, "at last");
    assert_eq!(
        requested_models(&fake),
        ["first", "second", "first", "first"],
        "a model that does not exist is not retried"
    );
}

#[tokio::test]
async fn retries_end() {
    let fake = FakeOpenAi::start(Script::default()).await;
    for _ in 0..9 {
        fake.push(Kind::Chat, Behaviour::rate_limited(Some("0")));
    }
    let error = collect(openai(&fake, |_| {}).stream(question())).await.error;
    assert_eq!(error, Some(LlmError::RateLimited { retry_after: Some(Duration::ZERO) }));
    assert_eq!(fake.requests().len(), 3, "once, and two retries");
}

#[tokio::test]
async fn a_retry_beyond_the_limit_or_the_deadline_is_not_made() {
    let limited = |seconds| Some(LlmError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) });
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |_| {});

    fake.push(Kind::Chat, Behaviour::rate_limited(Some("3600")));
    assert_eq!(collect(model.stream(question())).await.error, limited(3600));

    let mut request = question();
    request.deadline = Some(tokio::time::Instant::now() + Duration::from_secs(5));
    fake.push(Kind::Chat, Behaviour::rate_limited(Some("8")));
    assert_eq!(collect(model.stream(request)).await.error, limited(8));
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn nothing_is_asked_after_the_deadline() {
    let (fake, model) = two_models().await;
    let mut request = question();
    request.deadline = Some(tokio::time::Instant::now());
    assert_eq!(collect(model.stream(request)).await.error, Some(LlmError::Timeout { phase: Phase::Total }));
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn parameters_a_server_does_not_know_are_left_out_for_good() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |_| {});
    for message in ["Use 'max_completion_tokens' instead.", "extra field stream_options", "temperature is fixed"] {
        fake.push(Kind::Chat, Behaviour::error(400, "unsupported_parameter", message));
    }
    let mut request = question();
    request.max_tokens = Some(10);
    request.temperature = Some(0.0);
    assert_eq!(collect(model.stream(request.clone())).await.error, None);
    assert_eq!(collect(model.stream(request)).await.error, None);

    let requests = fake.requests();
    assert_eq!(requests.len(), 5);
    let last = &requests[4].body;
    assert_eq!(last["max_completion_tokens"], 10);
    assert!(last.get("max_tokens").is_none() && last.get("stream_options").is_none());
    assert!(last.get("temperature").is_none());
}

#[tokio::test]
async fn readiness_names_the_models_that_are_missing() {
    let status = |model: &str, exists| ModelStatus { model: model.into(), exists };
    let fake = FakeOpenAi::start(Script { key: Some("sk-right".into()), ..Script::default() }).await;
    let model = openai(&fake, |config| {
        config.api_key = Some(Secret::new("sk-right"));
        config.chat_models.push("no-such-model".into());
    });
    let readiness = model.readiness().await.unwrap();
    assert_eq!(readiness.chat, [status("chat-model", true), status("no-such-model", false)]);

    let without_key = openai(&fake, |_| {});
    assert_eq!(without_key.readiness().await, Err(LlmError::Unauthorized));
    assert_eq!(collect(without_key.stream(question())).await.error, Some(LlmError::Unauthorized));
}
