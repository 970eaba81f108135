//! How much a question may cost: rounds, pages, seconds and tokens of each mode, in one table.

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

/// What a mode allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Research rounds at most.
    pub(crate) rounds: u32,
    /// Pages opened in a round.
    pub(crate) pages: u32,
    /// No page of a round is waited for past this.
    pub(crate) round: Duration,
    /// The whole run.
    pub(crate) seconds: u32,
    /// Prompt and completion tokens of all model calls together.
    pub(crate) tokens: u64,
    /// Passages handed to the writer.
    pub(crate) passages: usize,
    /// Sentences of an extractive answer.
    pub(crate) sentences: usize,
    /// Whether a model is asked what the question means.
    pub(crate) understand: bool,
}

impl Mode {
    pub(crate) fn effort(self) -> Effort {
        match self {
            Self::Speed => Effort {
                rounds: 1,
                pages: 5,
                round: Duration::from_millis(2_500),
                seconds: 30,
                tokens: 20_000,
                passages: 10,
                sentences: 4,
                understand: false,
            },
            Self::Balanced => Effort {
                rounds: 3,
                pages: 5,
                round: Duration::from_secs(5),
                seconds: 90,
                tokens: 50_000,
                passages: 14,
                sentences: 6,
                understand: true,
            },
            Self::Quality => Effort {
                rounds: 6,
                pages: 8,
                round: Duration::from_secs(8),
                seconds: 240,
                tokens: 200_000,
                passages: 24,
                sentences: 9,
                understand: true,
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
