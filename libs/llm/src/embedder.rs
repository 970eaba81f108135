//! Embeddings of texts, from a model server or from a model in a folder.

use std::{fmt, sync::Arc};

#[cfg(feature = "local-embeddings")]
use crate::local::{LocalEmbedder, ModelFolder};
use crate::{ConfigError, LlmError, Model, ModelConfig};

/// The role of a text in retrieval. Some models expect a different prefix for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A search query.
    Question,
    /// A text to be retrieved.
    Passage,
}

/// Configuration of an [`Embedder`].
#[derive(Debug, Clone)]
pub enum EmbedderConfig {
    /// A server; [`ModelConfig::embedding_model`] is set.
    Server(ModelConfig),
    /// A model that runs in this process.
    #[cfg(feature = "local-embeddings")]
    Folder(ModelFolder),
}

/// Shown to the operator by `gooseek doctor`.
impl fmt::Display for EmbedderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(config) => {
                write!(f, "{} at {}", config.embedding_model.as_deref().unwrap_or_default(), config.base_url)
            }
            #[cfg(feature = "local-embeddings")]
            Self::Folder(folder) => folder.fmt(f),
        }
    }
}

/// Computes embeddings. Cheap to clone.
#[derive(Clone)]
pub struct Embedder {
    source: Source,
    name: Arc<str>,
}

#[derive(Clone)]
enum Source {
    Server(Model),
    #[cfg(feature = "local-embeddings")]
    Local(LocalEmbedder),
}

impl Embedder {
    /// Opens the configured model. A model folder is loaded into memory here; all embedders of one folder in the process
    /// share it.
    ///
    /// # Errors
    /// The configuration or the folder is invalid. No request is sent to a server.
    pub async fn open(config: EmbedderConfig) -> Result<Self, ConfigError> {
        match config {
            EmbedderConfig::Server(config) => {
                let name = config.embedding_model.as_deref().ok_or(ConfigError::Models)?.into();
                Ok(Self { source: Source::Server(Model::new(config)?), name })
            }
            #[cfg(feature = "local-embeddings")]
            EmbedderConfig::Folder(folder) => {
                let loading = tokio::task::spawn_blocking(move || LocalEmbedder::open(folder));
                let local = loading.await.expect("loading a model does not panic")?;
                Ok(Self { name: local.name(), source: Source::Local(local) })
            }
        }
    }

    /// The name to store with each vector, because vectors of different models must not be compared. For a folder: its
    /// name and a digest of its contents.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One unit vector per text, in order, all of one dimension. Text beyond the model's context is cut off. Dropping
    /// the future cancels the batches that have not started.
    ///
    /// # Errors
    /// [`LlmError::Request`] if a text is blank, else the error of the model or its server.
    pub async fn embed(&self, purpose: Purpose, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        #[cfg(not(feature = "local-embeddings"))]
        let _ = purpose;
        match &self.source {
            // The APIs have no parameter for it: servers add prefixes themselves.
            Source::Server(model) => model.embed(texts).await,
            #[cfg(feature = "local-embeddings")]
            Source::Local(local) => local.embed(purpose, texts).await,
        }
    }
}

impl Embedder {
    /// Whether the model knows the words of `text`. It does not where it takes most of them letter by letter, as a model of English
    /// does with Russian: its vectors of them say nothing. A server does not tell, and is believed to know all.
    #[must_use]
    pub fn reads(&self, text: &str) -> bool {
        #[cfg(not(feature = "local-embeddings"))]
        let _ = text;
        match &self.source {
            Source::Server(_) => true,
            #[cfg(feature = "local-embeddings")]
            Source::Local(local) => local.reads(text),
        }
    }
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder").field("name", &self.name).finish_non_exhaustive()
    }
}
