//! Streaming from OpenAI-compatible servers, odd ones included.

use std::time::Duration;

use base::config::Secret;
use futures::StreamExt;
use llm::{ChatRequest, Delta, FinishReason, LlmError, Message, Phase, Tool, ToolCall, ToolChoice};
use serde_json::json;
use testkit::{Behaviour, FakeOpenAi, Kind, Script, Step};

use crate::support::{BEGINNING, Collected, collect, openai, question};

async fn collect_script(behaviour: Behaviour) -> Collected {
    let fake = FakeOpenAi::start(Script::default()).await;
    fake.push(Kind::Chat, behaviour);
    collect(openai(&fake, |config| config.retries = 0).stream(question())).await
}

fn event(content: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": content } }] }))
}

#[tokio::test]
async fn an_answer_streams_and_ends_once_with_its_usage() {
    let fake = FakeOpenAi::start(Script { key: Some("sk-right".into()), ..Script::default() }).await;
    fake.push(Kind::Chat, Behaviour::tokens(["The sky ", "is ", "blue."]));
    let model = openai(&fake, |config| {
        config.api_key = Some(Secret::new("sk-right"));
        config.prices.insert("chat-model".into(), llm::Price::new("2", "8", "USD").unwrap());
    });

    let mut request = question();
    request.max_tokens = Some(99);
    request.temperature = Some(0.5);
    request.stop = vec!["END".into()];
    let collected = collect(model.stream(request)).await;

    assert_eq!(collected.text, "The sky is blue.");
    let (reason, usage) = collected.finished.unwrap();
    assert_eq!((reason, usage.prompt_tokens, usage.completion_tokens), (FinishReason::Stop, 10, 5));
    assert!(!usage.estimated);
    assert_eq!(usage.cost.unwrap().amount(), "0.000060");
    assert_eq!(
        fake.requests()[0].body,
        json!({
            "model": "chat-model", "stream": true, "stream_options": { "include_usage": true },
            "messages": [{ "role": "user", "content": "Why is the sky blue?" }],
            "max_tokens": 99, "temperature": 0.5, "stop": ["END"],
        })
    );
}

#[tokio::test]
async fn odd_framing_is_read() {
    let chunk = "{\"choices\":[{\"delta\":{\"content\":\"héllo €\"}}]}";
    let end = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}";
    let usage = "{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}";
    let odd =
        format!(": OPENROUTER PROCESSING\r\n\r\nevent: x\r\ndata: {chunk}\r\n\r\ndata:{end}\n\n: \n\ndata: {usage}");
    // In pieces of three bytes, which also cuts characters in two; no [DONE], and no blank line at the end.
    let steps = odd.as_bytes().chunks(3).map(Step::raw).collect();

    let collected = collect_script(Behaviour::Stream(steps)).await;

    assert_eq!(collected.text, "héllo €");
    let (_, usage) = collected.finished.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.estimated), (7, 3, false));
}

