//! A model writes, and every way it may fail ends in an answer or an error within the budget, never in silence.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    Behaviour, FakeOllama, FakeOpenAi, FakeWeb, Kind, Script, Step,
    gooseek::{Event, check_log, text},
};

use crate::{
    support::{NOBODY, about_the_lease, check_citations, gooseek, handbook, run_id, with_model},
    web::{about_the_lighthouse, lighthouse_engine},
};

fn deltas(events: &[Event]) -> usize {
    events.iter().filter(|event| event.kind == "delta").count()
}

#[tokio::test]
async fn the_answer_of_a_model_streams_and_its_citations_are_checked() {
    let script = Script { between_tokens: Duration::from_millis(80), ..Script::default() };
    let model = FakeOpenAi::start(script).await;
    let server = with_model(gooseek(), &model).start().await;
    let client = server.client();
    handbook(&client).await;
    // The beginning of the first answer is held back: the model might be one that reasons without saying so.
    client.ask(&about_the_lease()).await.expect(StatusCode::OK);
    let events = client.ask_stream(&about_the_lease()).await.rest().await;
    let last = check_log(&events);
    assert_eq!((last.kind.as_str(), &last.data["status"]), ("done", &json!("complete")), "{events:#?}");
    assert!(deltas(&events) > 1, "{events:#?}");
    assert!(text(&events).contains("[1]"), "{events:#?}");
    let answer = client.get(&format!("/api/v1/chat/runs/{}", run_id(&events))).await.expect(StatusCode::OK);
    check_citations(&client, &answer).await;
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0, "{answer:#}");
    assert_eq!(model.requests().iter().filter(|request| request.path.ends_with("/completions")).count(), 2);
}

#[tokio::test]
async fn what_an_answer_took_of_models_and_engines_is_in_the_metrics() {
    let (model, web) = (FakeOpenAi::start(Script::default()).await, FakeWeb::start().await);
    let engine = lighthouse_engine(&web).await;
    let server = with_model(gooseek(), &model).set("CHAT_MODEL", "no-such-model,chat-model");
    let server = server.set("SEARXNG_URL", engine.url()).set("LLM_PRICES", "chat-model=1/2").start().await;
    let client = server.client();
    client.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
    let metrics = client.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body);
    for counted in [
        r#"gooseek_model_seconds_count{model="no-such-model",outcome="model_"#,
        r#"gooseek_model_seconds_count{model="chat-model",outcome="ok"} "#,
        r#"gooseek_model_tokens_total{model="chat-model",kind="prompt"} "#,
        r#"gooseek_model_cost_micros_total{model="chat-model",currency="USD"} "#,
        r#"gooseek_engine_seconds_count{engine="searxng",outcome="ok"} 1"#,
        r#"gooseek_metered_total{meter="questions"} 1"#,
        r#"gooseek_query_seconds_count{statement="#,
    ] {
        assert!(metrics.contains(counted), "{counted}\n{metrics}");
    }
}

#[tokio::test]
async fn ollama_writes_too() {
    let model = FakeOllama::start(Script::default()).await;
    let server = gooseek().set("LLM_PROVIDER", "ollama").set("OLLAMA_BASE_URL", model.url());
    let server = server.set("CHAT_MODEL", "chat-model").start().await;
    let client = server.client();
    handbook(&client).await;
    let answer = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
    assert_eq!(answer["status"], "complete");
    check_citations(&client, &answer).await;
    assert!(model.requests().iter().any(|request| request.path == "/api/chat"));
}

#[tokio::test]
async fn the_next_model_of_the_list_is_asked_when_the_first_is_not_there() {
    let model = FakeOpenAi::start(Script::default()).await;
    let server = with_model(gooseek(), &model).set("CHAT_MODEL", "no-such-model,chat-model").start().await;
    let client = server.client();
    handbook(&client).await;
    let answer = client.ask(&about_the_lease()).await.expect(StatusCode::OK);
    assert_eq!((&answer["status"], &answer["degraded"]), (&json!("complete"), &json!([])), "{answer:#}");
    let asked: Vec<Value> = model.requests().iter().map(|request| request.body["model"].clone()).collect();
    assert_eq!(asked, [json!("no-such-model"), json!("chat-model")]);
}

