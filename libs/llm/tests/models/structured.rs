//! Answers that are JSON of a schema.

use llm::{LlmError, Model};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::{Behaviour, FakeOllama, FakeOpenAi, Kind, Script, Step};

use crate::support::{BEGINNING, ollama, openai, question};

#[derive(Debug, Deserialize, PartialEq)]
struct Plan {
    question: String,
    rounds: u32,
}

fn schema() -> Value {
    json!({ "type": "object", "properties": { "question": { "type": "string" }, "rounds": { "type": "integer" } } })
}

async fn plan(model: &Model) -> Result<Plan, LlmError> {
    model.structured(question(), schema(), "plan").await.map(|(plan, _)| plan)
}

#[tokio::test]
async fn the_schema_goes_to_openai_strict() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let (plan, usage) = openai(&fake, |_| {}).structured::<Plan>(question(), schema(), "plan").await.unwrap();
    assert_eq!(plan, Plan { question: String::new(), rounds: 0 }, "the fake answers the smallest valid object");
    assert!(usage.prompt_tokens > 0 && !usage.estimated);
    let format = &fake.requests()[0].body["response_format"];
    assert_eq!((&format["type"], &format["json_schema"]["strict"]), (&json!("json_schema"), &json!(true)));
}

#[tokio::test]
async fn the_schema_goes_to_ollama_as_format() {
    let fake = FakeOllama::start(Script::default()).await;
    assert_eq!(plan(&ollama(&fake, |_| {})).await.unwrap(), Plan { question: String::new(), rounds: 0 });
    assert_eq!(fake.requests()[0].body["format"]["type"], "object");
}

#[tokio::test]
async fn json_is_found_whatever_stands_around_it() {
    let wrapped = [
        "{\"question\":\"why {not}?\",\"rounds\":2}",
        "```json\n{\"question\":\"why {not}?\",\"rounds\":2}\n```",
        "<think>maybe {\"question\":\"no\",\"rounds\":9}</think>{\"question\":\"why {not}?\",\"rounds\":2}",
        "maybe {\"question\":\"no\",\"rounds\":9}</think>{\"question\":\"why {not}?\",\"rounds\":2}",
        "Sure, here [1] is {it}: {\"question\":\"why {not}?\",\"rounds\":2} Anything else?",
    ];
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |_| {});
    for text in wrapped {
        fake.push(Kind::Structured, Behaviour::tokens([text]));
        assert_eq!(plan(&model).await, Ok(Plan { question: "why {not}?".into(), rounds: 2 }), "{text}");
    }
}

#[tokio::test]
async fn what_is_not_the_json_is_an_error() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |_| {});
    for text in ["I cannot help with that.", "{\"question\":\"cut", "{\"question\":1,\"rounds\":\"x\"}", "{{{{"] {
        fake.push(Kind::Structured, Behaviour::tokens([text]));
        assert!(matches!(plan(&model).await, Err(LlmError::InvalidResponse(_))), "{text}");
    }
    let beginning = Step::text(&format!("{{\"question\":\"{BEGINNING}"));
    fake.push(Kind::Structured, Behaviour::Stream(vec![beginning.clone(), Step::Cut]));
    assert_eq!(plan(&model).await, Err(LlmError::Interrupted));

    let flood = std::iter::once(beginning).chain(std::iter::repeat_n(Step::Text(" ".repeat(900_000)), 6)).collect();
    fake.push(Kind::Structured, Behaviour::Stream(flood));
    assert_eq!(plan(&model).await, Err(LlmError::InvalidResponse("the answer is too long")));
}

#[tokio::test]
async fn a_server_that_refuses_the_parameter_gets_the_schema_in_the_prompt() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |_| {});
    fake.push(Kind::Structured, Behaviour::error(400, "", "Unrecognized request argument supplied"));
    for _ in 0..2 {
        fake.push(Kind::Chat, Behaviour::tokens(["```\n{\"question\":\"q\",\"rounds\":1}\n```"]));
        assert_eq!(plan(&model).await, Ok(Plan { question: "q".into(), rounds: 1 }));
    }
    let requests = fake.requests();
    assert_eq!(requests.len(), 3, "the detour is made once");
    assert!(requests[2].body.get("response_format").is_none());
    let prompt = requests[2].body["messages"].to_string();
    assert!(prompt.contains("JSON Schema") && prompt.contains("rounds"), "{prompt}");
}