#[tokio::test]
async fn usage_is_counted_here_when_the_server_sends_none() {
    let steps = vec![Step::text("12345678"), Step::End { reason: "length", usage: None }, Step::Done];
    let (reason, usage) = collect_script(Behaviour::Stream(steps)).await.finished.unwrap();
    assert_eq!((reason, usage.prompt_tokens, usage.completion_tokens), (FinishReason::Length, 5, 2));
    assert!(usage.estimated);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_end_of_the_answer_loses_nothing() {
    let steps = vec![Step::text("whole"), Step::End { reason: "stop", usage: None }, Step::Cut];
    let collected = collect_script(Behaviour::Stream(steps)).await;
    assert_eq!((collected.text.as_str(), collected.error), ("whole", None));
    assert!(collected.finished.unwrap().1.estimated);
}

#[tokio::test]
async fn thinking_is_not_part_of_the_answer() {
    let field = "data: {\"choices\":[{\"delta\":{\"reasoning\":\"c\"}}]}\n\n";
    let pieces = ["<thi", "nk>d</th", "ink>\n\n", "It is ", "7 < ", "8."];
    let mut steps = vec![Step::reasoning("a"), Step::reasoning("b"), Step::raw(field)];
    steps.extend(pieces.map(Step::text));
    steps.push(Step::end());

    let collected = collect_script(Behaviour::Stream(steps)).await;

    assert_eq!(collected.text, "It is 7 < 8.");
}

#[tokio::test]
async fn a_response_without_an_answer_is_an_error_that_says_why() {
    let unclosed = ["<thin", "k>Look: 7 days."].map(Step::text);
    let tool = Step::Tool { index: 0, id: Some("a".into()), name: Some("search".into()), arguments: "{}".into() };
    let end = |reason| Step::End { reason, usage: None };
    for (mut steps, why) in [
        (vec![], "it sent nothing"),
        (vec![Step::text(""), end("stop")], "it sent nothing"),
        (vec![Step::text("\n \n"), end("stop")], "it only reasoned, or sent white space"),
        (vec![Step::reasoning("7 days."), end("stop")], "it only reasoned, or sent white space"),
        (unclosed.into_iter().chain([end("stop")]).collect(), "its reasoning was never closed"),
        (vec![Step::reasoning("Is it 7?"), end("length")], "its tokens ran out while it was reasoning"),
        (vec![tool, end("tool_calls")], "it called a tool that it was not given"),
        (vec![end("content_filter")], "its content filter stopped it"),
    ] {
        steps.push(Step::Done);
        let error = collect_script(Behaviour::Stream(steps)).await.error;
        assert_eq!(error, Some(LlmError::NoText { model: "chat-model".into(), why }));
    }
}

#[tokio::test]
async fn an_answer_cut_by_the_content_filter_says_so() {
    let steps = vec![Step::text("It has 27 da"), Step::End { reason: "content_filter", usage: None }, Step::Done];
    let collected = collect_script(Behaviour::Stream(steps)).await;
    assert_eq!((collected.text.as_str(), collected.finished.unwrap().0), ("It has 27 da", FinishReason::ContentFilter));
}

#[tokio::test]
async fn a_model_that_does_not_stop_is_stopped() {
    let words: Vec<String> = (0..2_000).map(|number| format!("word{number} ")).collect();
    let in_pieces: Vec<Step> = words.iter().map(|word| Step::text(word)).collect();
    let repeating = vec![Step::text("Hmm, let me see. "); 2_000];
    for (steps, reason) in [
        (in_pieces, FinishReason::Length),
        (vec![Step::text(&words.concat())], FinishReason::Length),
        (repeating, FinishReason::Repetition),
    ] {
        let fake = FakeOpenAi::start(Script::default()).await;
        fake.push(Kind::Chat, Behaviour::Stream(steps.into_iter().chain([Step::Stall]).collect()));
        let request = ChatRequest { max_tokens: Some(500), ..question() };
        let collected = collect(openai(&fake, |_| {}).stream(request)).await;
        let (stopped_by, usage) = collected.finished.unwrap();
        assert_eq!(stopped_by, reason);
        assert!(collected.text.len() <= 500 * 4 * 21 / 20 + 8, "{} bytes", collected.text.len());
        assert!(usage.estimated && usage.completion_tokens <= 526, "{usage:?}");
        fake.wait_for_open_streams(0).await;
    }
}

#[tokio::test]
async fn other_choices_and_a_byte_order_mark_do_no_harm() {
    let choices = json!({ "choices": [
        { "index": 1, "delta": { "content": "no" } }, { "index": 0, "delta": { "content": "yes" } },
    ] });
    let other = json!({ "choices": [{ "index": 1, "delta": { "content": "no" }, "finish_reason": "length" }] });
    let stream = format!("\u{feff}data: {choices}\n\ndata: \u{feff}{other}\n\n");
    let collected = collect_script(Behaviour::Stream(vec![Step::raw(stream), Step::end(), Step::Done])).await;
    assert_eq!((collected.text.as_str(), collected.finished.unwrap().0), ("yes", FinishReason::Stop));
}

#[tokio::test]
async fn tool_calls_come_whole() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let piece = |index, id: Option<&str>, name: Option<&str>, arguments: &str| Step::Tool {
        index,
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
    };
    fake.push(
        Kind::Chat,
        Behaviour::Stream(vec![
            piece(0, Some("a"), Some("search"), "{\"q\":"),
            piece(1, Some("b"), Some("time"), ""),
            piece(0, None, None, "\"moon\"}"),
            Step::End { reason: "tool_calls", usage: None },
            Step::Done,
        ]),
    );
    let model = openai(&fake, |_| {});
    let mut request = question();
    request.tools = vec![Tool { name: "search".into(), description: "Searches".into(), parameters: json!({}) }];
    request.tool_choice = ToolChoice::Named("search".into());

    let collected = collect(model.stream(request.clone())).await;

    let call = |id: &str, name: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    assert_eq!(collected.tools, [call("a", "search", "{\"q\":\"moon\"}"), call("b", "time", "{}")]);
    assert_eq!(collected.finished.unwrap().0, FinishReason::ToolCalls);

    // The results go back as the strict server wants them.
    request.messages.push(Message { tool_calls: collected.tools, ..Message::assistant("") });
    request.messages.extend([Message::tool("a", "far away"), Message::tool("b", "noon")]);
    assert_eq!(collect(model.stream(request)).await.error, None);
}

