//! Readiness check: is the model server reachable, and does it have the configured models.

use reqwest::RequestBuilder;
use serde::Deserialize;
use tokio::time::Instant;

use crate::{LlmError, Model, Phase, Provider, upstream};

/// Longest list of models (bytes).
const RESPONSE_LIMIT: usize = 4 << 20;

/// Whether the configured chat models exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    pub chat: Vec<ModelStatus>,
}

/// A configured model and whether the server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStatus {
    pub model: String,
    pub exists: bool,
}

impl Model {
    /// Requests the server's list of models, once and with a short timeout.
    ///
    /// # Errors
    /// The server cannot be reached, rejects the key, or does not return a list. Some compatible servers have no list:
    /// they return [`LlmError::Upstream`] with status 404 and may still work.
    pub async fn readiness(&self) -> Result<Readiness, LlmError> {
        let config = &self.inner.config;
        let names = match config.provider {
            Provider::OpenAi => {
                let list: OpenAiList = self.list(self.inner.http.get("/models")).await?;
                list.data.into_iter().map(|model| model.id).collect::<Vec<_>>()
            }
            Provider::Ollama => {
                let list: OllamaList = self.list(self.inner.http.get("/api/tags")).await?;
                list.models.into_iter().map(|model| model.name).collect()
            }
        };
        let status = |model: &String| ModelStatus { model: model.clone(), exists: is_listed(&names, model) };
        Ok(Readiness { chat: config.chat_models.iter().map(status).collect() })
    }

    async fn list<T: for<'de> Deserialize<'de>>(&self, request: RequestBuilder) -> Result<T, LlmError> {
        let config = &self.inner.config;
        let until = Instant::now() + config.timeouts.probe;
        let mut response = upstream::send(request, config.api_key.as_ref(), until, Phase::Total).await?;
        let body = upstream::read_body(&mut response, RESPONSE_LIMIT, until, Phase::Total).await?;
        serde_json::from_slice(&body).map_err(|_| LlmError::InvalidResponse("not a list of models"))
    }
}

/// Ollama lists `qwen3` as `qwen3:latest`.
fn is_listed(names: &[String], model: &str) -> bool {
    names.iter().any(|name| name == model || name.strip_suffix(":latest") == Some(model))
}

#[derive(Deserialize)]
struct OpenAiList {
    data: Vec<OpenAiModel>,
}

#[derive(Deserialize)]
struct OpenAiModel {
    id: String,
}

#[derive(Deserialize)]
struct OllamaList {
    models: Vec<OllamaModel>,
}

#[derive(Deserialize)]
struct OllamaModel {
    name: String,
}
