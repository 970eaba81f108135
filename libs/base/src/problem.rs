//! Errors as clients see them: RFC 9457 `application/problem+json` with a stable `code`.
//!
//! What a client sees is safe and names what is wrong; what happened inside is logged, never sent.

mod code;
mod grpc;

use std::fmt::Display;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
pub use code::Code;
pub use grpc::{PUSHBACK_HEADER, with_pushback};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problem documents.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// When trying again makes sense after something was down, in seconds.
const UNAVAILABLE_RETRY_SECONDS: u64 = 2;
/// The same after a request was shed.
const OVERLOADED_RETRY_SECONDS: u64 = 1;

tokio::task_local! {
    /// The id of the request being served; the HTTP middleware sets it.
    pub static REQUEST_ID: String;
}

/// One fault of the input: where (RFC 6901) and what.
#[derive(Debug, Clone, Serialize, ToSchema, PartialEq, Eq)]
pub struct Violation {
    /// A JSON pointer into the body, or the name of the parameter.
    pub pointer: String,
    pub detail: String,
}

impl Violation {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// A problem document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A relative reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What is wrong with this request, in words a person can act on.
    pub detail: String,
    pub code: Code,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Every fault of the input, not only the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
    /// Seconds after which trying again makes sense; also sent as `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// Outages come with the time after which trying again makes sense.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let status = code.http();
        Self {
            kind: format!("/problems/{}", code.as_str().replace('_', "-")),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            request_id: None,
            errors: Vec::new(),
            retry_after: match code {
                Code::Unavailable => Some(UNAVAILABLE_RETRY_SECONDS),
                Code::Overloaded => Some(OVERLOADED_RETRY_SECONDS),
                _ => None,
            },
        }
    }

    /// 400 with every fault named.
    pub fn invalid(errors: Vec<Violation>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            _ => format!("the request has {} faults", errors.len()),
        };
        Self { errors, ..Self::new(Code::InvalidRequest, detail) }
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(Code::Unauthorized, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, detail)
    }

    /// What does not exist and what is not yours look the same.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("{what} not found"))
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Code::Conflict, detail)
    }

    /// 429, and after how many seconds there is room again.
    pub fn too_many_requests(detail: impl Into<String>, retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::TooManyRequests, detail) }
    }

    /// 503: something this request needs is down, and trying later makes sense.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, detail)
    }

    /// 503 at once: there is more to do than can be done.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(Code::Overloaded, detail)
    }

    /// 500. The cause is logged here, with the request's span around it, and not sent.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(error = %cause, "request failed");
        Self::new(Code::Internal, "an internal error occurred")
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.request_id = REQUEST_ID.try_with(Clone::clone).ok();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
