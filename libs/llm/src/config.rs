//! Configuration of a model server: address, models, timeouts, prices.

use std::{collections::BTreeMap, time::Duration};

use base::config::Secret;
use fetch::operator::OperatorError;

use crate::Price;

/// The API of a model server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// `POST {base}/chat/completions`: OpenAI and everything compatible with it. The base address ends in `/v1`.
    OpenAi,
    /// Ollama's own `POST {base}/api/chat`; its OpenAI-compatible endpoint cannot set the context size.
    Ollama,
}

/// Timeouts of the calls to a model server.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    pub connect: Duration,
    /// From sending the request to the first token, reasoning included.
    pub first_token: Duration,
    /// From one token to the next. Keep-alive comments do not count as tokens.
    pub between_tokens: Duration,
    /// One batch of embeddings.
    pub embed: Duration,
    /// Listing the models.
    pub probe: Duration,
    /// The longest delay before a retry, `Retry-After` included.
    pub max_retry_delay: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(60),
            between_tokens: Duration::from_secs(30),
            embed: Duration::from_secs(60),
            probe: Duration::from_secs(3),
            max_retry_delay: Duration::from_secs(10),
        }
    }
}

/// A model server and the models to use on it.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    pub provider: Provider,
    pub base_url: String,
    pub api_key: Option<Secret>,
    /// In order of preference: the next one is tried only if the one before fails without any output.
    pub chat_models: Vec<String>,
    pub embedding_model: Option<String>,
    /// Context size requested of Ollama, for prompt and answer together (tokens). Its own default is small, and a longer
    /// prompt would silently lose its beginning.
    pub context_tokens: u32,
    pub timeouts: Timeouts,
    /// How often the list of models is retried after a rate limit or an outage.
    pub retries: u32,
    /// Prices by model name, all in one currency. Models without a price have no cost.
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
    Folder(#[from] crate::ModelFolderError),
}
