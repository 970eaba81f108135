//! Requests to a running server, and what every answer must be like.

use std::time::Duration;

use fetch::operator::OperatorClient;
use reqwest::{
    Method, RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::{Events, TEST_TIMEOUT};
use crate::service::Answer;

/// A user of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: OperatorClient,
    token: Option<String>,
}

impl Client {
    /// Requests to `url`, with a token or without.
    pub fn new(url: &str, token: Option<String>) -> Self {
        Self { http: OperatorClient::new(url, TEST_TIMEOUT).expect("the server has an address"), token }
    }

    /// A request to be changed and sent.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().expect("a method");
        let request = self.http.request(method, path);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Panics
    /// When there is none, or when it is a failure that is neither a problem document nor a failed run.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = self.try_send(request).await.expect("the server answers");
        check_failure(&answer);
        answer
    }

    /// The answer, unless the server went away.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.timeout(TEST_TIMEOUT).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await? })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request("POST", path).json(body)).await
    }

    /// The status alone; `None` when there is no answer.
    pub async fn status(&self, path: &str) -> Option<u16> {
        Some(self.answer_in_time(path).await?.status().as_u16())
    }

    /// Whether a service answers at `path`: in JSON, whatever it says; the edge alone answers in plain text.
    pub async fn served(&self, path: &str) -> bool {
        let Some(answer) = self.answer_in_time(path).await else { return false };
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("application/"))
    }

    async fn answer_in_time(&self, path: &str) -> Option<reqwest::Response> {
        self.request("GET", path).timeout(Duration::from_secs(5)).send().await.ok()
    }

    /// Asks and waits for the whole answer. `ask` is the body without `stream`.
    pub async fn ask(&self, ask: &Value) -> Answer {
        self.post("/api/v1/chat", &with(ask, "stream", json!(false))).await
    }

    /// Asks and reads the answer as it is written.
    pub async fn ask_stream(&self, ask: &Value) -> Events {
        self.try_ask_stream(ask).await.expect("the server answers")
    }

    /// The same, unless the server went away.
    pub async fn try_ask_stream(&self, ask: &Value) -> Option<Events> {
        let request = self.request("POST", "/api/v1/chat").json(ask);
        Some(Events::new(request.send().await.ok()?))
    }

    /// The events of a run after the one numbered `after`; 0 for all.
    pub async fn events(&self, run: &str, after: i64) -> Events {
        let mut request = self.request("GET", &format!("/api/v1/chat/runs/{run}/events"));
        if after > 0 {
            request = request.header("last-event-id", after);
        }
        Events::new(request.send().await.expect("the server answers"))
    }

    /// Makes a project.
    pub async fn make_project(&self, slug: &str) -> Value {
        self.post("/api/v1/projects", &json!({ "slug": slug })).await.expect(http::StatusCode::CREATED)
    }

    /// An upload to be sent.
    pub fn uploading(&self, project: &str, name: &str, bytes: impl Into<Vec<u8>>) -> RequestBuilder {
        let part = Part::bytes(bytes.into()).file_name(name.to_owned());
        let form = Form::new().text("project", project.to_owned()).part("file", part);
        self.request("POST", "/api/v1/upload").multipart(form)
    }

    /// Uploads a file and waits until it is indexed; the file as the server describes it.
    ///
    /// # Panics
    /// When it is refused or cannot be indexed.
    pub async fn add_file(&self, project: &str, name: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let answer = self.send(self.uploading(project, name, bytes)).await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
        let file = self.settled(id(&answer.json())).await;
        assert_eq!(file["status"], "indexed", "{file}");
        file
    }

    /// Waits until a file is indexed or has failed.
    pub async fn settled(&self, file: &str) -> Value {
        let path = format!("/api/v1/upload/{file}");
        let settled = async {
            loop {
                let file = self.get(&path).await.expect(http::StatusCode::OK);
                if matches!(file["status"].as_str(), Some("indexed" | "failed")) {
                    return file;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        };
        tokio::time::timeout(TEST_TIMEOUT, settled).await.expect("a file is indexed or fails in time")
    }

    /// Every item of a list, page by page.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{separator}limit=100{cursor}")).await.expect(http::StatusCode::OK);
            items.extend(page["items"].as_array().expect("a list has items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Waits until the library has a thread with this many messages.
    pub async fn thread(&self, id: &str, messages: usize) -> Value {
        let path = format!("/api/v1/library/threads/{id}");
        let there = async {
            loop {
                let answer = self.get(&path).await;
                let count = |thread: &Value| thread["messages"].as_array().map_or(0, Vec::len);
                if answer.status.is_success() && count(&answer.json()) >= messages {
                    return answer.json();
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        };
        tokio::time::timeout(TEST_TIMEOUT, there).await.expect("the answer reaches the library in time")
    }
}

/// `value` with one more field.
fn with(value: &Value, name: &str, field: Value) -> Value {
    let mut value = value.clone();
    value[name] = field;
    value
}

fn id(value: &Value) -> &str {
    value["id"].as_str().expect("it has an id")
}

/// Whatever goes wrong is told in one shape (RFC 9457), except by a run that has failed, which says so itself.
fn check_failure(answer: &Answer) {
    if answer.status.is_success() {
        return;
    }
    let body = String::from_utf8_lossy(&answer.body);
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Ok(told) = serde_json::from_slice::<Value>(&answer.body) else {
        panic!("{} with {kind}: {body}", answer.status);
    };
    if told["run_id"].is_string() {
        assert_eq!(told["status"], "error", "{told}");
        return;
    }
    assert_eq!(kind, "application/problem+json", "{body}");
    assert_eq!(told["status"], answer.status.as_u16(), "{told}");
    for field in ["type", "title", "detail", "code", "request_id"] {
        assert!(told[field].is_string(), "{field} in {told}");
    }
}
