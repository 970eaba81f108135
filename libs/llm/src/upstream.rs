//! HTTP with model servers: status, content type, body limits and error bodies.

use std::time::Duration;

use base::config::Secret;
use chrono::{DateTime, Utc};
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::{LlmError, Phase};

/// Longest error body that is read (bytes).
const ERROR_BODY_LIMIT: usize = 64 * 1024;
/// Longest error message that is shown (chars).
const ERROR_MESSAGE_LIMIT: usize = 300;

/// Sends a request and returns a successful response whose body has not been read.
pub(crate) async fn send(
    request: reqwest::RequestBuilder,
    key: Option<&Secret>,
    until: Instant,
    phase: Phase,
) -> Result<Response, LlmError> {
    let request = match key {
        Some(key) => request.bearer_auth(key.expose()),
        None => request,
    };
    let response = match timeout_at(until, request.send()).await {
        Err(_) => return Err(LlmError::Timeout { phase }),
        Ok(Err(error)) if error.is_timeout() => return Err(LlmError::Timeout { phase: Phase::Connect }),
        Ok(Err(_)) => return Err(LlmError::Unavailable),
        Ok(Ok(response)) => response,
    };
    if response.status() == StatusCode::OK {
        return Ok(response);
    }
    Err(error_response(response, key, until).await)
}

/// Reads the whole body, up to `limit` bytes.
pub(crate) async fn read_body(
    response: &mut Response,
    limit: usize,
    until: Instant,
    phase: Phase,
) -> Result<Vec<u8>, LlmError> {
    let mut body = Vec::new();
    loop {
        match timeout_at(until, response.chunk()).await {
            Err(_) => return Err(LlmError::Timeout { phase }),
            Ok(Err(_)) => return Err(LlmError::Interrupted),
            Ok(Ok(None)) => return Ok(body),
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > limit => {
                return Err(LlmError::InvalidResponse("the answer is too long"));
            }
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
        }
    }
}

/// `text` without the byte order mark that some servers write in front of it.
pub(crate) fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// Whether the content type of `response` is `kind`, ignoring parameters.
pub(crate) fn is_type(response: &Response, kind: &str) -> bool {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

async fn error_response(mut response: Response, key: Option<&Secret>, until: Instant) -> LlmError {
    let status = response.status().as_u16();
    #[expect(clippy::disallowed_methods, reason = "an HTTP date is compared with the clock it was written by")]
    let retry_after = retry_after(response.headers(), Utc::now());
    // If the body cannot be read, the status alone still identifies most errors.
    let body = read_body(&mut response, ERROR_BODY_LIMIT, until, Phase::FirstToken).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let error = body.get("error").filter(|error| is_error(error)).unwrap_or(&body);
    classify(status, retry_after, &ErrorBody::new(error), key)
}

/// The error of an event in a stream whose status was 200.
pub(crate) fn error_in_stream(error: &Value) -> LlmError {
    let body = ErrorBody::new(error);
    let kind = body.kind;
    let status = match error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()) {
        Some(code) => code,
        None if kind.starts_with("rate_limit") || body.code.starts_with("rate_limit") => 429,
        None if kind == "invalid_request_error" => 400,
        None if kind == "authentication_error" => 401,
        None => 503,
    };
    classify(status, None, &body, None)
}

/// Whether the `error` member of a body is an error: some servers send it null or empty in successful responses.
pub(crate) fn is_error(error: &Value) -> bool {
    match error {
        Value::Object(fields) => !fields.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => false,
    }
}

/// The fields of an error body, which is an object (OpenAI) or a string (Ollama).
struct ErrorBody<'a> {
    message: &'a str,
    kind: &'a str,
    code: &'a str,
}

impl<'a> ErrorBody<'a> {
    fn new(error: &'a Value) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        Self { message: error.as_str().unwrap_or_else(|| text("message")), kind: text("type"), code: text("code") }
    }

