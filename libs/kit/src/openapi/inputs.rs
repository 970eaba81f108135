//! Extractors of axum as operations describe them.

use axum::{
    extract::{Multipart, Path, Request, State, multipart::MultipartRejection},
    http::HeaderMap,
};

use super::{Describe, Description};

macro_rules! says_nothing {
    ($($type:ty $(: $generic:ident)?),*) => {
        $(impl$(<$generic>)? Describe for $type {
            fn describe(_: &mut Description<'_>) {}
        })*
    };
}

// Paths, multipart bodies and headers of a handler's own are stated in its `#[utoipa::path]`.
says_nothing!(State<S>: S, Path<T>: T, HeaderMap, Multipart, MultipartRejection, Request);
