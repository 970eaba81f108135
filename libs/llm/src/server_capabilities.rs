//! What a compatible server turned out not to understand.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::LlmError;

/// Optional parts of a request that one model refused. Learned from its answers with status 400 or 422 and kept, so
/// that the detour is paid once.
#[derive(Debug, Default)]
pub(crate) struct Dialect {
    /// The schema goes into the prompt in place of the parameter made for it.
    pub(crate) schema_in_prompt: AtomicBool,
    /// `max_completion_tokens`, which OpenAI's reasoning models want and older servers do not know, in place of
    /// `max_tokens`.
    pub(crate) max_completion_tokens: AtomicBool,
    pub(crate) no_stream_options: AtomicBool,
    pub(crate) no_temperature: AtomicBool,
}

impl Dialect {
    /// Whether `error` taught something new, so that asking again makes sense. `structured`: the request had a schema.
    pub(crate) fn learn(&self, error: &LlmError, structured: bool) -> bool {
        let LlmError::Upstream { status: 400 | 422, message } = error else { return false };
        let says = |word: &str| message.contains(word);
        let part = if says("max_completion_tokens") {
            &self.max_completion_tokens
        } else if says("stream_options") {
            &self.no_stream_options
        } else if says("temperature") {
            &self.no_temperature
        } else if structured {
            &self.schema_in_prompt
        } else {
            return false;
        };
        !part.swap(true, Relaxed)
    }
}
