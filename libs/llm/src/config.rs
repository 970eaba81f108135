//! Which models to use and how long to wait for them.

use std::{collections::BTreeMap, time::Duration};

use fetch::operator::OperatorError;

use crate::{Price, Secret};

/// The API a model server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `POST {base}/chat/completions`: OpenAI and everything compatible with it. The base address ends in `/v1`.
    OpenAi,
    /// Ollama's own `POST {base}/api/chat`; its compatible endpoint cannot set the context size.
    Ollama,
}

/// Bounds on every wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    /// From sending the request to the first token, reasoning included.
    pub first_token: Duration,
    /// From one token to the next. Comments that keep the connection alive do not count as tokens.
    pub between_tokens: Duration,
    /// One batch of embeddings.
    pub embed: Duration,
    /// The check that the server is there.
    pub probe: Duration,
    /// The longest pause before a retry, whatever `Retry-After` asks for.
    pub retry_wait: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(60),
            between_tokens: Duration::from_secs(30),
            embed: Duration::from_secs(60),
            probe: Duration::from_secs(3),
            retry_wait: Duration::from_secs(10),
        }
    }
}

/// A model server and the models to use on it.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    pub provider: Provider,
    pub base_url: String,
    pub api_key: Option<Secret>,
    /// Asked in this order: the next one only when nothing has come from the one before.
    pub chat_models: Vec<String>,
    pub embedding_model: Option<String>,
    /// Tokens of prompt and answer together that Ollama makes room for. Its own default is small and a longer prompt
    /// would lose its beginning in silence.
    pub context_tokens: u32,
    pub timeouts: Timeouts,
    /// How often the list of models is gone through again after a rate limit or an outage.
    pub retries: u32,
    /// Prices by model name, all in one currency. Models that are not named here have no cost.
    pub prices: BTreeMap<String, Price>,
}

impl ModelConfig {
    /// A configuration with default limits, no key, no embeddings and no prices.
    pub fn new<I>(provider: Provider, base_url: impl Into<String>, chat_models: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            provider,
            base_url: base_url.into(),
            api_key: None,
            chat_models: chat_models.into_iter().map(Into::into).collect(),
            embedding_model: None,
            context_tokens: 16_384,
            timeouts: Timeouts::default(),
            retries: 2,
            prices: BTreeMap::new(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let named = |name: &String| !name.trim().is_empty();
        if (self.chat_models.is_empty() && self.embedding_model.is_none())
            || !self.chat_models.iter().chain(&self.embedding_model).all(named)
        {
            return Err(ConfigError::Models);
        }
        let mut currencies = self.prices.values().map(Price::currency);
        if let Some(first) = currencies.next()
            && currencies.any(|other| other != first)
        {
            return Err(ConfigError::Currencies);
        }
        Ok(())
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("name a chat or an embedding model, and leave no model name empty")]
    Models,
    #[error("the prices of the models are in different currencies")]
    Currencies,
    #[error(transparent)]
    Address(#[from] OperatorError),
    #[cfg(feature = "local-embeddings")]
    #[error(transparent)]
    Folder(#[from] crate::FolderError),
}
