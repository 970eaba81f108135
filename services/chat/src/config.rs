//! The variables of chat-svc.

use std::time::Duration;

use base::config::{Reader, Variable};
use cache::limits::PerMinute;
use llm::ModelConfig;

pub(crate) const VARIABLES: &[Variable] = &[
    Variable::with_default("RUN_DETACH_GRACE", "30s", "a run nobody has watched for this long is stopped"),
    Variable::with_default("RUN_LEASE", "15s", "a run whose process has not been heard of for this long is taken over"),
    Variable::with_default(
        "RUN_LIMIT",
        "1024",
        "runs at once in one process; more are answered with 503, and sooner those of an organisation that has its share",
    ),
    Variable::with_default(
        "ASKS_PER_MINUTE",
        "60",
        "questions of one person a minute; 0 for no limit, and there is none without accounts",
    ),
];

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) detach_grace: Duration,
    pub(crate) lease: Duration,
    pub(crate) run_limit: usize,
    /// `None`: as many as somebody likes.
    pub(crate) asks: Option<PerMinute>,
    /// `None`: answers are extracts of the sources.
    pub(crate) model: Option<ModelConfig>,
}

impl Config {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            detach_grace: reader.duration("RUN_DETACH_GRACE"),
            lease: reader.duration("RUN_LEASE").max(Duration::from_secs(1)),
            run_limit: reader.parse("RUN_LIMIT", "a number of runs"),
            asks: Some(reader.parse("ASKS_PER_MINUTE", "a number of questions"))
                .filter(|asks| *asks > 0)
                .map(PerMinute),
            model: llm::settings::read(reader).filter(|model| !model.chat_models.is_empty()),
        }
    }
}
