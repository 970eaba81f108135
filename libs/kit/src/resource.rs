//! One resource by its id, and changing it without losing the change of another client (RFC 9110, sections 8.8.3 and 13.1.1).

use std::{collections::HashMap, marker::PhantomData};

use axum::{
    Json,
    extract::{FromRequestParts, Path},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};
use base::{Problem, problem::Code};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, Required, SchemaFormat, Type,
        header::HeaderBuilder,
        path::{ParameterBuilder, ParameterIn},
    },
};
use uuid::Uuid;

use crate::openapi::{Describe, Description};

/// Something that has an id.
pub trait Resource {
    /// What a client calls it: `thread`.
    const NAME: &'static str;

    /// The answer for one that does not exist, or not for this caller.
    fn missing() -> Problem {
        Problem::not_found(Self::NAME)
    }
}

/// The `{id}` of the path. What is not an id is answered like one that does not exist.
#[derive(Debug)]
pub struct Id<R>(pub Uuid, PhantomData<fn() -> R>);

impl<S: Send + Sync, R: Resource> FromRequestParts<S> for Id<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(parameters) = path.map_err(|_| R::missing())?;
        let id = parameters.get("id").and_then(|id| id.parse().ok());
        id.map(|id| Self(id, PhantomData)).ok_or_else(R::missing)
    }
}

impl<R: Resource> Describe for Id<R> {
    fn describe(description: &mut Description<'_>) {
        let uuid =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        let parameter = ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).required(Required::True);
        description.parameter(parameter.description(Some(format!("The {}.", R::NAME))).schema(Some(uuid)).build());
        description.problem(Code::NotFound);
    }
}

/// An answer of one resource with the number of its last edit as `ETag`.
#[derive(Debug)]
pub struct Tagged<T> {
    /// Counts the edits.
    pub version: i64,
    pub body: T,
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, format!("\"{}\"", self.version))], Json(self.body)).into_response()
    }
}

impl<T: ToSchema> Describe for Tagged<T> {
    fn describe(description: &mut Description<'_>) {
        description.json_answer::<T>(200);
        let tag = HeaderBuilder::new().description(Some("Names this edit, for `If-Match`."));
        let tag = tag.schema(Some(ObjectBuilder::new().schema_type(Type::String))).build();
        if let Some(response) = description.response(200) {
            response.headers.insert("ETag".to_owned(), tag.into());
        }
    }
}

/// Longer lists of tags name none.
const MAX_TAGS_LENGTH: usize = 1_000;

/// The edits that `If-Match` allows a change of; all of them when it is left out.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// 412 unless a resource whose last edit is `version` may be changed. Tags are compared as strong ones.
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let present = format!("\"{version}\"");
        if tags.iter().any(|tag| tag == "*" || *tag == present) {
            return Ok(());
        }
        Err(Problem::new(Code::PreconditionFailed, "it was changed in between: read it again"))
    }

    fn read(headers: &HeaderMap) -> Self {
        let given = headers.get_all(header::IF_MATCH);
        if given.iter().next().is_none() {
            return Self(None);
        }
        let texts = given.iter().filter_map(|value| value.to_str().ok());
        Self(Some(texts.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned()).collect()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::read(&parts.headers))
    }
}

impl Describe for IfMatch {
    fn describe(description: &mut Description<'_>) {
        let about = "Entity tags, of which one must name the present edit; `*` for any.";
        let parameter = ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header);
        let parameter = parameter.required(Required::False).description(Some(about));
        let tags = ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_TAGS_LENGTH));
        description.parameter(parameter.schema(Some(tags)).build());
        description.problem(Code::PreconditionFailed);
    }
}

/// 201 with what was made.
#[derive(Debug)]
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (axum::http::StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: ToSchema> Describe for Created<T> {
    fn describe(description: &mut Description<'_>) {
        description.json_answer::<T>(201);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_the_present_tag_or_none() {
        for (given, allowed) in [
            (&[][..], true),
            (&["\"3\""], true),
            (&["*"], true),
            (&["\"2\", \"3\""], true),
            (&["\"2\"", "\"3\""], true),
            (&["\"2\""], false),
            (&["W/\"3\""], false),
            (&["3"], false),
            (&[""], false),
        ] {
            let mut headers = HeaderMap::new();
            for tag in given {
                headers.append(header::IF_MATCH, tag.parse().unwrap());
            }
            assert_eq!(IfMatch::read(&headers).check(3).is_ok(), allowed, "{given:?}");
        }
    }
}
