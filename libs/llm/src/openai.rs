//! `POST /chat/completions` of OpenAI (spec 2.3.0) and of the servers compatible with it.

use std::{borrow::Cow, fmt, sync::atomic::Ordering::Relaxed};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{SeqAccess, Visitor},
};
use serde_json::{Value, json};

use crate::{
    ChatRequest, FinishReason, LlmError, Message, ToolChoice,
    delta_accumulator::DeltaAccumulator,
    server_capabilities::ServerCapabilities,
    structured::JsonFormat,
    upstream::{self, error_in_stream, is_error},
};

/// The body of a request. `format` asks for JSON of a schema.
pub(crate) fn body(
    model: &str,
    request: &ChatRequest,
    format: Option<&JsonFormat>,
    capabilities: &ServerCapabilities,
) -> Value {
    let schema_in_prompt = capabilities.schema_in_prompt.load(Relaxed);
    let mut messages: Vec<WireMessage<'_>> = request.messages.iter().map(WireMessage::from).collect();
    let instruction = format.filter(|_| schema_in_prompt).map(JsonFormat::instruction);
    if let Some(content) = &instruction {
        messages.push(WireMessage { role: "system", content, tool_calls: Vec::new(), tool_call_id: None });
    }
    let mut body = json!({ "model": model, "messages": messages, "stream": true });
    let mut set = |name: &str, value: Value| body[name] = value;
    if !capabilities.no_stream_options.load(Relaxed) {
        set("stream_options", json!({ "include_usage": true }));
    }
    if let Some(limit) = request.max_tokens {
        let renamed = capabilities.max_completion_tokens.load(Relaxed);
        set(if renamed { "max_completion_tokens" } else { "max_tokens" }, limit.into());
    }
    if let Some(temperature) = request.temperature.filter(|_| !capabilities.no_temperature.load(Relaxed)) {
        set("temperature", temperature.into());
    }
    if !request.stop.is_empty() {
        set("stop", json!(request.stop));
    }
    if !request.tools.is_empty() {
        set("tools", tools(request));
        set("tool_choice", tool_choice(&request.tool_choice));
    }
    if let Some(format) = format.filter(|_| !schema_in_prompt) {
        let schema = json!({ "name": format.name, "schema": format.schema, "strict": true });
        set("response_format", json!({ "type": "json_schema", "json_schema": schema }));
    }
    body
}

/// The tools of a request; Ollama uses the same format.
pub(crate) fn tools(request: &ChatRequest) -> Value {
    let tool = |tool: &crate::Tool| {
        json!({ "type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.parameters,
        }})
    };
    request.tools.iter().map(tool).collect()
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    }
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

impl<'a> From<&'a Message> for WireMessage<'a> {
    fn from(message: &'a Message) -> Self {
        let call = |call: &crate::ToolCall| {
            json!({ "id": call.id, "type": "function",
                "function": { "name": call.name, "arguments": call.arguments } })
        };
        Self {
            role: message.role.as_str(),
            content: &message.content,
            tool_calls: message.tool_calls.iter().map(call).collect(),
            tool_call_id: message.tool_call_id.as_deref(),
        }
    }
}

/// Parses the data of one event. `true` after `[DONE]`.
pub(crate) fn parse_event(data: &[u8], deltas: &mut DeltaAccumulator) -> Result<bool, LlmError> {
    if data.trim_ascii() == b"[DONE]" {
        return Ok(true);
    }
    let data = upstream::without_bom(data);
    let chunk: Chunk<'_> =
        serde_json::from_slice(data).map_err(|_| LlmError::InvalidResponse("an event is not a chat completion"))?;
    if let Some(error) = chunk.error.as_ref().filter(|error| is_error(error)) {
        return Err(error_in_stream(error));
    }
    if let Some(usage) = chunk.usage {
        deltas.set_usage(usage.prompt_tokens, usage.completion_tokens);
    }
    match chunk.choices {
        Some(choice) => read_choice(&choice, deltas)?,
        None if chunk.object.is_some_and(|object| object.0 == "error") => {
            let error: Value = serde_json::from_slice(data).unwrap_or_default();
            return Err(error_in_stream(&error));
        }
        None => {}
    }
    Ok(false)
}

fn read_choice(choice: &Choice<'_>, deltas: &mut DeltaAccumulator) -> Result<(), LlmError> {
    if let Some(delta) = &choice.delta {
        for reasoning in delta.reasoning_content.iter().chain(&delta.reasoning).take(1) {
            deltas.push_reasoning(&reasoning.0);
        }
        for text in delta.content.iter().chain(&delta.refusal) {
            deltas.push_text(&text.0);
        }
        for (position, call) in delta.tool_calls.iter().flatten().enumerate() {
            let function = call.function.as_ref();
            deltas.push_tool_call_part(
                call.index.unwrap_or(position),
                call.id.as_deref(),
                function.and_then(|function| function.name.as_deref()),
                function.and_then(|function| function.arguments.as_deref()),
            )?;
        }
    }
    match choice.finish_reason.as_ref().map(|reason| &*reason.0) {
        None | Some("") => {}
        Some("length") => deltas.set_finish_reason(FinishReason::Length),
        Some("tool_calls" | "function_call") => deltas.set_finish_reason(FinishReason::ToolCalls),
        Some("content_filter") => deltas.set_finish_reason(FinishReason::ContentFilter),
        Some("error") => return Err(LlmError::Unavailable),
        Some(_) => deltas.set_finish_reason(FinishReason::Stop),
    }
    Ok(())
}

/// The data of an event, borrowing from its bytes. Also a complete response, which some servers send although a stream
/// was requested.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default, deserialize_with = "requested_choice")]
    choices: Option<Choice<'a>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(default)]
    error: Option<Value>,
    #[serde(borrow, default)]
    object: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default, alias = "message")]
    delta: Option<WireDelta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct WireDelta<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Text<'a>>,
    #[serde(default)]
    tool_calls: Option<Vec<ToolCallPart>>,
}

#[derive(Deserialize)]
struct ToolCallPart {
    #[serde(default)]
    index: Option<usize>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<FunctionPart>,
}

#[derive(Deserialize)]
struct FunctionPart {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
}

/// A string that is borrowed if it has no escapes; serde does not borrow an `Option<Cow<str>>` by itself.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Deserializes the choice number 0: one is requested, and what a server sends beside it is not the answer.
fn requested_choice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Choice<'de>>, D::Error> {
    struct Requested;

    impl<'de> Visitor<'de> for Requested {
        type Value = Option<Choice<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array or null")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut requested = None;
            while let Some(choice) = items.next_element::<Choice<'de>>()? {
                if requested.is_none() && choice.index.unwrap_or_default() == 0 {
                    requested = Some(choice);
                }
            }
            Ok(requested)
        }
    }

    deserializer.deserialize_any(Requested)
}
