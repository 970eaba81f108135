//! Streaming from Ollama.

use std::time::Duration;

use base::config::Secret;
use futures::StreamExt;
use llm::{Delta, FinishReason, LlmError, Message, ModelStatus, Phase, Tool, ToolChoice};
use serde_json::json;
use testkit::{Behaviour, FakeOllama, Kind, Script, Step};

use crate::support::{BEGINNING, Collected, collect, ollama, question};

async fn collect_steps(steps: Vec<Step>) -> Collected {
    let fake = FakeOllama::start(Script::default()).await;
    fake.push(Kind::Chat, Behaviour::Stream(steps));
    collect(ollama(&fake, |config| config.retries = 0).stream(question())).await
}

#[tokio::test]
async fn an_answer_streams_with_thinking_apart_and_its_usage() {
    let fake = FakeOllama::start(Script::default()).await;
    let steps = vec![Step::reasoning("hm"), Step::text("<think>ha</think> Bl"), Step::text("ue."), Step::end()];
    fake.push(Kind::Chat, Behaviour::Stream(steps));
    let mut request = question();
    request.max_tokens = Some(50);
    request.stop = vec!["END".into()];

    let collected = collect(ollama(&fake, |config| config.context_tokens = 8192).stream(request)).await;

    assert_eq!(collected.text, "Blue.");
    let (reason, usage) = collected.finished.unwrap();
    assert_eq!((reason, usage.prompt_tokens, usage.completion_tokens), (FinishReason::Stop, 10, 5));
    assert_eq!(
        fake.requests()[0].body,
        json!({
            "model": "chat-model", "stream": true, "truncate": false,
            "messages": [{ "role": "user", "content": "Why is the sky blue?" }],
            "options": { "num_ctx": 8192, "num_predict": 50, "stop": ["END"] },
        })
    );
}

#[tokio::test]
async fn lines_are_read_however_they_are_cut() {
    let lines = "{\"message\":{\"content\":\"né\"},\"done\":false}\r\n\n{\"message\":{\"content\":\"e\"}}\n\
                 {\"done\":true,\"done_reason\":\"length\",\"eval_count\":4}";
    let collected = collect_steps(lines.as_bytes().chunks(3).map(Step::raw).collect()).await;
    assert_eq!(collected.text, "née");
    let (reason, usage) = collected.finished.unwrap();
    assert_eq!((reason, usage.completion_tokens, usage.estimated), (FinishReason::Length, 4, true));
}

#[tokio::test]
async fn a_tool_call_goes_there_and_back() {
    let fake = FakeOllama::start(Script::default()).await;
    let call = Step::Tool { index: 0, id: None, name: Some("time".into()), arguments: "{\"zone\":\"UTC\"}".into() };
    fake.push(Kind::Chat, Behaviour::Stream(vec![call, Step::end()]));
    let model = ollama(&fake, |_| {});
    let mut request = question();
    request.tools = vec![Tool { name: "time".into(), description: "Tells it".into(), parameters: json!({}) }];

    let collected = collect(model.stream(request.clone())).await;
    assert_eq!(collected.tools[0].arguments, "{\"zone\":\"UTC\"}");
    assert_eq!(collected.finished.unwrap().0, FinishReason::ToolCalls);

    let id = collected.tools[0].id.clone();
    request.messages.push(Message { tool_calls: collected.tools, ..Message::assistant("") });
    request.messages.push(Message::tool(id, "noon"));
    request.tool_choice = ToolChoice::None;
    assert_eq!(collect(model.stream(request)).await.error, None);
    assert!(fake.requests()[1].body.get("tools").is_none());
}

#[tokio::test]
async fn broken_streams_are_errors() {
    let error = collect_steps(vec![Step::text(BEGINNING), Step::raw("{\"error\":\"out of memory\"}\n")]).await;
    assert_eq!((error.text.as_str(), error.error), (BEGINNING, Some(LlmError::Unavailable)));

    let cut = collect_steps(vec![Step::text(BEGINNING), Step::Cut]).await;
    assert_eq!(cut.error, Some(LlmError::Interrupted));

    let end = collect_steps(vec![Step::text(BEGINNING)]).await;
    assert_eq!(end.error, Some(LlmError::Interrupted));

    let garbage = collect_steps(vec![Step::raw("Bad Gateway\n")]).await;
    assert!(matches!(garbage.error, Some(LlmError::InvalidResponse(_))));

    let huge = collect_steps(vec![Step::raw(vec![b'x'; 3 << 20])]).await;
    assert!(matches!(huge.error, Some(LlmError::InvalidResponse(_))));
}

#[tokio::test]
async fn a_stall_ends_in_time_and_a_drop_closes_the_stream() {
    let fake = FakeOllama::start(Script::default()).await;
    let model = ollama(&fake, |config| config.timeouts.between_tokens = Duration::from_millis(200));
    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::text(BEGINNING), Step::Stall]));
    let error = collect(model.stream(question())).await.error;
    assert_eq!(error, Some(LlmError::Timeout { phase: Phase::BetweenTokens }));
    fake.wait_for_open_streams(0).await;

    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::text(BEGINNING), Step::Stall]));
    let mut answer = model.stream(question());
    assert_eq!(answer.next().await, Some(Ok(Delta::Text(BEGINNING.into()))));
    drop(answer);
    tokio::time::timeout(Duration::from_secs(10), fake.wait_for_open_streams(0)).await.unwrap();
}

#[tokio::test]
async fn refusals_become_errors() {
    let fake = FakeOllama::start(Script { key: Some("right".into()), ..Script::default() }).await;
    let error = |model: &llm::Model| {
        let answer = model.stream(question());
        async { collect(answer).await.error }
    };
    assert_eq!(error(&ollama(&fake, |_| {})).await, Some(LlmError::Unauthorized));

    let key = Some(Secret::new("right"));
    let missing = ollama(&fake, |config| {
        config.api_key = key.clone();
        config.chat_models = vec!["no-such-model".into()];
    });
    assert_eq!(error(&missing).await, Some(LlmError::ModelNotFound));

    let model = ollama(&fake, |config| config.api_key = key);
    let body = "{\"error\":\"the input length exceeds the context length\"}".to_owned();
    fake.push(Kind::Chat, Behaviour::Refuse { status: 400, headers: vec![], body });
    assert_eq!(error(&model).await, Some(LlmError::ContextTooLong));
    let readiness = model.readiness().await.unwrap();
    assert_eq!(
        readiness.chat,
        [ModelStatus { model: "chat-model".into(), exists: true }],
        "listed as chat-model:latest"
    );
}
