//! What HTTP handlers are made of: extractors whose failures are problem documents, pages, entity tags, server-sent
//! events. Each describes itself in the OpenAPI document.

pub mod cursor;
mod extract;
mod headers;
pub mod openapi;
mod page;
mod resource;
pub mod sse;
pub mod tenant_limiter;
mod validate;

pub use extract::{BODY_LIMIT, JsonBody, QueryParams, content_length, present};
pub use headers::{IdempotencyKey, LastEventId};
pub use page::{Page, PageOf, PageWith};
pub use resource::{Created, Id, IfMatch, Resource, Tagged};
pub use validate::Validator;
