//! What HTTP handlers are made of: extractors whose failures are problem documents, signed cursors, server-sent
//! events, and the limiter that shares work between organisations.

pub mod cursor;
mod extract;
pub mod sse;
pub mod tenant_limiter;
mod validate;

pub use extract::{BODY_LIMIT, IdempotencyKey, JsonBody, QueryParams, content_length};
pub use validate::Validator;
