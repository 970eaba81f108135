//! Reads the streamed response of a model server as [`Delta`]s.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use fetch::{
    lines::{LineSplitter, TooLong},
    sse::EventParser,
};
use reqwest::Response;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    ChatRequest, Delta, LlmError, ModelRef, Phase, Provider, Timeouts, delta_accumulator::DeltaAccumulator, ollama,
    openai, reasoning::ReasoningHabit, upstream,
};

/// The longest line or event (bytes). A token takes some hundred bytes; a whole answer in one event fits too.
pub(crate) const EVENT_SIZE_LIMIT: usize = 1 << 20;
/// How long the usage may take to arrive after the finish reason.
const USAGE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait for the end of the body, so that the connection can be reused.
const BODY_END_TIMEOUT: Duration = Duration::from_millis(20);
/// Longest response that is one JSON object although a stream was requested (bytes).
const WHOLE_RESPONSE_LIMIT: usize = 8 << 20;

/// An open stream. Dropping it closes the connection, which makes the server stop generating.
pub(crate) struct ResponseStream {
    response: Response,
    parser: ResponseParser,
    deltas: DeltaAccumulator,
    timeouts: StreamTimeouts,
    model: ModelRef,
    habit: Arc<ReasoningHabit>,
    prompt_bytes: usize,
    has_tools: bool,
    /// Servers that write JSON of a schema let no reasoning through, which says nothing of the model.
    is_structured: bool,
    text_began_at: Option<Instant>,
    /// Returned after the deltas that precede it.
    error: Option<LlmError>,
    state: StreamState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamState {
    Open,
    Ended,
    Failed,
}

enum ResponseParser {
    OpenAi(EventParser),
    Ollama(LineSplitter),
    /// One JSON object instead of an event stream.
    Whole,
}

/// Timeouts of one stream.
pub(crate) struct StreamTimeouts {
    sent_at: Instant,
    timeouts: Timeouts,
    deadline: Option<Instant>,
    last_token_at: Option<Instant>,
}

impl StreamTimeouts {
    /// Starts now: the request is about to be sent.
    pub(crate) fn new(timeouts: Timeouts, deadline: Option<Instant>) -> Self {
        Self { sent_at: Instant::now(), timeouts, deadline, last_token_at: None }
    }

    /// When the next token is due, and the phase to name in the error if it does not arrive.
    pub(crate) fn next_token_deadline(&self) -> (Instant, Phase) {
        let (until, phase) = match self.last_token_at {
            None => (self.sent_at + self.timeouts.first_token, Phase::FirstToken),
            Some(last) => (last + self.timeouts.between_tokens, Phase::BetweenTokens),
        };
        match self.deadline {
            Some(deadline) if deadline < until => (deadline, Phase::Total),
            _ => (until, phase),
        }
    }
}

impl ResponseStream {
    /// Starts to read `response`, which has status 200.
    pub(crate) fn new(
        response: Response,
        model: ModelRef,
        timeouts: StreamTimeouts,
        request: &ChatRequest,
        habit: Arc<ReasoningHabit>,
        is_structured: bool,
    ) -> Result<Self, LlmError> {
        if upstream::is_type(&response, "text/html") {
            return Err(LlmError::InvalidResponse("a web page in place of an answer"));
        }
        let parser = match model.provider {
            Provider::Ollama => ResponseParser::Ollama(LineSplitter::new(EVENT_SIZE_LIMIT)),
            Provider::OpenAi if upstream::is_type(&response, "application/json") => ResponseParser::Whole,
            Provider::OpenAi => ResponseParser::OpenAi(EventParser::new(EVENT_SIZE_LIMIT)),
        };
        Ok(Self {
            response,
            parser,
            deltas: DeltaAccumulator::new(&habit, request.max_tokens),
            timeouts,
            model,
            habit,
            prompt_bytes: request.prompt_bytes(),
            has_tools: !request.tools.is_empty(),
            is_structured,
            text_began_at: None,
            error: None,
            state: StreamState::Open,
        })
    }

    /// The next delta; `None` after [`Delta::Finished`] or an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Delta, LlmError>> {
        loop {
            if let Some(delta) = self.deltas.pop() {
                return Some(Ok(delta));
            }
            match self.state {
                StreamState::Open => {}
                StreamState::Ended => {
                    // If the body does not end in time, the connection is closed instead of reused.
                    let _ = timeout(BODY_END_TIMEOUT, self.response.chunk()).await;
                    return None;
                }
                StreamState::Failed => return self.error.take().map(Err),
            }
            match self.read().await {
                Ok(state) => self.state = state,
                Err(error) => {
                    self.error = Some(error);
                    self.state = StreamState::Failed;
                }
            }
        }
    }

