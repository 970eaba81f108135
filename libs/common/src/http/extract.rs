//! Extractors whose failures are problem documents.

use axum::{
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{StatusCode, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{Problem, problem::Fault};

/// A JSON body.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(rejection.status(), "body_unreadable", rejection.body_text()))?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(value) => match reader.end() {
                Ok(()) => Ok(Self(value)),
                Err(error) => Err(Problem::invalid(vec![Fault::new("", error.to_string())])),
            },
            Err(error) => {
                let pointer = pointer(error.path());
                Err(Problem::invalid(vec![Fault::new(pointer, error.into_inner().to_string())]))
            }
        }
    }
}

/// The path of a fault as RFC 6901 writes it.
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
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::invalid(vec![Fault::new("query", rejection.body_text())]))
    }
}

/// The `Idempotency-Key` of a request that starts work: the same key and person get the same work.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(key) if (1..=200).contains(&key.len()) => Ok(Self(Some(key.to_owned()))),
            _ => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "Idempotency-Key: 1 to 200 visible ASCII characters",
            )),
        }
    }
}