/// Asks about the lease with three seconds to spend.
async fn ask_in_a_hurry(server: &testkit::Gooseek) -> Vec<Event> {
    let mut ask = about_the_lease();
    ask["budget"] = json!({ "seconds": 10 });
    server.client().ask_stream(&ask).await.rest().await
}

#[tokio::test]
async fn a_model_that_fails_before_its_first_word_is_replaced_by_an_extract() {
    let model = FakeOpenAi::start(Script::default()).await;
    let server = with_model(gooseek(), &model).start().await;
    handbook(&server.client()).await;
    let refused = || Behaviour::error(500, "server_error", "try later");
    let faults: [(&str, Vec<Behaviour>); 7] = [
        ("silence", vec![Behaviour::Silent]),
        ("a stall", vec![Behaviour::Stream(vec![Step::Stall])]),
        ("a page", vec![Behaviour::StreamAs("text/html", vec![Step::raw("<title>Sign in</title>")]); 4]),
        ("garbage", vec![Behaviour::Stream(vec![Step::raw("data: {\"choices\": <<<\n\n"), Step::Done]); 4]),
        ("a rate limit", vec![Behaviour::rate_limited(Some("1")); 8]),
        ("an error", vec![refused(), refused(), refused(), refused()]),
        (
            "an error in the stream",
            vec![Behaviour::Stream(vec![Step::raw("data: {\"error\": {\"message\": \"overloaded\"}}\n\n")]); 4],
        ),
    ];
    for (name, behaviours) in faults {
        behaviours.into_iter().for_each(|behaviour| model.push(Kind::Chat, behaviour));
        let events = ask_in_a_hurry(&server).await;
        let last = check_log(&events);
        assert_eq!(last.kind, "done", "{name}: {events:#?}");
        assert!(text(&events).contains("three months"), "{name}: {events:#?}");
        assert!(last.data["degraded"].to_string().contains("model: "), "{name}: {last:?}");
        model.clear(Kind::Chat);
    }
}

#[tokio::test]
async fn a_model_that_is_not_reachable_is_replaced_by_an_extract() {
    let server = gooseek().set("LLM_PROVIDER", "openai").set("OPENAI_BASE_URL", format!("{NOBODY}/v1"));
    let server = server.set("CHAT_MODEL", "chat-model").start().await;
    handbook(&server.client()).await;
    let events = ask_in_a_hurry(&server).await;
    assert_eq!(check_log(&events).kind, "done");
    assert!(text(&events).contains("three months"), "{events:#?}");
}

#[tokio::test]
async fn a_model_that_fails_in_the_middle_leaves_a_partial_answer_that_says_so() {
    let model = FakeOpenAi::start(Script::default()).await;
    let server = with_model(gooseek(), &model).start().await;
    handbook(&server.client()).await;
    server.client().ask(&about_the_lease()).await.expect(StatusCode::OK);
    let beginning = || {
        Step::text(
            "The notice period is three months [1]. Either party may end the lease by giving notice in writing [1]. \
             The rent is 900 euros and is due on the first working day of each month [1]. Beyond that",
        )
    };
    for (name, end) in [
        ("a stall", Step::Stall),
        ("a cut", Step::Cut),
        ("garbage", Step::raw("data: {\"choices\": <<<\n\n")),
        ("an error", Step::raw("data: {\"error\": {\"message\": \"overloaded\"}}\n\n")),
    ] {
        model.push(Kind::Chat, Behaviour::Stream(vec![beginning(), end]));
        let events = ask_in_a_hurry(&server).await;
        let last = check_log(&events);
        assert_eq!((last.kind.as_str(), &last.data["status"]), ("done", &json!("partial")), "{name}: {events:#?}");
        assert!(
            last.data["reason"].is_string() && last.data["degraded"].to_string().contains("model: "),
            "{name}: {last:?}"
        );
        assert!(text(&events).starts_with("The notice period is three months [1]."), "{name}: {events:#?}");
        model.clear(Kind::Chat);
    }
}

