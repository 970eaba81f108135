//! What the two fake model servers share: scripts, the default answers, and embeddings.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Response, StatusCode, header},
};
use futures::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;

mod answer;
mod embedding;

pub(crate) use answer::{answer, minimal};
pub(crate) use embedding::embed;

/// How a fake model server is set up.
#[derive(Debug, Clone)]
pub struct Script {
    /// With a key, a request without `Authorization: Bearer KEY` is answered with 401.
    pub key: Option<String>,
    pub chat_models: Vec<String>,
    pub embedding_models: Vec<String>,
    /// Words that mean what another word means, to the embedding models alone.
    pub synonyms: Vec<(String, String)>,
    /// Before the first token of a default answer.
    pub first_token: Duration,
    /// Between tokens of a default answer.
    pub between_tokens: Duration,
    /// The default answer to every chat, in place of one made from the prompt.
    pub answer: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            key: None,
            chat_models: vec!["chat-model".to_owned()],
            embedding_models: vec!["embedding-model".to_owned()],
            synonyms: Vec::new(),
            first_token: Duration::ZERO,
            between_tokens: Duration::ZERO,
            answer: None,
        }
    }
}

/// The kinds of request that have a queue of behaviours each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Chat,
    /// A chat that asks for JSON of a schema.
    Structured,
    Embeddings,
}

/// What to do with one request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Answer 200 with a stream. For [`Kind::Embeddings`] only [`Step::Raw`] counts.
    Stream(Vec<Step>),
    /// As [`Behaviour::Stream`], with another content type.
    StreamAs(&'static str, Vec<Step>),
    /// Answer at once with a status, headers and a body.
    Refuse { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// Take the request and send nothing, not even a status.
    Silent,
}

impl Behaviour {
    /// A stream of these tokens and a proper end.
    pub fn tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        let mut steps: Vec<Step> = tokens.into_iter().map(Step::text).collect();
        steps.extend([Step::end(), Step::Done]);
        Self::Stream(steps)
    }

    /// A JSON error in OpenAI's shape.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Refuse {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: openai_error(code, message).to_string(),
        }
    }

    /// A rate limit, with `Retry-After` when `seconds` are given.
    pub fn rate_limited(seconds: Option<&str>) -> Self {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(seconds.map(|seconds| ("retry-after", seconds.to_owned())));
        let body = openai_error("rate_limit_exceeded", "Rate limit reached").to_string();
        Self::Refuse { status: 429, headers, body }
    }
}

/// A step of a streamed answer; each server writes it in its own way.
#[derive(Debug, Clone)]
pub enum Step {
    Text(String),
    Reasoning(String),
    /// A piece of a tool call. Ollama knows whole calls only: `arguments` must be a JSON object there.
    Tool {
        index: usize,
        id: Option<String>,
        name: Option<String>,
        arguments: String,
    },
    /// The end with its reason and, if given, tokens of prompt and answer.
    End {
        reason: &'static str,
        usage: Option<(u64, u64)>,
    },
    /// `data: [DONE]`; nothing on Ollama.
    Done,
    /// These bytes as they are, in a piece of their own.
    Raw(Vec<u8>),
    Wait(Duration),
    /// Send nothing more and keep the connection open.
    Stall,
    /// Break the connection.
    Cut,
}

impl Step {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn reasoning(text: &str) -> Self {
        Self::Reasoning(text.to_owned())
    }

    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::Raw(bytes.as_ref().to_vec())
    }

    /// A usual end: the reason `stop` and a usage of 10 and 5 tokens.
    pub fn end() -> Self {
        Self::End { reason: "stop", usage: Some((10, 5)) }
    }
}

/// A request that a fake received, whether or not it was good.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub path: String,
    /// `Null` when the body was empty or not JSON.
    pub body: Value,
}

/// The state of a fake model server.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) script: Script,
    queues: Mutex<HashMap<Kind, VecDeque<Behaviour>>>,
    requests: Mutex<Vec<Recorded>>,
    open: watch::Sender<usize>,
}

impl State {
    pub(crate) fn new(script: Script) -> Arc<Self> {
        let (queues, requests) = (Mutex::default(), Mutex::default());
        Arc::new(Self { script, queues, requests, open: watch::Sender::new(0) })
    }

