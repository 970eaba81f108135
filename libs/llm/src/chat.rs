//! Requests to a chat model and the deltas of its answer.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use crate::{Money, Provider};

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
    /// The result of a tool call.
    Tool,
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
    /// Tool calls of an assistant message.
    pub tool_calls: Vec<ToolCall>,
    /// The id of the call whose result a tool message is.
    pub tool_call_id: Option<String>,
}

impl Message {
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content.into())
    }

    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content.into())
    }

    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Role::Assistant, content.into())
    }

    /// The result of the tool call `id`.
    pub fn tool(id: impl Into<String>, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(id.into()), ..Self::new(Role::Tool, content.into()) }
    }

    fn new(role: Role, content: String) -> Self {
        Self { role, content, tool_calls: Vec::new(), tool_call_id: None }
    }
}

/// A function the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// A JSON Schema of the arguments object.
    pub parameters: Value,
}

/// Whether the model may, must or must not call tools. Ollama supports only "may" and "must not": there the other two
/// act as [`ToolChoice::Auto`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    #[default]
    Auto,
    None,
    Required,
    Named(String),
}

/// A request to a chat model.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    pub messages: Vec<Message>,
    /// Limit on the tokens of the answer, reasoning included.
    pub max_tokens: Option<u32>,
    pub temperature: Option<f32>,
    pub stop: Vec<String>,
    pub tools: Vec<Tool>,
    pub tool_choice: ToolChoice,
    /// Deadline of the whole call, retries and fallbacks included.
    pub deadline: Option<Instant>,
}

impl ChatRequest {
    pub fn new(messages: impl Into<Vec<Message>>) -> Self {
        Self { messages: messages.into(), ..Self::default() }
    }

    pub(crate) fn prompt_bytes(&self) -> usize {
        self.messages.iter().map(|message| message.content.len()).sum()
    }
}

/// A model and the API of its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRef {
    pub provider: Provider,
    pub model: Arc<str>,
}

/// An increment of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// Answer text, without reasoning and tokens of chat templates. Text that arrives in one read is one delta.
    Text(String),
    /// A complete tool call.
    ToolCall(ToolCall),
    /// The end of a successful answer: the last item, exactly once.
    Finished { reason: FinishReason, usage: Usage, model: ModelRef },
}

/// A request of the model to call a tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// A JSON object as text.
    pub arguments: String,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    Stop,
    /// The token limit was reached: the answer is incomplete.
    Length,
    ToolCalls,
    /// The answer is incomplete.
    ContentFilter,
    /// The model said the same over and over, and was stopped.
    Repetition,
}

/// Tokens and cost of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    /// Whether a count was estimated because the server did not send it.
    pub estimated: bool,
    /// `None` when the price of the model is not configured.
    pub cost: Option<Money>,
}

impl Usage {
    /// Adds the usage of another call. The cost becomes unknown if either is.
    pub fn add(&mut self, other: &Self) {
        self.cost = match (self.cost, other.cost) {
            (Some(cost), Some(more)) => cost.checked_add(more),
            (None, cost) if self.is_empty() => cost,
            (cost, None) if other.is_empty() => cost,
            _ => None,
        };
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.estimated |= other.estimated;
    }

    fn is_empty(&self) -> bool {
        self.prompt_tokens == 0 && self.completion_tokens == 0
    }
}
