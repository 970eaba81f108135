//! Errors as clients see them: RFC 9457 `application/problem+json` with a stable `code`.
//!
//! What a client sees is safe and names what is wrong; what happened inside is logged, never sent.

use std::fmt::Display;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

tokio::task_local! {
    /// The id of the request being served; [`crate::http`] sets it.
    pub(crate) static REQUEST_ID: String;
}

const OVERLOADED: &str = "overloaded";

/// One fault of the input: where (RFC 6901) and what.
#[derive(Debug, Clone, Serialize, ToSchema, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer into the body, or the name of the parameter.
    pub pointer: String,
    pub detail: String,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// A problem document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A relative reference that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What is wrong with this request, in words a person can act on.
    pub detail: String,
    /// Stable, for programs.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Every fault of the input, not only the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Seconds after which trying again makes sense; also sent as `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// `code` is part of the API: lowercase words joined by `_`.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problems/{}", code.replace('_', "-")),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            request_id: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// 400 with every fault named.
    pub fn invalid(errors: Vec<Fault>) -> Self {
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            _ => format!("the request has {} faults", errors.len()),
        };
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail) }
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// What does not exist and what is not yours look the same.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("{what} not found"))
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 429, and after how many seconds there is room again.
    pub fn too_many_requests(detail: impl Into<String>, retry_after: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// 503: something this request needs is down, and trying later makes sense.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(2), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// 503 at once: there is more to do than can be done.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, OVERLOADED, detail) }
    }

    /// 500. The cause is logged here, with the request's span around it, and not sent.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(error = %cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "an internal error occurred")
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.request_id = REQUEST_ID.try_with(Clone::clone).ok();
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<crate::db::DbError> for Problem {
    fn from(error: crate::db::DbError) -> Self {
        match error {
            crate::db::DbError::Unavailable(cause) => {
                tracing::error!(error = %cause, "database unavailable");
                Self::unavailable("the database does not answer")
            }
            other => Self::internal(other),
        }
    }
}

impl From<tonic::Status> for Problem {
    /// Statuses of other services: what a client did wrong passes through, the rest is an outage.
    fn from(status: tonic::Status) -> Self {
        let detail = status.message().to_owned();
        match status.code() {
            tonic::Code::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            tonic::Code::InvalidArgument => Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail),
            tonic::Code::Unauthenticated => Self::unauthorized(detail),
            tonic::Code::PermissionDenied => Self::forbidden(detail),
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded | tonic::Code::ResourceExhausted => {
                Self::unavailable(detail)
            }
            _ => Self::internal(status),
        }
    }
}

impl From<Problem> for tonic::Status {
    fn from(problem: Problem) -> Self {
        if problem.code == OVERLOADED {
            return crate::client::exhausted(problem.detail, problem.retry_after.unwrap_or_default());
        }
        let code = match problem.status {
            400 => tonic::Code::InvalidArgument,
            401 => tonic::Code::Unauthenticated,
            403 => tonic::Code::PermissionDenied,
            404 => tonic::Code::NotFound,
            409 => tonic::Code::AlreadyExists,
            429 => tonic::Code::ResourceExhausted,
            503 => tonic::Code::Unavailable,
            _ => tonic::Code::Internal,
        };
        Self::new(code, problem.detail)
    }
}
