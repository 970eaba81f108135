//! Accumulates the parsed events of one response into [`Delta`]s; used by both wire formats.

use std::collections::{BTreeMap, VecDeque};

use serde::de::IgnoredAny;

use crate::{
    Delta, FinishReason, LlmError, ModelRef, ToolCall, Usage,
    reasoning::{AnswerFilter, ReasoningHabit},
    repetition::RepetitionDetector,
    response_stream::EVENT_SIZE_LIMIT,
    tokens::{TokenShares, tokens_of_bytes},
};

/// More tool calls in one response are an error of the model; the limit bounds memory.
const TOOL_CALL_LIMIT: usize = 128;

/// State of one response.
#[derive(Debug)]
pub(crate) struct DeltaAccumulator {
    out: VecDeque<Delta>,
    filter: AnswerFilter,
    text_loop: RepetitionDetector,
    reasoning_loop: RepetitionDetector,
    /// By our own count; servers count a little differently.
    token_limit: Option<u64>,
    /// Text and reasoning, for that limit.
    written: TokenShares,
    /// We end the answer, whatever the server goes on to send.
    is_stopped: bool,
    /// Whether there was text of the answer.
    has_answer: bool,
    tools: BTreeMap<usize, ToolCall>,
    tool_bytes: usize,
    finish_reason: Option<FinishReason>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    /// Bytes of text, reasoning and tool calls: shows progress, and estimates tokens when the server sends no usage.
    received_bytes: usize,
}

impl DeltaAccumulator {
    /// `habit` is what is known of the model, `limit` how many tokens it was asked to keep to.
    pub(crate) fn new(habit: &ReasoningHabit, limit: Option<u32>) -> Self {
        Self {
            out: VecDeque::new(),
            filter: AnswerFilter::new(habit),
            text_loop: RepetitionDetector::default(),
            reasoning_loop: RepetitionDetector::default(),
            token_limit: limit.map(|limit| u64::from(limit) * 21 / 20),
            written: TokenShares::default(),
            is_stopped: false,
            has_answer: false,
            tools: BTreeMap::new(),
            tool_bytes: 0,
            finish_reason: None,
            prompt_tokens: None,
            completion_tokens: None,
            received_bytes: 0,
        }
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        let text = self.within_limit(text);
        let Self { filter, out, has_answer, .. } = self;
        filter.feed(text, &mut |piece| push(out, has_answer, piece));
        let repeats = self.text_loop.push(text);
        self.count(text, repeats);
    }

    /// Reasoning is not part of the answer; it shows progress and costs tokens.
    pub(crate) fn push_reasoning(&mut self, text: &str) {
        let repeats = self.reasoning_loop.push(text);
        self.count(text, repeats);
    }

    /// The part of `text` that we take; some servers send a whole answer at once.
    fn within_limit<'a>(&self, text: &'a str) -> &'a str {
        if self.is_stopped {
            return "";
        }
        let Some(limit) = self.token_limit else { return text };
        let mut written = self.written;
        let over = text.char_indices().find(|(_, char)| {
            written += TokenShares::of(*char);
            written.tokens() > limit
        });
        over.map_or(text, |(at, char)| &text[..at + char.len_utf8()])
    }

    /// Stops an answer that goes round in circles or ignores its limit.
    fn count(&mut self, text: &str, repeats: bool) {
        self.received_bytes += text.len();
        self.written += text.chars().map(TokenShares::of).sum();
        let is_too_long = self.token_limit.is_some_and(|limit| self.written.tokens() > limit);
        if repeats || is_too_long {
            self.is_stopped = true;
            self.finish_reason = Some(if repeats { FinishReason::Repetition } else { FinishReason::Length });
        }
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

    /// The server's reason; ours counts where we have stopped it.
    pub(crate) fn set_finish_reason(&mut self, reason: FinishReason) {
        if !self.is_stopped {
            self.finish_reason = Some(reason);
        }
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

    /// Whether the answer is ended although the server sends more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Passes on the beginning of the answer that is held back.
    pub(crate) fn release(&mut self) {
        let Self { filter, out, has_answer, .. } = self;
        filter.release(&mut |piece| push(out, has_answer, piece));
    }

    /// What the answer showed of its model.
    pub(crate) fn filter(&self) -> &AnswerFilter {
        &self.filter
    }

    /// Bytes received so far; grows with tokens only.
    pub(crate) fn received_bytes(&self) -> usize {
        self.received_bytes
    }

    pub(crate) fn pop(&mut self) -> Option<Delta> {
        self.out.pop_front()
    }

    /// Completes a successful response: text held back, tool calls, and [`Delta::Finished`], whose usage has no cost yet.
    ///
    /// # Errors
    /// [`LlmError::NoText`] when there is neither text nor a call of a tool that was offered.
    pub(crate) fn complete(&mut self, model: &ModelRef, prompt_bytes: usize, has_tools: bool) -> Result<(), LlmError> {
        let Self { filter, out, has_answer, .. } = self;
        filter.finish(&mut |piece| push(out, has_answer, piece));
        let mut reason = self.finish_reason.unwrap_or(FinishReason::Stop);
        let calls = std::mem::take(&mut self.tools);
        if !self.has_answer && (calls.is_empty() || !has_tools) {
            let why = self.why_there_is_no_text(reason, !calls.is_empty());
            return Err(LlmError::NoText { model: model.model.clone(), why });
        }
        // A call cut off by the token limit is dropped.
        if reason != FinishReason::Length {
            for (index, call) in calls {
                self.out.push_back(Delta::ToolCall(validate(index, call)?));
                reason = FinishReason::ToolCalls;
            }
        }
        let usage = self.usage(prompt_bytes);
        self.out.push_back(Delta::Finished { reason, usage, model: model.clone() });
        Ok(())
    }

    fn why_there_is_no_text(&self, reason: FinishReason, has_calls: bool) -> &'static str {
        match reason {
            FinishReason::ContentFilter => "its content filter stopped it",
            FinishReason::Repetition => "it repeated itself",
            FinishReason::Length => "its tokens ran out while it was reasoning",
            _ if has_calls => "it called a tool that it was not given",
            _ if self.filter.is_reasoning() => "its reasoning was never closed",
            _ if self.received_bytes > 0 => "it only reasoned, or sent white space",
            _ => "it sent nothing",
        }
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

/// Appends to the last delta, so events that arrive in one read cost one allocation.
fn push(out: &mut VecDeque<Delta>, has_answer: &mut bool, piece: &str) {
    if piece.is_empty() {
        return;
    }
    *has_answer = true;
    match out.back_mut() {
        Some(Delta::Text(text)) => text.push_str(piece),
        _ => out.push_back(Delta::Text(piece.to_owned())),
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
