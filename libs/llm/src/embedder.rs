//! Vectors of texts, wherever they are made: by the embedding model of a server, or by one read from a folder.

use std::{fmt, sync::Arc};

#[cfg(feature = "local-embeddings")]
use crate::local::{Folder, Local};
use crate::{ConfigError, LlmError, Model, ModelConfig};

/// What a text is to a search. Some models are told: their two kinds of text begin differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// What somebody looks for.
    Question,
    /// What may be found.
    Passage,
}

/// Where vectors come from.
#[derive(Debug, Clone)]
pub enum EmbedderConfig {
    /// A server; [`ModelConfig::embedding_model`] is set.
    Server(ModelConfig),
    /// A model that is computed in this process.
    #[cfg(feature = "local-embeddings")]
    Folder(Folder),
}

/// For an operator who asks what is set up.
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

/// Makes vectors. Cheap to clone.
#[derive(Clone)]
pub struct Embedder {
    source: Source,
    name: Arc<str>,
}

#[derive(Clone)]
enum Source {
    Server(Model),
    #[cfg(feature = "local-embeddings")]
    Local(Local),
}

impl Embedder {
    /// Takes up a configuration. A model in a folder is read here, which takes a moment and its size in memory; all
    /// who open one folder share it.
    ///
    /// # Errors
    /// What is wrong with the configuration or the folder. No server is asked.
    pub async fn open(config: EmbedderConfig) -> Result<Self, ConfigError> {
        match config {
            EmbedderConfig::Server(config) => {
                let name = config.embedding_model.as_deref().ok_or(ConfigError::Models)?.into();
                Ok(Self { source: Source::Server(Model::new(config)?), name })
            }
            #[cfg(feature = "local-embeddings")]
            EmbedderConfig::Folder(folder) => {
                let opening = tokio::task::spawn_blocking(move || Local::open(folder));
                let local = opening.await.expect("reading a model reports its faults")?;
                Ok(Self { name: local.name(), source: Source::Local(local) })
            }
        }
    }

    /// The name to keep beside each vector: vectors of different models are never compared. For a folder it is the
    /// folder's name and a digest of what is in it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One vector of length 1 for each text, in order, all of one dimension. What is longer than the model reads does
    /// not count. Dropping the future gives up what has not begun.
    ///
    /// # Errors
    /// [`LlmError::Request`] when a text is blank; else what the model or its server did.
    pub async fn embed(&self, purpose: Purpose, texts: &[String]) -> Result<Vec<Vec<f32>>, LlmError> {
        #[cfg(not(feature = "local-embeddings"))]
        let _ = purpose;
        match &self.source {
            // Servers are not told: their own settings know what their model wants.
            Source::Server(model) => model.embed(texts).await,
            #[cfg(feature = "local-embeddings")]
            Source::Local(local) => local.embed(purpose, texts).await,
        }
    }
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedder").field("name", &self.name).finish_non_exhaustive()
    }
}
