//! Answers of axum as operations describe them.

use axum::{
    Json,
    http::StatusCode,
    response::{NoContent, Response},
};
use base::Problem;
use utoipa::ToSchema;

use super::{Describe, Description};

impl<T: ToSchema> Describe for Json<T> {
    fn describe(description: &mut Description<'_>) {
        description.json_answer::<T>(200);
    }
}

impl Describe for NoContent {
    fn describe(description: &mut Description<'_>) {
        description.response(204);
    }
}

impl<T: Describe, E> Describe for Result<T, E> {
    fn describe(description: &mut Description<'_>) {
        T::describe(description);
    }
}

/// The handler states its responses.
impl Describe for Response {
    fn describe(_: &mut Description<'_>) {}
}

/// The handler states its responses.
impl<T> Describe for (StatusCode, T) {
    fn describe(_: &mut Description<'_>) {}
}

/// The handler states its responses.
impl Describe for StatusCode {
    fn describe(_: &mut Description<'_>) {}
}

/// Every operation can end with one; the frame adds those that all have in common.
impl Describe for Problem {
    fn describe(_: &mut Description<'_>) {}
}
