//! A fake of Ollama's own API, with its checks and more: fields it does not know are refused, which Ollama itself
//! would ignore. It streams only.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Shared,
    http::{HeaderMap, Response, StatusCode, Uri},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    FakeServer,
    model::{Behaviour, Kind, Recorded, Script, State, Step, answer, embed, minimal, no_steps, reply},
};

/// A server that looks like Ollama.
#[derive(Debug)]
pub struct FakeOllama {
    server: FakeServer,
    state: Arc<State>,
}

impl FakeOllama {
    pub async fn start(script: Script) -> Self {
        let state = State::new(script);
        let router = Router::new()
            .route("/api/chat", post(chat))
            .route("/api/embed", post(embeddings))
            .route("/api/tags", get(tags))
            .fallback(unknown)
            .with_state(Arc::clone(&state));
        Self { server: FakeServer::start(router).await, state }
    }

    /// The base address, without a path.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Queues what to do with the next request of this kind; with nothing queued the default is done.
    pub fn push(&self, kind: Kind, behaviour: Behaviour) {
        self.state.push(kind, behaviour);
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chat {
    model: String,
    messages: Vec<Message>,
    #[serde(default = "streams")]
    stream: bool,
    format: Option<Value>,
    options: Option<Options>,
    #[serde(default, rename = "tools")]
    _tools: Vec<Tool>,
    #[serde(rename = "truncate")]
    _truncate: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: Role,
    content: String,
    #[serde(default)]
    tool_calls: Vec<Call>,
    tool_call_id: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(rename = "id")]
    _id: Option<String>,
    #[serde(rename = "function")]
    _function: CalledFunction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalledFunction {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "arguments")]
    _arguments: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    #[serde(rename = "type")]
    _type: String,
    #[serde(rename = "function")]
    _function: Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "parameters")]
    _parameters: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(rename = "num_ctx")]
    _num_ctx: Option<u32>,
    #[serde(rename = "num_predict")]
    _num_predict: Option<i64>,
    temperature: Option<f64>,
    #[serde(default, rename = "stop")]
    _stop: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Embed {
    model: String,
    input: Vec<String>,
}

fn streams() -> bool {
    true
}

impl Chat {
    fn fault(&self) -> Option<&'static str> {
        if !self.stream {
            return Some("this fake streams only");
        }
        if self.options.as_ref().and_then(|options| options.temperature).is_some_and(|t| t < 0.0) {
            return Some("temperature must not be negative");
        }
        if self.format.as_ref().is_some_and(|format| !format.is_object() && format != "json") {
            return Some("invalid format: expected \"json\" or a JSON schema");
        }
        let misplaced = |message: &Message| {
            (message.tool_call_id.is_some() && message.role != Role::Tool)
                || (!message.tool_calls.is_empty() && message.role != Role::Assistant)
        };
        self.messages.iter().any(misplaced).then_some("a message has fields of another role")
    }

    fn prompt(&self) -> String {
        self.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n")
    }
}

async fn chat(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if !state.admit("/api/chat", &headers, &body) {
        return refuse(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let request: Chat = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if let Some(fault) = request.fault() {
        return refuse(StatusCode::BAD_REQUEST, fault);
    }
    if !state.script.chat_models.contains(&request.model) {
        return refuse(StatusCode::NOT_FOUND, &format!("model '{}' not found", request.model));
    }
    let prompt = request.prompt();
    let (kind, text) = match &request.format {
        Some(schema) => (Kind::Structured, minimal(schema).to_string()),
        None => (Kind::Chat, state.script.answer.clone().unwrap_or_else(|| answer(&prompt))),
    };
    let behaviour = state.next(kind).unwrap_or_else(|| Behaviour::Stream(state.steps(&text, &prompt)));
    state.respond(behaviour, "application/x-ndjson", move |step| write(step, &request.model)).await
}

async fn embeddings(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if !state.admit("/api/embed", &headers, &body) {
        return refuse(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let request: Embed = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if !state.script.embedding_models.contains(&request.model) {
        return refuse(StatusCode::NOT_FOUND, &format!("model '{}' not found", request.model));
    }
    if let Some(behaviour) = state.next(Kind::Embeddings) {
        return state.respond(behaviour, "application/json", no_steps).await;
    }
    let vectors: Vec<Vec<f32>> = request.input.iter().map(|text| embed(text, &state.script.synonyms)).collect();
    reply(StatusCode::OK, &json!({ "model": request.model, "embeddings": vectors, "total_duration": 1 }))
}

async fn tags(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response<Body> {
    if !state.admit("/api/tags", &headers, b"") {
        return refuse(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let names = state.script.chat_models.iter().chain(&state.script.embedding_models);
    let item = |name: &String| {
        let name = if name.contains(':') { name.clone() } else { format!("{name}:latest") };
        json!({ "name": name, "model": name, "modified_at": "2026-11-01T00:00:00Z", "size": 1, "digest": "0" })
    };
    reply(StatusCode::OK, &json!({ "models": names.map(item).collect::<Vec<_>>() }))
}

async fn unknown(Shared(state): Shared<Arc<State>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    state.admit(uri.path(), &headers, &body);
    Response::builder().status(StatusCode::NOT_FOUND).body("404 page not found".into()).expect("a valid response")
}

fn refuse(status: StatusCode, message: &str) -> Response<Body> {
    reply(status, &json!({ "error": message }))
}

/// A step as lines of NDJSON.
fn write(step: &Step, model: &str) -> Vec<u8> {
    let at = "2026-11-20T00:00:00Z";
    let line = |message: Value| {
        format!("{}\n", json!({ "model": model, "created_at": at, "message": message, "done": false }))
    };
    let text = match step {
        Step::Text(text) => line(json!({ "role": "assistant", "content": text })),
        Step::Reasoning(text) => line(json!({ "role": "assistant", "content": "", "thinking": text })),
        Step::Tool { index, id, name, arguments } => {
            let arguments: Value = serde_json::from_str(arguments).expect("Ollama sends whole arguments");
            let call = json!({ "id": id, "function": { "index": index, "name": name, "arguments": arguments } });
            line(json!({ "role": "assistant", "content": "", "tool_calls": [call] }))
        }
        Step::End { reason, usage } => {
            let mut last = json!({ "model": model, "created_at": at, "done": true, "done_reason": reason,
                "message": { "role": "assistant", "content": "" }, "total_duration": 1, "load_duration": 1 });
            if let Some((prompt, completion)) = usage {
                last["prompt_eval_count"] = (*prompt).into();
                last["eval_count"] = (*completion).into();
            }
            format!("{last}\n")
        }
        Step::Done | Step::Raw(_) | Step::Wait(_) | Step::Stall | Step::Cut => String::new(),
    };
    text.into_bytes()
}