#[tokio::test]
async fn a_model_asked_alone_that_fails_is_an_error() {
    let model = FakeOpenAi::start(Script::default()).await;
    let server = with_model(gooseek(), &model).start().await;
    for _ in 0..8 {
        model.push(Kind::Chat, Behaviour::error(503, "overloaded", "try later"));
    }
    let ask = json!({ "query": "Tell a joke", "sources": [], "mode": "speed", "budget": { "seconds": 10 } });
    let answer = server.client().ask(&ask).await.expect(StatusCode::BAD_GATEWAY);
    assert_eq!(answer["status"], "error");
    assert!(answer["error"]["code"].as_str().unwrap().starts_with("model"), "{answer:#}");
}

/// The answer to the question about the lease when the model streams these steps, and its last event.
async fn streamed(steps: Vec<Step>, change: impl FnOnce(&mut Value)) -> (String, Event) {
    let model = FakeOpenAi::start(Script::default()).await;
    let server = with_model(gooseek(), &model).start().await;
    handbook(&server.client()).await;
    model.push(Kind::Chat, Behaviour::Stream(steps.into_iter().chain([Step::Done]).collect()));
    let mut ask = about_the_lease();
    change(&mut ask);
    let events = server.client().ask_stream(&ask).await.rest().await;
    (text(&events), check_log(&events).clone())
}

#[tokio::test]
async fn a_model_that_gives_no_text_is_replaced_by_an_extract_that_names_it() {
    let end = |reason| Step::End { reason, usage: None };
    let tool = Step::Tool { index: 0, id: Some("a".into()), name: Some("search".into()), arguments: "{}".into() };
    for steps in [
        vec![Step::reasoning("The period is three months [1]."), end("stop")],
        vec![Step::text("<think>The period is three"), Step::text(" months [1]."), end("stop")],
        vec![Step::text(" \n"), end("stop")],
        vec![tool, end("tool_calls")],
        vec![Step::reasoning("Hmm."), end("length")],
    ] {
        let (answer, last) = streamed(steps.clone(), |_| {}).await;
        assert!(answer.contains("three months"), "{steps:?}: {answer}");
        assert_eq!((last.kind.as_str(), &last.data["status"]), ("done", &json!("complete")), "{steps:?}");
        assert!(last.data["degraded"].to_string().contains("chat-model gave no text"), "{steps:?}: {last:?}");
    }
}

#[tokio::test]
async fn what_a_model_sends_beside_its_answer_is_not_shown() {
    const ANSWER: &str = "The notice period is three months [1].";
    for before in ["", "<think>Is it two?</think>\n", "Maybe two, let me check.</think>\n\n", "[THINK]Two?[/THINK]"] {
        let steps = vec![Step::text(before), Step::text(ANSWER), Step::text("<|im_end|>"), Step::end()];
        let (answer, last) = streamed(steps, |_| {}).await;
        assert_eq!((answer.as_str(), &last.data["status"]), (ANSWER, &json!("complete")), "{before}");
    }
    let cut = vec![Step::text("The notice period is"), Step::End { reason: "content_filter", usage: None }];
    let (_, last) = streamed(cut, |_| {}).await;
    assert_eq!((&last.data["status"], &last.data["reason"]), (&json!("partial"), &json!("content_filter")));
}

#[tokio::test]
async fn the_model_judges_what_rules_cannot_settle() {
    let model = FakeOpenAi::start(Script::default()).await;
    let server = with_model(gooseek(), &model).start().await;
    let client = server.client();
    handbook(&client).await;
    model.push(Kind::Chat, Behaviour::tokens(["Whoever leaves has to say so a quarter of a year before [1]."]));
    // Related questions and verdicts are asked for at the same time, so both get what answers either.
    let either = json!({ "questions": [], "verdicts": [{ "number": 1, "verdict": "supported" }] });
    for structured in [&json!({ "ok": true, "query": "", "more": [] }), &either, &either] {
        model.push(Kind::Structured, Behaviour::tokens([&*structured.to_string()]));
    }
    let mut ask = about_the_lease();
    ask["mode"] = json!("balanced");
    let answer = client.ask(&ask).await.expect(StatusCode::OK);
    let citations = answer["citations"].as_array().unwrap();
    assert_eq!(citations.len(), 1, "{answer:#}");
    assert_eq!(
        (&citations[0]["support"], &citations[0]["judged_by"]),
        (&json!("supported"), &json!("model")),
        "{answer:#}"
    );
}
