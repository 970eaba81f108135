//! Configuration of chat-svc.

use std::time::Duration;

use base::config::{Reader, Variable};
use cache::limits::PerMinute;
use llm::ModelConfig;

pub(crate) const VARIABLES: &[Variable] = &[
    Variable::with_default("RUN_DETACH_GRACE", "30s", "a run without watchers is stopped after this time"),
    Variable::with_default(
        "RUN_LEASE",
        "15s",
        "a run whose process has not renewed its lease for this long is taken over",
    ),
    Variable::with_default(
        "RUN_LIMIT",
        "1024",
        "runs at once in one process; further ones get 503, earlier for an organisation that has reached its share",
    ),
    Variable::with_default(
        "ASKS_PER_MINUTE",
        "60",
        "questions per user and minute; 0 for no limit; ignored without accounts",
    ),
    Variable::with_default(
        "ASKS_PER_MINUTE_ORG",
        "0",
        "questions per organisation and minute; 0 for no limit; ignored without accounts",
    ),
    Variable::with_default(
        "ASKS_PER_MINUTE_ADDRESS",
        "0",
        "questions per client address (IPv6: /64) and minute; 0 for no limit; ignored without accounts",
    ),
];

/// Questions a minute; `None` for no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskLimits {
    pub(crate) user: Option<PerMinute>,
    pub(crate) organisation: Option<PerMinute>,
    pub(crate) address: Option<PerMinute>,
}

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) detach_grace: Duration,
    pub(crate) lease: Duration,
    pub(crate) run_limit: usize,
    pub(crate) ask_limits: AskLimits,
    /// `None`: answers are extractive.
    pub(crate) model: Option<ModelConfig>,
}

impl Config {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            detach_grace: reader.duration("RUN_DETACH_GRACE"),
            lease: reader.duration("RUN_LEASE").max(Duration::from_secs(1)),
            run_limit: reader.parse("RUN_LIMIT", "a number of runs"),
            ask_limits: AskLimits {
                user: per_minute(reader, "ASKS_PER_MINUTE"),
                organisation: per_minute(reader, "ASKS_PER_MINUTE_ORG"),
                address: per_minute(reader, "ASKS_PER_MINUTE_ADDRESS"),
            },
            model: llm::settings::read(reader).filter(|model| !model.chat_models.is_empty()),
        }
    }
}

fn per_minute(reader: &mut Reader<'_>, name: &'static str) -> Option<PerMinute> {
    Some(reader.parse(name, "a number of questions")).filter(|asks| *asks > 0).map(PerMinute)
}
