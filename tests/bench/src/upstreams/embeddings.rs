//! A server of embeddings with 384 numbers each, as small models have; the fake of the tests makes shorter ones.

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use testkit::FakeServer;

const DIMENSIONS: usize = 384;

/// Starts it. The base address is the server's with `/v1`.
pub(crate) async fn start() -> FakeServer {
    FakeServer::start(Router::new().route("/v1/embeddings", post(embeddings))).await
}

/// The variables that point `gooseek` at it.
pub(crate) fn variables(server: &FakeServer) -> Vec<(&'static str, String)> {
    vec![
        ("LLM_PROVIDER", "openai".to_owned()),
        ("OPENAI_BASE_URL", format!("{}/v1", server.url())),
        ("CHAT_MODEL", "chat-model".to_owned()),
        ("EMBEDDING_MODEL", "embedding-model".to_owned()),
    ]
}

async fn embeddings(Json(request): Json<Value>) -> Json<Value> {
    let texts = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let item =
        |(index, text): (usize, &Value)| json!({"index": index, "embedding": embed(text.as_str().unwrap_or_default())});
    Json(json!({"data": texts.iter().enumerate().map(item).collect::<Vec<_>>()}))
}

/// Counts words by their hash: texts that share words are near.
fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    // A text without words still has a direction.
    vector[0] = 0.01;
    for word in text.split_whitespace() {
        let hash = word.bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
        vector[hash % DIMENSIONS] += 1.0;
    }
    vector
}
