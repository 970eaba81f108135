//! `POST /api/chat` of Ollama.

use std::sync::atomic::Ordering::Relaxed;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    ChatRequest, FinishReason, LlmError, Message, ToolChoice,
    delta_accumulator::DeltaAccumulator,
    openai::{Text, tools},
    server_capabilities::ServerCapabilities,
    structured::JsonFormat,
    upstream::{error_in_stream, is_error, without_bom},
};

/// The body of a request. `context_tokens` is the context size, for prompt and answer together.
pub(crate) fn body(
    model: &str,
    request: &ChatRequest,
    format: Option<&JsonFormat>,
    capabilities: &ServerCapabilities,
    context_tokens: u32,
) -> Value {
    let schema_in_prompt = capabilities.schema_in_prompt.load(Relaxed);
    let mut messages: Vec<Value> = request.messages.iter().map(message).collect();
    let mut options = json!({ "num_ctx": context_tokens });
    if let Some(limit) = request.max_tokens {
        options["num_predict"] = limit.into();
    }
    if let Some(temperature) = request.temperature {
        options["temperature"] = temperature.into();
    }
    if !request.stop.is_empty() {
        options["stop"] = json!(request.stop);
    }
    if let Some(format) = format.filter(|_| schema_in_prompt) {
        messages.push(json!({ "role": "system", "content": format.instruction() }));
    }
    // Without `truncate: false` Ollama silently drops the beginning of a prompt that is too long.
    let mut body =
        json!({ "model": model, "messages": messages, "stream": true, "truncate": false, "options": options });
    if !request.tools.is_empty() && request.tool_choice != ToolChoice::None {
        body["tools"] = tools(request);
    }
    if let Some(format) = format.filter(|_| !schema_in_prompt) {
        body["format"] = format.schema.clone();
    }
    body
}

fn message(message: &Message) -> Value {
    let mut wire = json!({ "role": message.role.as_str(), "content": message.content });
    if !message.tool_calls.is_empty() {
        let call = |call: &crate::ToolCall| {
            let arguments: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap_or_default();
            json!({ "id": call.id, "function": { "name": call.name, "arguments": arguments } })
        };
        wire["tool_calls"] = message.tool_calls.iter().map(call).collect();
    }
    if let Some(id) = &message.tool_call_id {
        wire["tool_call_id"] = id.as_str().into();
    }
    wire
}

/// Parses one line. `true` after the last one.
pub(crate) fn parse_line(data: &[u8], deltas: &mut DeltaAccumulator) -> Result<bool, LlmError> {
    if data.trim_ascii().is_empty() {
        return Ok(false);
    }
    let line: Line<'_> = serde_json::from_slice(without_bom(data))
        .map_err(|_| LlmError::InvalidResponse("a line is not a chat answer"))?;
    if let Some(error) = line.error.as_ref().filter(|error| is_error(error)) {
        return Err(error_in_stream(error));
    }
    if let Some(message) = &line.message {
        if let Some(thinking) = &message.thinking {
            deltas.push_reasoning(&thinking.0);
        }
        if let Some(text) = &message.content {
            deltas.push_text(&text.0);
        }
        for call in message.tool_calls.iter().flatten() {
            let arguments = call.function.arguments.as_ref().map(Value::to_string).unwrap_or_default();
            deltas.push_tool_call(call.id.as_deref(), &call.function.name, &arguments)?;
        }
    }
    if line.done {
        deltas.set_usage(line.prompt_eval_count, line.eval_count);
        let length = line.done_reason.is_some_and(|reason| reason.0 == "length");
        deltas.set_finish_reason(if length { FinishReason::Length } else { FinishReason::Stop });
    }
    Ok(line.done)
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    message: Option<WireMessage<'a>>,
    #[serde(default)]
    done: bool,
    #[serde(borrow, default)]
    done_reason: Option<Text<'a>>,
    /// Absent when the prompt was in the cache.
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct WireMessage<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(default)]
    tool_calls: Option<Vec<WireToolCall>>,
}

#[derive(Deserialize)]
struct WireToolCall {
    #[serde(default)]
    id: Option<String>,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    #[serde(default)]
    arguments: Option<Value>,
}