    /// The message in small letters.
    fn text(&self) -> String {
        self.message.to_lowercase()
    }
}

fn classify(status: u16, retry_after: Option<Duration>, error: &ErrorBody<'_>, key: Option<&Secret>) -> LlmError {
    let mentions = |words: &[&str]| {
        let message = error.text();
        words.iter().any(|word| message.contains(word))
    };
    if error.code == "insufficient_quota" || error.kind == "insufficient_quota" {
        return LlmError::Quota;
    }
    match status {
        // Proxies in front of several providers answer 400 for all that is wrong with a request.
        400 | 422 if names_wrong_key(error) => LlmError::Unauthorized,
        400 | 422 if names_unknown_model(error) => LlmError::ModelNotFound,
        401 | 403 => LlmError::Unauthorized,
        402 => LlmError::Quota,
        429 => LlmError::RateLimited { retry_after },
        408 | 500 | 502..=504 | 529 => LlmError::Unavailable,
        413 => LlmError::ContextTooLong,
        _ if error.code == "context_length_exceeded" => LlmError::ContextTooLong,
        400 | 422 if mentions(&["context length", "context window", "maximum context", "context size"]) => {
            LlmError::ContextTooLong
        }
        _ if error.code == "model_not_found" => LlmError::ModelNotFound,
        404 if mentions(&["model"]) => LlmError::ModelNotFound,
        _ => LlmError::Upstream { status, message: safe_message(error.message, key) },
    }
}

/// Whether the text of an error says that the key is wrong or missing.
fn names_wrong_key(error: &ErrorBody<'_>) -> bool {
    let text = error.text();
    error.kind == "authentication_error"
        || error.code == "invalid_api_key"
        || ["api key", "api_key", "apikey", "access token", "auth token", "credentials"]
            .iter()
            .any(|what| text.contains(what))
            && ["invalid", "incorrect", "not valid", "wrong", "missing", "no ", "expired", "not provided", "not found"]
                .iter()
                .any(|fault| text.contains(fault))
        || ["authenticationerror", "authentication error", "unauthorized"].iter().any(|what| text.contains(what))
}

/// Whether the text of an error says that there is no such model.
fn names_unknown_model(error: &ErrorBody<'_>) -> bool {
    let text = error.text();
    const FAULTS: &[&str] = &[
        "invalid model",
        "unknown model",
        "no such model",
        "no model named",
        "not a valid model",
        "not found",
        "does not exist",
        "doesn't exist",
        "no healthy deployments",
        "no endpoints found",
    ];
    // A parameter that this model does not know is another fault.
    error.code == "model_not_found"
        || text.contains("model") && !text.contains("param") && FAULTS.iter().any(|fault| text.contains(fault))
}

/// The message on one short line, with anything that looks like a key masked.
fn safe_message(message: &str, key: Option<&Secret>) -> String {
    let hidden = |word: &&str| {
        let bare = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        bare.starts_with("sk-") || key.is_some_and(|key| !key.expose().is_empty() && word.contains(key.expose()))
    };
    let words: Vec<&str> = message.split_whitespace().map(|word| if hidden(&word) { "***" } else { word }).collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).take(ERROR_MESSAGE_LIMIT).collect();
    if line.is_empty() { "no reason given".to_owned() } else { line }
}

/// `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some((date.to_utc() - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-20T10:00:00Z").unwrap().to_utc();
        let read = |value: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]), now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(read("Fri, 20 Nov 2026 10:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(read("Fri, 20 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-1"), None);
    }

    #[test]
    fn a_message_shows_no_key() {
        let key = Secret::new("topsecret");
        assert_eq!(
            safe_message("Incorrect API key: sk-abc***xyz.\n (sk-1) key=topsecret", Some(&key)),
            "Incorrect API key: *** *** ***"
        );
        assert_eq!(safe_message(&"x".repeat(1000), None).len(), ERROR_MESSAGE_LIMIT);
    }
}
