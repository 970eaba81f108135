//! A fake of the OpenAI API (spec 2.3.0) that refuses whatever OpenAI refuses: unknown fields and paths, wrong types,
//! a missing key. It streams only.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Shared,
    http::{HeaderMap, Response, StatusCode, Uri},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    FakeServer,
    model::{Behaviour, Kind, Recorded, Script, State, Step, answer, embed, minimal, no_steps, openai_error, reply},
};

mod request;

use request::{Chat, Embeddings};

/// A server that looks like OpenAI's.
#[derive(Debug)]
pub struct FakeOpenAi {
    server: FakeServer,
    state: Arc<State>,
}

impl FakeOpenAi {
    pub async fn start(script: Script) -> Self {
        let state = State::new(script);
        let router = Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/embeddings", post(embeddings))
            .route("/v1/models", get(models))
            .fallback(unknown)
            .with_state(Arc::clone(&state));
        Self { server: FakeServer::start(router).await, state }
    }

    /// The base address, which ends in `/v1`.
    pub fn url(&self) -> String {
        format!("{}/v1", self.server.url())
    }

    /// Queues what to do with the next request of this kind; with nothing queued the default is done.
    pub fn push(&self, kind: Kind, behaviour: Behaviour) {
        self.state.push(kind, behaviour);
    }

    /// Forgets what is queued for requests of this kind.
    pub fn clear(&self, kind: Kind) {
        self.state.clear(kind);
    }

    /// All requests so far, refused ones too.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.requests()
    }

    /// Streams that are being sent now.
    pub fn open_streams(&self) -> usize {
        self.state.open_streams()
    }

    /// Waits until `count` streams are open.
    pub async fn wait_for_open_streams(&self, count: usize) {
        self.state.wait_for_open_streams(count).await;
    }
}

async fn chat(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if !state.admit("/v1/chat/completions", &headers, &body) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key", "Incorrect API key provided: sk-fake.");
    }
    let request = match Chat::read(&body) {
        Ok(request) => request,
        Err(message) => return refuse(StatusCode::BAD_REQUEST, "invalid_request", &message),
    };
    if !state.script.chat_models.contains(&request.model) {
        let message = format!("The model `{}` does not exist", request.model);
        return refuse(StatusCode::NOT_FOUND, "model_not_found", &message);
    }
    let prompt = request.prompt();
    let (kind, text) = match request.schema() {
        Some(schema) => (Kind::Structured, minimal(schema).to_string()),
        None => (Kind::Chat, state.script.answer.clone().unwrap_or_else(|| answer(&prompt))),
    };
    let behaviour = state.next(kind).unwrap_or_else(|| Behaviour::Stream(state.steps(&text, &prompt)));
    let (model, with_usage) = (request.model.clone(), request.wants_usage());
    state.respond(behaviour, "text/event-stream", move |step| write(step, &model, with_usage)).await
}

async fn embeddings(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if !state.admit("/v1/embeddings", &headers, &body) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key", "Incorrect API key provided: sk-fake.");
    }
    let request = match Embeddings::read(&body) {
        Ok(request) => request,
        Err(message) => return refuse(StatusCode::BAD_REQUEST, "invalid_request", &message),
    };
    if !state.script.embedding_models.contains(&request.model) {
        return refuse(StatusCode::NOT_FOUND, "model_not_found", "The model does not exist");
    }
    if let Some(behaviour) = state.next(Kind::Embeddings) {
        return state.respond(behaviour, "application/json", no_steps).await;
    }
    // The order of `data` is not promised: `index` tells.
    let texts = request.texts();
    let item = |(index, text): (usize, &&str)| json!({ "object": "embedding", "index": index, "embedding": request.encode(&embed(text, &state.script.synonyms)) });
    let data: Vec<Value> = texts.iter().enumerate().rev().map(item).collect();
    let usage = json!({ "prompt_tokens": texts.len(), "total_tokens": texts.len() });
    reply(StatusCode::OK, &json!({ "object": "list", "data": data, "model": request.model, "usage": usage }))
}

async fn models(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response<Body> {
    if !state.admit("/v1/models", &headers, b"") {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key", "Incorrect API key provided: sk-fake.");
    }
    let names = state.script.chat_models.iter().chain(&state.script.embedding_models);
    let item = |id: &String| json!({ "id": id, "object": "model", "created": 1_750_000_000, "owned_by": "fake" });
    reply(StatusCode::OK, &json!({ "object": "list", "data": names.map(item).collect::<Vec<_>>() }))
}

async fn unknown(Shared(state): Shared<Arc<State>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    state.admit(uri.path(), &headers, &body);
    refuse(StatusCode::NOT_FOUND, "unknown_url", "Invalid URL")
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    reply(status, &openai_error(code, message))
}

/// A step as event-stream frames.
fn write(step: &Step, model: &str, with_usage: bool) -> Vec<u8> {
    let frame = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 1_750_000_000, "model": model,
            "choices": choices, "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let delta =
        |delta: Value| frame(json!([{ "index": 0, "delta": delta, "finish_reason": null }]), Value::Null).into_bytes();
    match step {
        Step::Text(text) => delta(json!({ "content": text })),
        Step::Reasoning(text) => delta(json!({ "reasoning_content": text })),
        Step::Tool { index, id, name, arguments } => {
            let mut call = json!({ "index": index, "function": { "arguments": arguments } });
            if let Some(id) = id {
                call["id"] = id.as_str().into();
                call["type"] = "function".into();
            }
            if let Some(name) = name {
                call["function"]["name"] = name.as_str().into();
            }
            delta(json!({ "tool_calls": [call] }))
        }
        Step::End { reason, usage } => {
            let mut frames = frame(json!([{ "index": 0, "delta": {}, "finish_reason": reason }]), Value::Null);
            if let Some((prompt, completion)) = usage.filter(|_| with_usage) {
                let usage = json!({ "prompt_tokens": prompt, "completion_tokens": completion,
                    "total_tokens": prompt + completion });
                frames.push_str(&frame(json!([]), usage));
            }
            frames.into_bytes()
        }
        Step::Done => b"data: [DONE]\n\n".to_vec(),
        Step::Raw(_) | Step::Wait(_) | Step::Stall | Step::Cut => Vec::new(),
    }
}
