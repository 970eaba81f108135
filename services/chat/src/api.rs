//! Types of the HTTP API. Offsets count Unicode scalar values.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;

use crate::mode::Mode;

/// Characters of the name of a host (RFC 1035, section 2.3.4).
pub(crate) const MAX_HOST_LENGTH: usize = 253;

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRequest {
    /// The question: words, with a letter or digit of any script among them.
    #[schema(
        min_length = 1,
        max_length = 8_000,
        pattern = r"^[^\x00]*[^\s\x00][^\x00]*$",
        example = "Who was the first person on the moon?"
    )]
    pub(crate) query: String,
    /// The thread to continue; without it a new one is started.
    #[serde(default)]
    pub(crate) thread_id: Option<Uuid>,
    #[serde(default)]
    pub(crate) mode: Mode,
    #[serde(default)]
    pub(crate) answer_mode: AnswerMode,
    /// The kinds of sources to search, by default web and files; `[]` for an answer by the model alone.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub(crate) sources: Option<Vec<SourceKind>>,
    /// Slug or id of the project whose files are searched, by default all files.
    #[serde(default, alias = "space_id")]
    #[schema(max_length = 200)]
    pub(crate) project: Option<String>,
    /// Search only these files.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub(crate) file_ids: Vec<Uuid>,
    #[serde(default)]
    pub(crate) filters: Filters,
    /// Language of the answer if it cannot be detected from the question: a language tag such as `en` or `ru-RU`.
    #[serde(default)]
    #[schema(min_length = 2, max_length = 35)]
    pub(crate) locale: Option<String>,
    #[serde(default)]
    pub(crate) budget: BudgetRequest,
    /// Continue the run although no client follows it.
    #[serde(default)]
    pub(crate) background: bool,
    /// Respond with server-sent events; `false` for one JSON object.
    #[serde(default = "yes")]
    pub(crate) stream: bool,
}

fn yes() -> bool {
    true
}

/// Length of the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AnswerMode {
    #[default]
    Default,
    Concise,
    Detailed,
}

/// A kind of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceKind {
    Web,
    Academic,
    Discussions,
    News,
    Files,
}

/// Filters for web pages.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    /// Include only these hosts and their subdomains.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<Host>)]
    pub(crate) domains: Vec<String>,
    /// Exclude these hosts and their subdomains.
    #[serde(default)]
    #[schema(max_items = 20, value_type = Vec<Host>)]
    pub(crate) exclude_domains: Vec<String>,
    #[serde(default)]
    pub(crate) recency: Option<Recency>,
}

/// A name of a host, in the description of the API.
struct Host;

impl PartialSchema for Host {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_HOST_LENGTH)).into()
    }
}

impl ToSchema for Host {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Recency {
    Day,
    Week,
    Month,
    Year,
}

/// Limits that replace those of the mode.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetRequest {
    /// Duration of the run.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 600)]
    pub(crate) seconds: Option<u32>,
    /// Prompt and completion tokens together.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub(crate) tokens: Option<u64>,
    /// A decimal amount in the currency of `LLM_PRICES`.
    #[serde(default)]
    #[schema(max_length = 19, pattern = r"^[0-9]{1,12}(\.[0-9]{1,6})?$", example = "0.05")]
    pub(crate) cost: Option<String>,
}

/// A reference to a project.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProjectRef {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// A source of the answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Source {
    /// Number of its citation marker `[n]`, from 1.
    pub(crate) index: u32,
    /// `web` or `file`.
    pub(crate) kind: String,
    pub(crate) url: Option<String>,
    pub(crate) title: String,
    /// The host of a web page, or the name of a file.
    pub(crate) site: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) fetched_at: Option<DateTime<Utc>>,
    /// Id of the stored copy of a web page.
    pub(crate) snapshot_id: Option<String>,
    pub(crate) file_id: Option<String>,
    pub(crate) passages: Vec<SourcePassage>,
}

/// A passage of a source, as in the stored text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct SourcePassage {
    pub(crate) text: String,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) page: Option<u32>,
    pub(crate) heading: Option<String>,
}

/// A cited sentence of the answer and the quote that supports it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Citation {
    /// Number of the citation in the answer, from 1.
    pub(crate) index: u32,
    /// `index` of the source.
    pub(crate) source: u32,
    /// Range of the cited sentence in the answer.
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The part of the passage that supports it.
    pub(crate) quote: String,
    /// `verbatim` for the source's own words, else `supported`, `partial` or `unsupported`.
    pub(crate) support: String,
    /// Who said so: `rules`, or the `model` where rules could not tell.
    #[serde(default = "rules")]
    pub(crate) judged_by: String,
    /// 0 to 1.
    pub(crate) score: f32,
}

impl Citation {
    /// Adds it, or puts it in the place of the one with its number, which has been judged anew.
    pub(crate) fn put_into(self, citations: &mut Vec<Self>) {
        match citations.iter_mut().find(|known| known.index == self.index) {
            Some(known) => *known = self,
            None => citations.push(self),
        }
    }
}

fn rules() -> String {
    "rules".to_owned()
}

/// Resources used for an answer.
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

/// An amount of money as a decimal string.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Cost {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

/// Limits of the run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct Budget {
    pub(crate) seconds: u32,
    pub(crate) tokens: u64,
    pub(crate) cost: Option<String>,
}

/// An answer, complete or in progress.
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
    /// Why the answer is partial.
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Failure>,
    /// Highest step id so far, to continue numbering.
    #[serde(skip)]
    pub(crate) last_step: u32,
    /// Whether research is complete.
    #[serde(skip)]
    pub(crate) researched: bool,
    /// Set once the text is whole, with the reason why it is less than it would have been.
    #[serde(skip)]
    pub(crate) written: Option<Option<String>>,
}

/// Why a run ended without an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Failure {
    /// Stable error code.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Whether a retry may succeed.
    pub(crate) retryable: bool,
}