#[tokio::test]
async fn broken_streams_are_errors() {
    let is_invalid = |error| matches!(error, Some(LlmError::InvalidResponse(_)));
    let cut = collect_script(Behaviour::Stream(vec![Step::text(BEGINNING), Step::Cut])).await;
    assert_eq!((cut.text.as_str(), cut.error), (BEGINNING, Some(LlmError::Interrupted)));

    let silent_end = collect_script(Behaviour::Stream(vec![Step::text(BEGINNING)])).await;
    assert_eq!(silent_end.error, Some(LlmError::Interrupted));

    let event = collect_script(Behaviour::Stream(vec![Step::text(BEGINNING), Step::raw("data: {\"choi\n\n")])).await;
    assert_eq!(event.text, BEGINNING);
    assert!(is_invalid(event.error));

    let bad_utf8 = collect_script(Behaviour::Stream(vec![Step::raw(b"data: {\"choices\":\"\xff\"}\n\n")])).await;
    assert!(is_invalid(bad_utf8.error));

    let huge = collect_script(Behaviour::Stream(vec![Step::raw(vec![b'x'; 3 << 20]), Step::end()])).await;
    assert!(is_invalid(huge.error));

    let page = Step::raw("<html>Sign in</html>");
    assert!(is_invalid(
        collect_script(Behaviour::StreamAs("text/html; charset=utf-8", vec![page.clone()])).await.error
    ));
    assert!(is_invalid(collect_script(Behaviour::StreamAs("text/plain", vec![page])).await.error));
    assert!(is_invalid(collect_script(Behaviour::Stream(vec![])).await.error));

    let bad_call = Step::Tool { index: 0, id: None, name: Some("f".into()), arguments: "{\"q\":".into() };
    let fake = FakeOpenAi::start(Script::default()).await;
    fake.push(Kind::Chat, Behaviour::Stream(vec![bad_call, Step::end()]));
    let mut request = question();
    request.tools = vec![Tool { name: "f".into(), description: "Finds".into(), parameters: json!({}) }];
    assert!(is_invalid(collect(openai(&fake, |config| config.retries = 0).stream(request)).await.error));
}

#[tokio::test]
async fn a_flood_is_refused() {
    let call = |index| Step::Tool { index, id: None, name: Some("f".into()), arguments: "{}".into() };
    let flood = collect_script(Behaviour::Stream((0..200).map(call).chain([Step::end()]).collect())).await;
    assert_eq!(flood.error, Some(LlmError::InvalidResponse("the tool calls are too long")));

    let piece = Step::Tool { index: 0, id: None, name: None, arguments: "x".repeat(100_000) };
    let long = collect_script(Behaviour::Stream(std::iter::repeat_n(piece, 20).collect())).await;
    assert_eq!(long.error, Some(LlmError::InvalidResponse("the tool calls are too long")));

    let body = Step::raw(vec![b' '; 9 << 20]);
    let whole = collect_script(Behaviour::StreamAs("application/json", vec![body])).await;
    assert_eq!(whole.error, Some(LlmError::InvalidResponse("the answer is too long")));
}

#[tokio::test]
async fn a_usage_that_never_comes_is_not_waited_for_long() {
    let steps = vec![Step::text("whole"), Step::End { reason: "stop", usage: None }, Step::Stall];
    let collected =
        tokio::time::timeout(Duration::from_secs(20), collect_script(Behaviour::Stream(steps))).await.unwrap();
    assert_eq!(collected.text, "whole");
    assert!(collected.finished.unwrap().1.estimated);
}

#[tokio::test]
async fn a_whole_answer_in_place_of_a_stream_is_read() {
    let answer = json!({ "object": "chat.completion", "usage": { "prompt_tokens": 3, "completion_tokens": 2 },
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "All at once." }, "finish_reason": "stop" }] });
    let collected =
        collect_script(Behaviour::StreamAs("application/json", vec![Step::raw(format!("{answer:#}"))])).await;
    assert_eq!(collected.text, "All at once.");
    assert_eq!(collected.finished.unwrap().1.prompt_tokens, 3);
}

#[tokio::test]
async fn an_error_inside_a_good_stream_is_an_error() {
    let cases = [
        ("{\"error\":{\"message\":\"slow down\",\"code\":429}}", LlmError::RateLimited { retry_after: None }),
        ("{\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}", LlmError::Unavailable),
        ("{\"error\":\"boom\"}", LlmError::Unavailable),
        ("{\"object\":\"error\",\"message\":\"no\",\"code\":401}", LlmError::Unauthorized),
        ("{\"error\":{\"message\":\"pay\",\"code\":\"insufficient_quota\"}}", LlmError::Quota),
    ];
    for (error, expected) in cases {
        let steps = vec![Step::text(BEGINNING), Step::raw(format!("data: {error}\n\n")), Step::Stall];
        let collected = collect_script(Behaviour::Stream(steps)).await;
        assert_eq!((collected.text.as_str(), collected.error), (BEGINNING, Some(expected)), "{error}");
    }
}

