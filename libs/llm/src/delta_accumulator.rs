//! Accumulates the parsed events of one response into [`Delta`]s; used by both wire formats.

use std::collections::{BTreeMap, VecDeque};

use serde::de::IgnoredAny;

use crate::{
    Delta, FinishReason, LlmError, ModelRef, ToolCall, Usage,
    reasoning::{ReasoningSplitter, Segment},
    response_stream::EVENT_SIZE_LIMIT,
    tokens::tokens_of_bytes,
};

/// More tool calls in one response are an error of the model; the limit bounds memory.
const TOOL_CALL_LIMIT: usize = 128;

/// State of one response.
#[derive(Debug, Default)]
pub(crate) struct DeltaAccumulator {
    out: VecDeque<Delta>,
    splitter: ReasoningSplitter,
    tools: BTreeMap<usize, ToolCall>,
    tool_bytes: usize,
    finish_reason: Option<FinishReason>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    /// Bytes of text, reasoning and tool calls: shows progress, and estimates tokens when the server sends no usage.
    received_bytes: usize,
}

impl DeltaAccumulator {
    pub(crate) fn push_text(&mut self, text: &str) {
        self.received_bytes += text.len();
        let Self { splitter, out, .. } = self;
        splitter.feed(text, &mut |segment, piece| push(out, segment, piece));
    }

    pub(crate) fn push_reasoning(&mut self, text: &str) {
        self.received_bytes += text.len();
        push(&mut self.out, Segment::Reasoning, text);
    }

    /// A part of the tool call `index`. Id and name come in the first part, arguments in any.
    pub(crate) fn push_tool_call_part(
        &mut self,
        index: usize,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Option<&str>,
    ) -> Result<(), LlmError> {
        let pieces = [id, name, arguments];
        let bytes: usize = pieces.iter().flatten().map(|piece| piece.len()).sum();
        self.received_bytes += bytes;
        self.tool_bytes += bytes;
        if self.tool_bytes > EVENT_SIZE_LIMIT
            || (self.tools.len() >= TOOL_CALL_LIMIT && !self.tools.contains_key(&index))
        {
            return Err(LlmError::InvalidResponse("the tool calls are too long"));
        }
        let call = self.tools.entry(index).or_default();
        if call.id.is_empty() {
            call.id.push_str(id.unwrap_or_default());
        }
        if call.name.is_empty() {
            call.name.push_str(name.unwrap_or_default());
        }
        call.arguments.push_str(arguments.unwrap_or_default());
        Ok(())
    }

    /// A complete tool call, from a server that does not number them.
    pub(crate) fn push_tool_call(&mut self, id: Option<&str>, name: &str, arguments: &str) -> Result<(), LlmError> {
        self.push_tool_call_part(self.tools.len(), id, Some(name), Some(arguments))
    }

    pub(crate) fn set_finish_reason(&mut self, reason: FinishReason) {
        self.finish_reason = Some(reason);
    }

    /// Token counts of the server; the last ones win.
    pub(crate) fn set_usage(&mut self, prompt: Option<u64>, completion: Option<u64>) {
        self.prompt_tokens = prompt.or(self.prompt_tokens);
        self.completion_tokens = completion.or(self.completion_tokens);
    }

    /// Whether there was a finish reason; only the usage may still follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Bytes received so far; grows with tokens only.
    pub(crate) fn received_bytes(&self) -> usize {
        self.received_bytes
    }

    pub(crate) fn pop(&mut self) -> Option<Delta> {
        self.out.pop_front()
    }

    /// Completes a successful response: text held back, tool calls, and [`Delta::Finished`], whose usage has no cost yet.
    pub(crate) fn complete(&mut self, model: &ModelRef, prompt_bytes: usize) -> Result<(), LlmError> {
        let Self { splitter, out, .. } = self;
        splitter.finish(&mut |segment, piece| push(out, segment, piece));
        let mut reason = self.finish_reason.unwrap_or(FinishReason::Stop);
        // A call cut off by the token limit is dropped.
        if reason != FinishReason::Length {
            for (index, call) in std::mem::take(&mut self.tools) {
                self.out.push_back(Delta::ToolCall(validate(index, call)?));
                reason = FinishReason::ToolCalls;
            }
        }
        let usage = self.usage(prompt_bytes);
        self.out.push_back(Delta::Finished { reason, usage, model: model.clone() });
        Ok(())
    }

    fn usage(&self, prompt_bytes: usize) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.unwrap_or_else(|| tokens_of_bytes(prompt_bytes)),
            completion_tokens: self.completion_tokens.unwrap_or_else(|| tokens_of_bytes(self.received_bytes)),
            estimated: self.prompt_tokens.is_none() || self.completion_tokens.is_none(),
            cost: None,
        }
    }
}

/// Appends to the last delta if it is of the same segment, so events that arrive in one read cost one allocation.
fn push(out: &mut VecDeque<Delta>, segment: Segment, piece: &str) {
    match (segment, out.back_mut()) {
        _ if piece.is_empty() => {}
        (Segment::Answer, Some(Delta::Text(text))) | (Segment::Reasoning, Some(Delta::Reasoning(text))) => {
            text.push_str(piece);
        }
        (Segment::Answer, _) => out.push_back(Delta::Text(piece.to_owned())),
        (Segment::Reasoning, _) => out.push_back(Delta::Reasoning(piece.to_owned())),
    }
}

fn validate(index: usize, mut call: ToolCall) -> Result<ToolCall, LlmError> {
    if call.name.is_empty() {
        return Err(LlmError::InvalidResponse("a tool call has no name"));
    }
    if call.id.is_empty() {
        call.id = format!("call_{index}");
    }
    if call.arguments.trim().is_empty() {
        "{}".clone_into(&mut call.arguments);
    }
    match serde_json::from_str::<BTreeMap<String, IgnoredAny>>(&call.arguments) {
        Ok(_) => Ok(call),
        Err(_) => Err(LlmError::InvalidResponse("the arguments of a tool call are not a JSON object")),
    }
}
