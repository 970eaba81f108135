//! Chat and embedding models behind one type, [`Model`]: OpenAI-compatible servers and native Ollama, streaming,
//! with a fallback list of models, time limits, retries, token counts and costs. Vectors alone are made by an
//! [`Embedder`], which may also be a model in a folder (feature `local-embeddings`).
//!
//! The wire shapes are those of the OpenAI API (spec 2.3.0) and of Ollama's own API. Compatible servers differ in
//! small ways, so whatever can be read safely is read, and whatever cannot becomes an [`LlmError`], never a hang.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use futures::StreamExt;
//! use llm::{ChatRequest, Delta, Message, Model, ModelConfig, Provider};
//!
//! let config = ModelConfig::new(Provider::Ollama, "http://localhost:11434", ["qwen3"]);
//! let model = Model::new(config)?;
//! let mut answer = model.stream(ChatRequest::new([Message::user("Why is the sky blue?")]));
//! while let Some(delta) = answer.next().await {
//!     if let Delta::Text(text) = delta? {
//!         print!("{text}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod assembly;
mod chat;
mod config;
mod dialect;
mod embed;
mod embedder;
mod error;
mod lines;
#[cfg(feature = "local-embeddings")]
mod local;
mod model;
mod money;
mod ollama;
mod openai;
mod probe;
mod reading;
mod retry;
mod secret;
pub mod settings;
mod sse;
mod structured;
mod think;
mod tokens;
mod upstream;

pub use chat::{ChatRequest, Delta, FinishReason, Message, ModelRef, Role, Tool, ToolCall, ToolChoice, Usage};
pub use config::{ConfigError, ModelConfig, Provider, Timeouts};
pub use embedder::{Embedder, EmbedderConfig, Purpose};
pub use error::{LlmError, Phase};
#[cfg(feature = "local-embeddings")]
pub use local::{Folder, FolderError};
pub use model::{Answer, Model};
pub use money::{Currency, Money, Price, PriceError, parse_micros};
pub use probe::{Named, Readiness};
pub use secret::Secret;
pub use tokens::estimate_tokens;