#[tokio::test]
async fn a_stalled_stream_ends_in_time() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |config| {
        config.timeouts.first_token = Duration::from_secs(2);
        config.timeouts.between_tokens = Duration::from_millis(200);
    });
    let timeout = |phase| Some(LlmError::Timeout { phase });

    fake.push(Kind::Chat, Behaviour::Silent);
    assert_eq!(collect(model.stream(question())).await.error, timeout(Phase::FirstToken));

    // Comments keep the connection alive, but they are no tokens.
    let delay = [Step::raw(": wait\n\n"), Step::Wait(Duration::from_millis(50))];
    let mut alive: Vec<Step> = delay.iter().cycle().take(200).cloned().collect();
    fake.push(Kind::Chat, Behaviour::Stream(alive.clone()));
    assert_eq!(collect(model.stream(question())).await.error, timeout(Phase::FirstToken));

    alive.insert(0, Step::text(BEGINNING));
    fake.push(Kind::Chat, Behaviour::Stream(alive));
    let collected = collect(model.stream(question())).await;
    assert_eq!((collected.text.as_str(), collected.error), (BEGINNING, timeout(Phase::BetweenTokens)));

    let mut request = question();
    request.deadline = Some(tokio::time::Instant::now() + Duration::from_millis(100));
    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::Stall]));
    assert_eq!(collect(model.stream(request)).await.error, timeout(Phase::Total));
    fake.wait_for_open_streams(0).await;
}

#[tokio::test]
async fn dropping_the_answer_closes_the_upstream_stream() {
    let fake = FakeOpenAi::start(Script::default()).await;
    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::text(BEGINNING), Step::Stall]));
    let mut answer = openai(&fake, |_| {}).stream(question());
    assert_eq!(answer.next().await, Some(Ok(Delta::Text(BEGINNING.into()))));
    assert_eq!(fake.open_streams(), 1);

    drop(answer);

    tokio::time::timeout(Duration::from_secs(10), fake.wait_for_open_streams(0)).await.unwrap();
}

#[tokio::test]
async fn statuses_become_errors_and_show_no_secret() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |config| config.retries = 0);
    let html = |status| Behaviour::Refuse {
        status,
        headers: vec![("content-type", "text/html".into())],
        body: "<html>nginx</html>".into(),
    };
    let upstream = |status, message: &str| LlmError::Upstream { status, message: message.into() };
    let cases = [
        (Behaviour::error(401, "invalid_api_key", "Incorrect key sk-secret"), LlmError::Unauthorized),
        (Behaviour::error(400, "context_length_exceeded", "Too long"), LlmError::ContextTooLong),
        (Behaviour::error(400, "", "maximum context length is 4096 tokens"), LlmError::ContextTooLong),
        (Behaviour::error(404, "model_not_found", "No such model"), LlmError::ModelNotFound),
        (Behaviour::error(429, "insufficient_quota", "You exceeded your current quota"), LlmError::Quota),
        (Behaviour::error(400, "bad", "Bad key sk-secret, sorry"), upstream(400, "Bad key *** sorry")),
        (html(502), LlmError::Unavailable),
        (html(404), upstream(404, "no reason given")),
        (html(302), upstream(302, "no reason given")),
    ];
    for (behaviour, expected) in cases {
        fake.push(Kind::Chat, behaviour);
        assert_eq!(collect(model.stream(question())).await.error, Some(expected));
    }
    assert_eq!(fake.requests().len(), 9);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |config| config.base_url = "http://127.0.0.1:1/v1".into());
    assert_eq!(collect(model.stream(question())).await.error, Some(LlmError::Unavailable));
}

#[tokio::test]
async fn events_that_arrive_together_become_one_delta() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let events = format!("{}{}{}data: [DONE]\n\n", event("a"), event("b"), event("c"));
    fake.push(Kind::Chat, Behaviour::Stream(vec![Step::raw(events)]));
    let mut answer = openai(&fake, |_| {}).stream(ChatRequest::new([Message::user("abc?")]));
    assert_eq!(answer.next().await, Some(Ok(Delta::Text("abc".into()))));
    assert!(matches!(answer.next().await, Some(Ok(Delta::Finished { .. }))));
    assert_eq!(answer.next().await, None);
}
