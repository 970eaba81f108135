//! Reading one open stream of a model server.

use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    Delta, LlmError, ModelRef, Phase, Provider, Timeouts, assembly::Assembly, lines::Lines, ollama, openai, sse::Sse,
    upstream,
};

/// A server that says it is done has this long to send the usage.
const USAGE_WAIT: Duration = Duration::from_secs(2);
/// How long the end of the body is waited for, so that the connection can be used again.
const END_WAIT: Duration = Duration::from_millis(20);
/// An answer that comes in one piece although a stream was asked for.
const MAX_WHOLE_ANSWER: usize = 8 << 20;

/// An open stream. Dropping it closes the connection, and with it the work of the server.
pub(crate) struct Reading {
    response: Response,
    decoder: Decoder,
    answer: Assembly,
    limits: Limits,
    model: ModelRef,
    prompt_bytes: usize,
    /// Given out once the deltas before it are.
    failure: Option<LlmError>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Failed,
}

enum Decoder {
    OpenAi(Sse),
    Ollama(Lines),
    /// One JSON answer in place of an event stream.
    Whole,
}

/// The waits of one stream.
pub(crate) struct Limits {
    pub(crate) sent: Instant,
    pub(crate) timeouts: Timeouts,
    pub(crate) deadline: Option<Instant>,
    last_token: Option<Instant>,
}

impl Limits {
    pub(crate) fn new(timeouts: Timeouts, deadline: Option<Instant>) -> Self {
        Self { sent: Instant::now(), timeouts, deadline, last_token: None }
    }

    /// Until when the next token is waited for, and what it is called if it does not come.
    pub(crate) fn next(&self) -> (Instant, Phase) {
        let (until, phase) = match self.last_token {
            None => (self.sent + self.timeouts.first_token, Phase::FirstToken),
            Some(last) => (last + self.timeouts.between_tokens, Phase::BetweenTokens),
        };
        match self.deadline {
            Some(deadline) if deadline < until => (deadline, Phase::Total),
            _ => (until, phase),
        }
    }
}

impl Reading {
    /// Starts to read `response`, an answer with status 200.
    pub(crate) fn new(
        response: Response,
        model: ModelRef,
        limits: Limits,
        prompt_bytes: usize,
    ) -> Result<Self, LlmError> {
        if upstream::is_type(&response, "text/html") {
            return Err(LlmError::Garbage("a web page in place of an answer"));
        }
        let decoder = match model.provider {
            Provider::Ollama => Decoder::Ollama(Lines::default()),
            Provider::OpenAi if upstream::is_type(&response, "application/json") => Decoder::Whole,
            Provider::OpenAi => Decoder::OpenAi(Sse::default()),
        };
        let answer = Assembly::default();
        Ok(Self { response, decoder, answer, limits, model, prompt_bytes, failure: None, state: State::Open })
    }

    /// The next piece; `None` after [`Delta::Finished`] or an error.
    pub(crate) async fn next(&mut self) -> Option<Result<Delta, LlmError>> {
        loop {
            if let Some(delta) = self.answer.pop() {
                return Some(Ok(delta));
            }
            match self.state {
                State::Open => {}
                State::Ended => {
                    // Whether the end comes in time decides only if the connection is kept.
                    let _ = timeout(END_WAIT, self.response.chunk()).await;
                    return None;
                }
                State::Failed => return self.failure.take().map(Err),
            }
            match self.read().await {
                Ok(state) => self.state = state,
                Err(error) => {
                    self.failure = Some(error);
                    self.state = State::Failed;
                }
            }
        }
    }

    async fn read(&mut self) -> Result<State, LlmError> {
        let (until, phase) = self.limits.next();
        if matches!(self.decoder, Decoder::Whole) {
            let body = upstream::read_body(&mut self.response, MAX_WHOLE_ANSWER, until, phase).await?;
            openai::frame(&body, &mut self.answer)?;
            return self.end_of_body();
        }
        let finished = self.answer.is_finished();
        let until = if finished { until.min(Instant::now() + USAGE_WAIT) } else { until };
        let chunk = match timeout_at(until, self.response.chunk()).await {
            // The answer itself is complete: a missing usage or a rough end is not worth losing it.
            Err(_) | Ok(Err(_)) if finished => return self.end(),
            Err(_) => return Err(LlmError::Timeout { phase }),
            Ok(Err(_)) => return Err(LlmError::Interrupted),
            Ok(Ok(chunk)) => chunk,
        };
        let received = self.answer.received();
        let done = match &chunk {
            Some(bytes) => self.decoder.feed(bytes, &mut self.answer)?,
            None => self.decoder.end(&mut self.answer)?,
        };
        if self.answer.received() > received {
            self.limits.last_token = Some(Instant::now());
        }
        match chunk {
            _ if done => self.end(),
            None => self.end_of_body(),
            Some(_) => Ok(State::Open),
        }
    }

    /// Without `[DONE]` the reason to finish is what tells a complete answer from a cut one.
    fn end_of_body(&mut self) -> Result<State, LlmError> {
        if self.answer.is_finished() {
            return self.end();
        }
        if self.answer.received() == 0 {
            return Err(LlmError::Garbage("an answer without content"));
        }
        Err(LlmError::Interrupted)
    }

    fn end(&mut self) -> Result<State, LlmError> {
        self.answer.end(&self.model, self.prompt_bytes)?;
        Ok(State::Ended)
    }
}

impl Decoder {
    /// `true` when the server said that nothing follows.
    fn feed(&mut self, chunk: &[u8], answer: &mut Assembly) -> Result<bool, LlmError> {
        let mut done = false;
        match self {
            Self::OpenAi(sse) => sse.feed(chunk, |data| openai::frame(data, answer).map(|last| done |= last))?,
            Self::Ollama(lines) => lines.feed(chunk, |line| ollama::line(line, answer).map(|last| done |= last))?,
            Self::Whole => {}
        }
        Ok(done)
    }

    fn end(&mut self, answer: &mut Assembly) -> Result<bool, LlmError> {
        let mut done = false;
        match self {
            Self::OpenAi(sse) => sse.end(|data| openai::frame(data, answer).map(|last| done |= last))?,
            Self::Ollama(lines) => lines.end(|line| ollama::line(line, answer).map(|last| done |= last))?,
            Self::Whole => {}
        }
        Ok(done)
    }
}
