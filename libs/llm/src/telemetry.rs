//! Metrics of models: how long they take to begin, what they fail with, what they cost.

use std::time::Duration;

use crate::{LlmError, ModelRef, Usage};

/// A request whose first delta, or error, came after `elapsed`.
pub(crate) fn count_request(model: &ModelRef, failed: Option<&LlmError>, elapsed: Duration) {
    let outcome = failed.map_or("ok", LlmError::code);
    metrics::histogram!("gooseek_model_seconds", "model" => model.model.to_string(), "outcome" => outcome)
        .record(elapsed.as_secs_f64());
}

/// What a finished answer used.
pub(crate) fn count_usage(model: &ModelRef, usage: &Usage) {
    for (kind, tokens) in [("prompt", usage.prompt_tokens), ("completion", usage.completion_tokens)] {
        metrics::counter!("gooseek_model_tokens_total", "model" => model.model.to_string(), "kind" => kind)
            .increment(tokens);
    }
    let Some(cost) = usage.cost else { return };
    let currency = cost.currency.as_str().to_owned();
    metrics::counter!("gooseek_model_cost_micros_total", "model" => model.model.to_string(), "currency" => currency)
        .increment(u64::try_from(cost.micros).unwrap_or_default());
}
