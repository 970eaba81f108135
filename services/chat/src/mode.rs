//! The modes and their limits: rounds, pages, seconds and tokens, in one table.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How thorough an answer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Speed,
    #[default]
    Balanced,
    Quality,
}

/// Limits of a mode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModeLimits {
    /// Most research rounds.
    pub(crate) rounds: u32,
    /// Pages opened per round.
    pub(crate) pages: u32,
    /// Timeout of a round.
    pub(crate) round_timeout: Duration,
    /// Timeout of the whole run, in seconds.
    pub(crate) seconds: u32,
    /// Prompt and completion tokens of all model calls together.
    pub(crate) tokens: u64,
    /// Passages given to the writer.
    pub(crate) passages: usize,
    /// Sentences of an extractive answer.
    pub(crate) sentences: usize,
    /// Whether a model refines the question into queries.
    pub(crate) understand: bool,
    /// Whether a model judges the citations that rules cannot settle.
    pub(crate) judge: bool,
}

impl Mode {
    pub(crate) fn limits(self) -> ModeLimits {
        match self {
            Self::Speed => ModeLimits {
                rounds: 1,
                pages: 5,
                round_timeout: Duration::from_millis(2_500),
                seconds: 30,
                tokens: 20_000,
                passages: 10,
                sentences: 4,
                understand: false,
                judge: false,
            },
            Self::Balanced => ModeLimits {
                rounds: 3,
                pages: 5,
                round_timeout: Duration::from_secs(5),
                seconds: 90,
                tokens: 50_000,
                passages: 14,
                sentences: 6,
                understand: true,
                judge: true,
            },
            Self::Quality => ModeLimits {
                rounds: 6,
                pages: 8,
                round_timeout: Duration::from_secs(8),
                seconds: 240,
                tokens: 200_000,
                passages: 24,
                sentences: 9,
                understand: true,
                judge: true,
            },
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Balanced => "balanced",
            Self::Quality => "quality",
        }
    }
}