    pub(crate) fn push(&self, kind: Kind, behaviour: Behaviour) {
        self.queues.lock().expect("no test panics here").entry(kind).or_default().push_back(behaviour);
    }

    pub(crate) fn clear(&self, kind: Kind) {
        self.queues.lock().expect("no test panics here").remove(&kind);
    }

    pub(crate) fn next(&self, kind: Kind) -> Option<Behaviour> {
        self.queues.lock().expect("no test panics here").get_mut(&kind)?.pop_front()
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().expect("no test panics here").clone()
    }

    /// Keeps the request and checks its key.
    pub(crate) fn admit(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> bool {
        let body = serde_json::from_slice(body).unwrap_or_default();
        self.requests.lock().expect("no test panics here").push(Recorded { path: path.to_owned(), body });
        let Some(key) = &self.script.key else { return true };
        headers.get(header::AUTHORIZATION).is_some_and(|value| *value == *format!("Bearer {key}"))
    }

    pub(crate) fn open_streams(&self) -> usize {
        *self.open.borrow()
    }

    /// Waits until `count` streams are open.
    pub(crate) async fn wait_for_open_streams(&self, count: usize) {
        self.open.subscribe().wait_for(|open| *open == count).await.expect("the sender lives in self");
    }

    /// The steps of the default answer `text`, one word a token.
    pub(crate) fn steps(&self, text: &str, prompt: &str) -> Vec<Step> {
        let mut steps = vec![Step::Wait(self.script.first_token)];
        for token in text.split_inclusive(' ') {
            steps.extend([Step::text(token), Step::Wait(self.script.between_tokens)]);
        }
        let tokens = |text: &str| u64::try_from(text.split_whitespace().count()).expect("a short text");
        steps.push(Step::End { reason: "stop", usage: Some((tokens(prompt), tokens(text))) });
        steps.push(Step::Done);
        steps
    }

    /// Does `behaviour`; `write` turns a step into bytes.
    pub(crate) async fn respond(
        self: Arc<Self>,
        behaviour: Behaviour,
        content_type: &'static str,
        write: impl Fn(&Step) -> Vec<u8> + Send + 'static,
    ) -> Response<Body> {
        let (content_type, steps) = match behaviour {
            Behaviour::Stream(steps) => (content_type, steps),
            Behaviour::StreamAs(other, steps) => (other, steps),
            Behaviour::Refuse { status, headers, body } => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                return response.body(Body::from(body)).expect("scripted headers are valid");
            }
            Behaviour::Silent => std::future::pending().await,
        };
        let open = Open::new(self);
        let body = Body::from_stream(play(steps, write).map(move |piece| {
            let _held_while_streaming = &open;
            piece
        }));
        Response::builder().header(header::CONTENT_TYPE, content_type).body(body).expect("a valid content type")
    }
}

/// Counts a stream while its body lives: the server drops the body when it is sent or when the client leaves.
struct Open(Arc<State>);

impl Open {
    fn new(state: Arc<State>) -> Self {
        state.open.send_modify(|open| *open += 1);
        Self(state)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

fn play(
    steps: Vec<Step>,
    write: impl Fn(&Step) -> Vec<u8> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    async_stream::stream! {
        for step in steps {
            match step {
                Step::Wait(time) if time.is_zero() => {}
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Stall => std::future::pending::<()>().await,
                Step::Cut => {
                    // What was written before has to leave first: an error drops what the server still holds.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    yield Err(io::ErrorKind::ConnectionAborted.into());
                }
                Step::Raw(bytes) => yield Ok(bytes.into()),
                step => {
                    let bytes = write(&step);
                    if !bytes.is_empty() {
                        yield Ok(bytes.into());
                    }
                }
            }
        }
    }
}

/// An error body in OpenAI's shape.
pub(crate) fn openai_error(code: &str, message: &str) -> Value {
    json!({ "error": { "message": message, "type": "invalid_request_error", "param": null, "code": code } })
}

/// A JSON answer.
pub(crate) fn reply(status: StatusCode, body: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .expect("a valid response")
}

/// A body that came as a [`Step::Raw`] script for something that is no stream.
pub(crate) fn no_steps(_step: &Step) -> Vec<u8> {
    Vec::new()
}
