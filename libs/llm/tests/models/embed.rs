//! Embeddings.

use llm::LlmError;
use serde_json::{Value, json};
use testkit::{Behaviour, FakeOllama, FakeOpenAi, Kind, Script, Step};

use crate::support::{ollama, openai};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn json_body(body: &Value) -> Behaviour {
    Behaviour::Stream(vec![Step::raw(body.to_string())])
}

fn check_meaning(vectors: &[Vec<f32>]) {
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        assert!((dot(vector, vector) - 1.0).abs() < 1e-5, "unit length");
    }
    assert!(dot(&vectors[0], &vectors[2]) > dot(&vectors[0], &vectors[1]), "near texts have near vectors");
}

#[tokio::test]
async fn vectors_come_in_order_and_of_unit_length() {
    let asked = texts(&["the moon is far away", "bread needs yeast", "how far away is the moon"]);

    let fake = FakeOpenAi::start(Script::default()).await;
    check_meaning(&openai(&fake, |_| {}).embed(&asked).await.unwrap());

    let fake = FakeOllama::start(Script::default()).await;
    check_meaning(&ollama(&fake, |_| {}).embed(&asked).await.unwrap());
}

#[tokio::test]
async fn base64_is_read_as_well() {
    let fake = FakeOpenAi::start(Script::default()).await;
    // 3.0 and 4.0 as little-endian f32.
    let data = json!([{ "index": 0, "embedding": "AABAQAAAgEA=" }]);
    fake.push(Kind::Embeddings, json_body(&json!({ "object": "list", "data": data })));
    assert_eq!(openai(&fake, |_| {}).embed(&texts(&["x"])).await.unwrap(), [[0.6, 0.8]]);
}

#[tokio::test]
async fn many_and_long_texts_go_in_batches_the_server_takes() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let mut many: Vec<String> = (0..2100).map(|n| format!("text number {n}")).collect();
    many.extend(std::iter::repeat_n("я long text ".repeat(5000), 60));
    let vectors = openai(&fake, |_| {}).embed(&many).await.unwrap();
    assert_eq!(vectors.len(), 2160);
    assert_eq!(vectors[0], openai(&fake, |_| {}).embed(&many[..1]).await.unwrap()[0]);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    let fake = FakeOpenAi::start(Script::default()).await;
    fake.push(Kind::Embeddings, Behaviour::rate_limited(Some("0")));
    assert_eq!(openai(&fake, |_| {}).embed(&texts(&["x"])).await.unwrap().len(), 1);

    fake.push(Kind::Embeddings, Behaviour::error(429, "insufficient_quota", "pay"));
    assert_eq!(openai(&fake, |_| {}).embed(&texts(&["x"])).await, Err(LlmError::Quota));
    assert_eq!(fake.requests().len(), 3, "a used up quota is not asked again");
}

#[tokio::test]
async fn bad_answers_and_bad_calls_are_errors() {
    let fake = FakeOpenAi::start(Script::default()).await;
    let model = openai(&fake, |_| {});
    let item = |index: usize, embedding: Value| json!({ "index": index, "embedding": embedding });
    let bad = [
        json!({ "data": [item(0, json!([1.0]))] }),
        json!({ "data": [item(0, json!([1.0])), item(0, json!([1.0]))] }),
        json!({ "data": [item(0, json!([1.0])), item(1, json!([1.0, 2.0]))] }),
        json!({ "data": [item(0, json!([0.0])), item(1, json!([1.0]))] }),
        json!({ "data": [item(0, json!("####")), item(1, json!("AABAQA=="))] }),
        json!("<html>"),
    ];
    for body in bad {
        fake.push(Kind::Embeddings, json_body(&body));
        assert!(matches!(model.embed(&texts(&["a", "b"])).await, Err(LlmError::InvalidResponse(_))), "{body}");
    }

    assert_eq!(model.embed(&texts(&["a", " "])).await, Err(LlmError::Request("a text to embed is blank")));
    let without = openai(&fake, |config| config.embedding_model = None);
    assert!(matches!(without.embed(&texts(&["a"])).await, Err(LlmError::Request(_))));
    assert_eq!(model.embed(&[]).await.unwrap(), Vec::<Vec<f32>>::new());
}
