//! Fake embedding server with 384 dimensions, as small models have; the fake of the tests has fewer.

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use testkit::FakeServer;

const DIMENSIONS: usize = 384;

/// Starts the server. Its base address ends in `/v1`.
pub(crate) async fn start() -> FakeServer {
    FakeServer::start(Router::new().route("/v1/embeddings", post(embeddings))).await
}

/// The variables that configure `gooseek` to use it.
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

/// Hashed word counts: texts that share words have similar vectors.
fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSIONS];
    // A text without words must not have a zero vector.
    vector[0] = 0.01;
    for word in text.split_whitespace() {
        let hash = word.bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)));
        vector[hash % DIMENSIONS] += 1.0;
    }
    vector
}
