//! Extractors whose failures are problem documents.

use std::error::Error;

use axum::{
    extract::{FromRequest, FromRequestParts, Query, Request, rejection::QueryRejection},
    http::{HeaderMap, header, request::Parts},
};
use base::{
    Problem,
    problem::{Code, Violation},
};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema, openapi::path::ParameterIn};

use crate::openapi::{Describe, Description};

/// Bodies larger than this are refused unless a route says otherwise.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// The length of the body as its headers say, in bytes.
pub fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A JSON body.
#[derive(Debug, Clone)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // Refused by its headers, before a byte of it is read.
        if content_length(request.headers()).is_some_and(|length| length > BODY_LIMIT as u64) {
            let detail = "the body is longer than 1 MiB";
            return Err(Problem::new(Code::BodyTooLarge, detail));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(Code::of_body(rejection.status()), rejection.body_text()))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(value) => match reader.end() {
                Ok(()) => Ok(Self(value)),
                Err(error) => Err(Problem::invalid(vec![Violation::new("", error.to_string())])),
            },
            Err(error) => {
                let pointer = pointer(error.path());
                Err(Problem::invalid(vec![Violation::new(pointer, error.into_inner().to_string())]))
            }
        }
    }
}

/// For an optional field that may be left out and is not `null`, as in a body that says what to change:
/// `#[serde(default, deserialize_with = "kit::present")]`.
///
/// # Errors
/// When the value is not one of the type.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The path of a violation as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// Query parameters.
#[derive(Debug, Clone)]
pub struct QueryParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::invalid(vec![parameter_violation(&rejection, &[])]))
    }
}

/// The violation that serde's message is about, with the name of the parameter. `others` are parameters that serde did not
/// see.
pub(crate) fn parameter_violation(rejection: &QueryRejection, others: &[&str]) -> Violation {
    let cause = rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string);
    let quoted: Vec<&str> = cause.split('`').skip(1).step_by(2).collect();
    let named = |of: &str| quoted.first().filter(|_| cause.contains(of)).map(|name| (*name).to_owned());
    if let Some(unknown) = named("unknown field") {
        let known = [&quoted[1..], others].concat().join(", ");
        return Violation::new(unknown, format!("unknown parameter; there are {known}"));
    }
    if let Some(twice) = named("duplicate field") {
        return Violation::new(twice, "given twice");
    }
    if let Some(missing) = named("missing field") {
        return Violation::new(missing, "is missing");
    }
    match cause.split_once(": ") {
        Some((name, _)) => Violation::new(name, "not a value that this parameter takes"),
        None => Violation::new("query", "no list of parameters"),
    }
}

impl<T: ToSchema> Describe for JsonBody<T> {
    fn describe(description: &mut Description<'_>) {
        description.json_body::<T>();
        description.problem(Code::InvalidRequest);
        description.problem(Code::BodyTooLarge);
    }
}

impl<T: IntoParams> Describe for QueryParams<T> {
    fn describe(description: &mut Description<'_>) {
        for parameter in T::into_params(|| Some(ParameterIn::Query)) {
            description.parameter(parameter);
        }
        description.problem(Code::InvalidRequest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Listing {
        shelf: String,
        limit: Option<i64>,
        cursor: Option<String>,
    }

    #[tokio::test]
    async fn a_faulty_parameter_is_named() {
        for (query, expected) in [
            ("shelf=a&foo=1", "foo: unknown parameter; there are shelf, limit, cursor"),
            ("shelf=a&limit=1&limit=2", "limit: given twice"),
            ("limit=1", "shelf: is missing"),
            ("shelf=a&limit=many", "limit: not a value that this parameter takes"),
        ] {
            let request = axum::http::Request::get(format!("/books?{query}")).body(()).expect("an address");
            let (mut parts, ()) = request.into_parts();
            let problem = QueryParams::<Listing>::from_request_parts(&mut parts, &()).await.expect_err("it is faulty");
            assert_eq!(problem.detail, expected);
        }
    }
}
