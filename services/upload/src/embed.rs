//! Vectors of texts, when a model with embeddings is configured.

use std::sync::Arc;

use llm::{ConfigError, LlmError, Model, ModelConfig};

/// Makes vectors. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Embedder {
    model: Model,
    name: Arc<str>,
}

impl Embedder {
    /// `None` when the configuration names no embedding model.
    pub(crate) fn new(config: ModelConfig) -> Result<Option<Self>, ConfigError> {
        let Some(name) = config.embedding_model.as_deref().map(Arc::from) else { return Ok(None) };
        Ok(Some(Self { model: Model::new(config)?, name }))
    }

    /// The name stored beside each vector: vectors of different models are never compared.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One vector of length 1 for each text, in order.
    pub(crate) async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        self.model.embed(texts).await
    }
}