    async fn read(&mut self) -> Result<StreamState, LlmError> {
        let (until, phase) = self.timeouts.next_token_deadline();
        if matches!(self.parser, ResponseParser::Whole) {
            let body = upstream::read_body(&mut self.response, WHOLE_RESPONSE_LIMIT, until, phase).await?;
            openai::parse_event(&body, &mut self.deltas)?;
            return self.end_of_body();
        }
        let finished = self.deltas.is_finished();
        if let Some(release_at) = self.release_at() {
            match timeout_at(release_at.min(until), self.response.chunk()).await {
                Ok(chunk) => return self.handle(chunk, finished),
                Err(_) if release_at <= until => {
                    self.deltas.release();
                    return Ok(StreamState::Open);
                }
                Err(_) => {}
            }
        }
        let until = if finished { until.min(Instant::now() + USAGE_TIMEOUT) } else { until };
        match timeout_at(until, self.response.chunk()).await {
            Ok(chunk) => self.handle(chunk, finished),
            Err(_) if finished => self.complete(),
            Err(_) => Err(LlmError::Timeout { phase }),
        }
    }

    /// When the beginning of the answer is passed on that is held back.
    fn release_at(&self) -> Option<Instant> {
        Some(self.text_began_at? + self.deltas.filter().hold_time()?)
    }

    /// Reads what came; `finished` when only the usage was still to come.
    fn handle(&mut self, chunk: reqwest::Result<Option<Bytes>>, finished: bool) -> Result<StreamState, LlmError> {
        let chunk = match chunk {
            // The answer is complete; a missing usage or an unclean close does not invalidate it.
            Err(_) if finished => return self.complete(),
            Err(_) => return Err(LlmError::Interrupted),
            Ok(chunk) => chunk,
        };
        let received = self.deltas.received_bytes();
        let done = match &chunk {
            Some(bytes) => self.parser.feed(bytes, &mut self.deltas)?,
            None => self.parser.finish(&mut self.deltas)?,
        };
        if self.deltas.received_bytes() > received {
            self.timeouts.last_token_at = Some(Instant::now());
            self.text_began_at = self.text_began_at.or(self.timeouts.last_token_at);
        }
        match chunk {
            _ if done || self.deltas.is_stopped() => self.complete(),
            None => self.end_of_body(),
            Some(_) => Ok(StreamState::Open),
        }
    }

    /// Without `[DONE]`, the finish reason distinguishes a complete answer from a truncated one.
    fn end_of_body(&mut self) -> Result<StreamState, LlmError> {
        if self.deltas.is_finished() {
            return self.complete();
        }
        if self.deltas.received_bytes() == 0 {
            return Err(LlmError::InvalidResponse("an answer without content"));
        }
        Err(LlmError::Interrupted)
    }

    fn complete(&mut self) -> Result<StreamState, LlmError> {
        let completed = self.deltas.complete(&self.model, self.prompt_bytes, self.has_tools);
        if !self.is_structured {
            self.habit.learn(self.deltas.filter());
        }
        completed?;
        Ok(StreamState::Ended)
    }
}

impl ResponseParser {
    /// `true` after the last event.
    fn feed(&mut self, chunk: &[u8], deltas: &mut DeltaAccumulator) -> Result<bool, LlmError> {
        let mut done = false;
        match self {
            Self::OpenAi(events) => {
                events.feed(chunk, |event| openai::parse_event(event.data, deltas).map(|last| done |= last))?;
            }
            Self::Ollama(lines) => {
                lines.feed(chunk, |line| ollama::parse_line(line, deltas).map(|last| done |= last))?;
            }
            Self::Whole => {}
        }
        Ok(done)
    }

    /// Parses what the body ended with. `true` after the last event.
    fn finish(&mut self, deltas: &mut DeltaAccumulator) -> Result<bool, LlmError> {
        let mut done = false;
        match self {
            Self::OpenAi(events) => {
                events.finish(|event| openai::parse_event(event.data, deltas).map(|last| done |= last))?;
            }
            Self::Ollama(lines) => lines.finish(|line| ollama::parse_line(line, deltas).map(|last| done |= last))?,
            Self::Whole => {}
        }
        Ok(done)
    }
}

impl From<TooLong> for LlmError {
    fn from(error: TooLong) -> Self {
        Self::InvalidResponse(match error {
            TooLong::Line => "a line is too long",
            TooLong::Event => "an event is too long",
        })
    }
}
