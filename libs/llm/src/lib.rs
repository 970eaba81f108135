//! Clients of chat and embedding models. [`Model`] talks to OpenAI-compatible servers and to Ollama: streaming, a
//! fallback list of models, timeouts, retries, token counts and costs. [`Embedder`] makes vectors only and may also
//! run a model from a folder in this process (feature `local-embeddings`).
//!
//! The wire formats are those of the OpenAI API (spec 2.3.0) and of Ollama's own API. Compatible servers differ in
//! small ways, so the parsers accept every variant that is unambiguous; anything else becomes an [`LlmError`], never
//! a hang.
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

mod chat;
mod config;
mod delta_accumulator;
mod embed;
mod embedder;
mod error;
#[cfg(feature = "local-embeddings")]
mod local;
mod model;
mod ollama;
mod openai;
mod pricing;
mod probe;
mod reasoning;
mod repetition;
mod response_stream;
mod retry;
mod server_capabilities;
pub mod settings;
mod structured;
mod telemetry;
mod tokens;
mod upstream;

pub use chat::{ChatRequest, Delta, FinishReason, Message, ModelRef, Role, Tool, ToolCall, ToolChoice, Usage};
pub use config::{ConfigError, ModelConfig, Provider, Timeouts};
pub use embedder::{Embedder, EmbedderConfig, Purpose};
pub use error::{LlmError, Phase};
#[cfg(feature = "local-embeddings")]
pub use local::{ModelFolder, ModelFolderError};
pub use model::{DeltaStream, Model};
pub use pricing::{Currency, Money, Price, PriceError, parse_micros};
pub use probe::{ModelStatus, Readiness};
pub use tokens::estimate_tokens;
