//! Optional request parameters a compatible server has rejected, and how its models reason.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use crate::{LlmError, reasoning::ReasoningHabit};

/// What one model does not accept. Learned from responses with status 400 or 422 and remembered, so that the extra
/// round trip happens once.
#[derive(Debug, Default)]
pub(crate) struct ServerCapabilities {
    /// Send the schema in the prompt instead of in its parameter.
    pub(crate) schema_in_prompt: AtomicBool,
    /// Send `max_completion_tokens` instead of `max_tokens`: OpenAI's reasoning models require it, older servers do not
    /// know it.
    pub(crate) max_completion_tokens: AtomicBool,
    pub(crate) no_stream_options: AtomicBool,
    pub(crate) no_temperature: AtomicBool,
    pub(crate) reasoning: Arc<ReasoningHabit>,
}

impl ServerCapabilities {
    /// Whether `error` revealed something new, so that the request should be repeated. `structured`: it had a schema.
    pub(crate) fn learn(&self, error: &LlmError, structured: bool) -> bool {
        let LlmError::Upstream { status: 400 | 422, message } = error else { return false };
        let mentions = |word: &str| message.contains(word);
        let part = if mentions("max_completion_tokens") {
            &self.max_completion_tokens
        } else if mentions("stream_options") {
            &self.no_stream_options
        } else if mentions("temperature") {
            &self.no_temperature
        } else if structured {
            &self.schema_in_prompt
        } else {
            return false;
        };
        !part.swap(true, Relaxed)
    }
}
