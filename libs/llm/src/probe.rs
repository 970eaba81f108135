//! A cheap look at a model server: is it there, and does it have the models.

use reqwest::RequestBuilder;
use serde::Deserialize;
use tokio::time::Instant;

use crate::{LlmError, Model, Phase, Provider, upstream};

const MAX_LIST: usize = 4 << 20;

/// What a model server said about the configured chat models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    pub chat: Vec<Named>,
}

/// A configured model, and whether the server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub model: String,
    pub exists: bool,
}

impl Model {
    /// Asks the server for its list of models, once and with a short time limit.
    ///
    /// # Errors
    /// The server cannot be reached, refuses the key, or answers with something else than a list. Some compatible
    /// servers have no list: that is [`LlmError::Upstream`] with status 404 and says nothing against them.
    pub async fn ready(&self) -> Result<Readiness, LlmError> {
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
        let named = |model: &String| Named { model: model.clone(), exists: is_listed(&names, model) };
        Ok(Readiness { chat: config.chat_models.iter().map(named).collect() })
    }

    async fn list<T: for<'de> Deserialize<'de>>(&self, request: RequestBuilder) -> Result<T, LlmError> {
        let config = &self.inner.config;
        let until = Instant::now() + config.timeouts.probe;
        let mut response = upstream::send(request, config.api_key.as_ref(), until, Phase::Total).await?;
        let body = upstream::read_body(&mut response, MAX_LIST, until, Phase::Total).await?;
        serde_json::from_slice(&body).map_err(|_| LlmError::Garbage("not a list of models"))
    }
}

/// Ollama lists `qwen3:latest` for what is called `qwen3`.
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
