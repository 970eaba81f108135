//! What both wire formats come down to: the deltas of one answer and the state of its end.

use std::collections::{BTreeMap, VecDeque};

use serde::de::IgnoredAny;

use crate::{
    Delta, FinishReason, LlmError, ModelRef, ToolCall, Usage,
    lines::MAX_FRAME,
    think::{Side, Think},
    tokens::tokens_of_bytes,
};

/// More calls than this in one answer are a fault of the model, and would let it fill the memory.
const MAX_TOOL_CALLS: usize = 128;

/// Collects what the frames say and gives it out as [`Delta`]s.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    out: VecDeque<Delta>,
    think: Think,
    tools: BTreeMap<usize, ToolCall>,
    tool_bytes: usize,
    reason: Option<FinishReason>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    /// Bytes of text, reasoning and tool calls: tells progress, and counts tokens when the server does not.
    received: usize,
}

impl Assembly {
    pub(crate) fn text(&mut self, text: &str) {
        self.received += text.len();
        let Self { think, out, .. } = self;
        think.feed(text, &mut |side, piece| push(out, side, piece));
    }

    pub(crate) fn reasoning(&mut self, text: &str) {
        self.received += text.len();
        push(&mut self.out, Side::Thinking, text);
    }

    /// A piece of the tool call `index`. The id and the name come in the first piece, the arguments in any.
    pub(crate) fn tool(
        &mut self,
        index: usize,
        id: Option<&str>,
        name: Option<&str>,
        arguments: Option<&str>,
    ) -> Result<(), LlmError> {
        let pieces = [id, name, arguments];
        let bytes: usize = pieces.iter().flatten().map(|piece| piece.len()).sum();
        self.received += bytes;
        self.tool_bytes += bytes;
        if self.tool_bytes > MAX_FRAME || (self.tools.len() >= MAX_TOOL_CALLS && !self.tools.contains_key(&index)) {
            return Err(LlmError::Garbage("the tool calls are too long"));
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

    /// A whole tool call of a server that does not number them.
    pub(crate) fn whole_tool(&mut self, id: Option<&str>, name: &str, arguments: &str) -> Result<(), LlmError> {
        self.tool(self.tools.len(), id, Some(name), Some(arguments))
    }

    pub(crate) fn finish(&mut self, reason: FinishReason) {
        self.reason = Some(reason);
    }

    /// Counts of the server; the last ones are kept.
    pub(crate) fn usage(&mut self, prompt: Option<u64>, completion: Option<u64>) {
        self.prompt_tokens = prompt.or(self.prompt_tokens);
        self.completion_tokens = completion.or(self.completion_tokens);
    }

    /// Whether the model said that it is done; what may still follow is the usage.
    pub(crate) fn is_finished(&self) -> bool {
        self.reason.is_some()
    }

    /// Grows with every token, and with nothing else.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    pub(crate) fn pop(&mut self) -> Option<Delta> {
        self.out.pop_front()
    }

    /// Ends a good answer: what was held back, the tool calls, and [`Delta::Finished`]. The usage has no cost yet.
    pub(crate) fn end(&mut self, model: &ModelRef, prompt_bytes: usize) -> Result<(), LlmError> {
        let Self { think, out, .. } = self;
        think.end(&mut |side, piece| push(out, side, piece));
        let mut reason = self.reason.unwrap_or(FinishReason::Stop);
        // A call cut by the token limit is not a call.
        if reason != FinishReason::Length {
            for (index, call) in std::mem::take(&mut self.tools) {
                self.out.push_back(Delta::ToolCall(complete(index, call)?));
                reason = FinishReason::ToolCalls;
            }
        }
        let usage = self.count(prompt_bytes);
        self.out.push_back(Delta::Finished { reason, usage, model: model.clone() });
        Ok(())
    }

    fn count(&self, prompt_bytes: usize) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.unwrap_or_else(|| tokens_of_bytes(prompt_bytes)),
            completion_tokens: self.completion_tokens.unwrap_or_else(|| tokens_of_bytes(self.received)),
            estimated: self.prompt_tokens.is_none() || self.completion_tokens.is_none(),
            cost: None,
        }
    }
}

/// Adds a piece to the last delta when it is of the same side: frames that came in one read cost one allocation.
fn push(out: &mut VecDeque<Delta>, side: Side, piece: &str) {
    match (side, out.back_mut()) {
        _ if piece.is_empty() => {}
        (Side::Answer, Some(Delta::Text(text))) | (Side::Thinking, Some(Delta::Reasoning(text))) => {
            text.push_str(piece);
        }
        (Side::Answer, _) => out.push_back(Delta::Text(piece.to_owned())),
        (Side::Thinking, _) => out.push_back(Delta::Reasoning(piece.to_owned())),
    }
}

fn complete(index: usize, mut call: ToolCall) -> Result<ToolCall, LlmError> {
    if call.name.is_empty() {
        return Err(LlmError::Garbage("a tool call has no name"));
    }
    if call.id.is_empty() {
        call.id = format!("call_{index}");
    }
    if call.arguments.trim().is_empty() {
        "{}".clone_into(&mut call.arguments);
    }
    match serde_json::from_str::<BTreeMap<String, IgnoredAny>>(&call.arguments) {
        Ok(_) => Ok(call),
        Err(_) => Err(LlmError::Garbage("the arguments of a tool call are not a JSON object")),
    }
}
