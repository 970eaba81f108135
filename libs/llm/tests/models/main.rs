//! The models as their callers see them, against strict fakes of their servers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod config;
mod embed;
mod fallback;
#[cfg(feature = "local-embeddings")]
mod folder;
mod ollama;
mod openai;
mod structured;
mod support;
