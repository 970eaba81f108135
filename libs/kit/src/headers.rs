//! Request headers that several operations take.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};
use base::{
    Problem,
    problem::{Code, Violation},
};
use utoipa::openapi::{
    ObjectBuilder, Required, Type,
    path::{ParameterBuilder, ParameterIn},
};

use crate::openapi::{Describe, Description};

const KEY_MAX_LENGTH: usize = 200;

/// The `Idempotency-Key` of a request that starts work: the same key of the same person gets the same work.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        match value.to_str() {
            Ok(key) if (1..=KEY_MAX_LENGTH).contains(&key.len()) => Ok(Self(Some(key.to_owned()))),
            _ => Err(Problem::invalid(vec![Violation::new("Idempotency-Key", "1 to 200 visible ASCII characters")])),
        }
    }
}

impl Describe for IdempotencyKey {
    fn describe(description: &mut Description<'_>) {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(KEY_MAX_LENGTH))
            .pattern(Some("^[ -~]*$"));
        let about = "A request that is sent again with the same key gets the work of the first one.";
        header(description, "Idempotency-Key", about, key);
        description.problem(Code::IdempotencyKeyReused);
        description.problem(Code::RequestInProgress);
    }
}

/// The `Last-Event-ID` of a client that goes on with a stream (WHATWG HTML, section 9.2.4).
#[derive(Debug, Clone, Copy)]
pub struct LastEventId(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = |value: &HeaderValue| value.to_str().ok()?.parse().ok().filter(|id| *id >= 0);
        match parts.headers.get("last-event-id").map(id) {
            None => Ok(Self(None)),
            Some(Some(id)) => Ok(Self(Some(id))),
            Some(None) => Err(Problem::invalid(vec![Violation::new("Last-Event-ID", "not the id of an event")])),
        }
    }
}

impl Describe for LastEventId {
    fn describe(description: &mut Description<'_>) {
        let id = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(i64::MAX));
        header(description, "Last-Event-ID", "The `id` of the last event that was read.", id);
    }
}

fn header(description: &mut Description<'_>, name: &str, about: &str, schema: ObjectBuilder) {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).required(Required::False);
    description.parameter(parameter.description(Some(about)).schema(Some(schema)).build());
    description.problem(Code::InvalidRequest);
}
