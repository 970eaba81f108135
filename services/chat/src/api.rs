//! The shapes of the HTTP API: what is asked and what is answered. Offsets count Unicode scalar values.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::mode::Mode;

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[schema(
        min_length = 1,
        max_length = 8_000,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$",
        example = "Who was the first person on the moon?"
    )]
    pub(crate) query: String,
    /// Goes on with a thread; a new one begins when left out.
    #[serde(default)]
    pub(crate) thread_id: Option<Uuid>,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) answer_mode: AnswerMode,
    /// Where to look; `[]` asks the model alone. Web and files when left out.
    #[serde(default)]
    pub(crate) sources: Option<Vec<SourceKind>>,
    /// Slug or id of the project whose files are read; all files when left out.
    #[serde(default, alias = "space_id")]
    #[schema(max_length = 200)]
    pub(crate) project: Option<String>,
    /// Only these files.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub(crate) file_ids: Vec<Uuid>,
    #[serde(default)]
    pub(crate) filters: Filters,
    /// Language of the answer when the question does not tell: a language tag such as `en` or `ru-RU`.
    #[serde(default)]
    #[schema(min_length = 2, max_length = 35)]
    pub(crate) locale: Option<String>,
    #[serde(default)]
    pub(crate) budget: BudgetRequest,
    /// Goes on to the end with nobody watching.
    #[serde(default)]
    pub(crate) background: bool,
    /// Server-sent events; `false` answers one JSON object.
    #[serde(default = "yes")]
    pub(crate) stream: bool,
}

fn yes() -> bool {
    true
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AnswerMode {
    #[default]
    Default,
    Concise,
    Detailed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceKind {
    Web,
    Academic,
    Discussions,
    News,
    Files,
}

/// Which pages count.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    /// Hosts, with their subdomains.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(crate) domains: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(crate) exclude_domains: Vec<String>,
    #[serde(default)]
    pub(crate) recency: Option<Recency>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Recency {
    Day,
    Week,
    Month,
    Year,
}

/// Limits tighter or wider than the mode's.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetRequest {
    #[serde(default)]
    #[schema(minimum = 1, maximum = 600)]
    pub(crate) seconds: Option<u32>,
    /// Prompt and completion tokens together.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub(crate) tokens: Option<u64>,
    /// A decimal amount in the currency of `LLM_PRICES`.
    #[serde(default)]
    #[schema(pattern = r"^[0-9]{1,12}(\.[0-9]{1,6})?$", example = "0.05")]
    pub(crate) cost: Option<String>,
}

/// A project, as events show it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProjectRef {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// Something that was read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Source {
    /// The `n` of `[n]`, from 1.
    pub(crate) index: u32,
    /// `web` or `file`.
    pub(crate) kind: String,
    pub(crate) url: Option<String>,
    pub(crate) title: String,
    /// The host of a page, the project's file name of a file.
    pub(crate) site: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) fetched_at: Option<DateTime<Utc>>,
    /// The stored copy of a web page.
    pub(crate) snapshot_id: Option<String>,
    pub(crate) file_id: Option<String>,
    pub(crate) passages: Vec<SourcePassage>,
}

/// A passage that was read, as it stands in the stored text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct SourcePassage {
    pub(crate) text: String,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) page: Option<u32>,
    pub(crate) heading: Option<String>,
}

/// A claim of the answer and what it rests on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Citation {
    /// Counts the citations of the answer, from 1.
    pub(crate) index: u32,
    /// The source's `index`.
    pub(crate) source: u32,
    /// The cited sentence in the answer.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The part of the passage it rests on.
    pub(crate) quote: String,
    /// `supported`, `partial` or `unsupported`.
    pub(crate) support: String,
    /// 0 to 1.
    pub(crate) score: f32,
}

/// What an answer took.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) total_tokens: u64,
    pub(crate) cost: Option<Cost>,
    pub(crate) searches: u32,
    pub(crate) pages_opened: u32,
    pub(crate) seconds: f64,
}

/// Money as a decimal text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Cost {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

/// What the run was allowed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Budget {
    pub(crate) seconds: u32,
    pub(crate) tokens: u64,
    pub(crate) cost: Option<String>,
}

/// A whole answer, finished or as far as it has come.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct Answer {
    pub(crate) run_id: Uuid,
    pub(crate) thread_id: Uuid,
    /// `running`, `complete`, `partial`, `cancelled` or `error`.
    pub(crate) status: String,
    pub(crate) question: String,
    pub(crate) answer: String,
    pub(crate) citations: Vec<Citation>,
    pub(crate) sources: Vec<Source>,
    pub(crate) related: Vec<String>,
    pub(crate) widgets: Vec<serde_json::Value>,
    pub(crate) degraded: Vec<String>,
    pub(crate) usage: Usage,
    pub(crate) budget: Budget,
    /// Why an answer is partial.
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Failure>,
    /// The highest step so far, for going on with the count.
    #[serde(skip)]
    pub(crate) last_step: u32,
    /// Whether research is over.
    #[serde(skip)]
    pub(crate) researched: bool,
}

/// Why a run ended without an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Failure {
    /// Stable, for programs.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Whether asking again may help.
    pub(crate) retryable: bool,
}
