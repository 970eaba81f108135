//! Errors of model calls.

use std::{sync::Arc, time::Duration};

/// The part of a call that timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Connect,
    FirstToken,
    BetweenTokens,
    /// The caller's deadline.
    Total,
}

/// An error of a model call. Messages are safe to show to a user: no key, no address, no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    #[error("the model is rate limited")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the quota of the model account is used up")]
    Quota,
    #[error("the model server refused the key")]
    Unauthorized,
    #[error("the model server does not have the model")]
    ModelNotFound,
    #[error("the prompt is longer than the model can read")]
    ContextTooLong,
    #[error("the model took too long ({})", phase.as_str())]
    Timeout { phase: Phase },
    #[error("the model server is unavailable")]
    Unavailable,
    /// A complete response without an answer.
    #[error("{model} gave no text: {why}")]
    NoText { model: Arc<str>, why: &'static str },
    #[error("the model's answer was cut off")]
    Interrupted,
    #[error("the model server sent something unreadable: {0}")]
    InvalidResponse(&'static str),
    #[error("the model server refused the request with status {status}: {message}")]
    Upstream { status: u16, message: String },
    /// The model in `EMBEDDING_MODEL_DIR` failed; details are in the log.
    #[error("the embedding model of this process failed")]
    Local,
    /// An invalid call, such as an empty text to embed.
    #[error("{0}")]
    Request(&'static str),
}

impl LlmError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Timeout { .. } | Self::Unavailable | Self::Interrupted)
    }

    /// A stable name for logs and clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "model_rate_limited",
            Self::Quota => "model_quota",
            Self::Unauthorized => "model_unauthorized",
            Self::ModelNotFound => "model_not_found",
            Self::ContextTooLong => "model_context_too_long",
            Self::Timeout { .. } => "model_timeout",
            Self::Unavailable => "model_unavailable",
            Self::NoText { .. } => "model_no_text",
            Self::Interrupted => "model_interrupted",
            Self::InvalidResponse(_) => "model_garbage",
            Self::Upstream { .. } => "model_refused",
            Self::Local => "model_failed",
            Self::Request(_) => "model_request",
        }
    }

    /// Whether another model of the list may succeed. Quota, key and request errors affect every model, and past the
    /// caller's deadline there are no further attempts.
    pub(crate) fn tries_next_model(&self) -> bool {
        match self {
            Self::Timeout { phase } => *phase != Phase::Total,
            Self::ModelNotFound | Self::NoText { .. } | Self::InvalidResponse(_) => true,
            _ => self.is_retryable(),
        }
    }

    /// Whether to retry the same model within one call; not after a timeout.
    pub(crate) fn tries_same_model(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable | Self::Interrupted)
    }
}

impl Phase {
    fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::FirstToken => "first token",
            Self::BetweenTokens => "between tokens",
            Self::Total => "deadline",
        }
    }
}
