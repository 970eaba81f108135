//! The chat models of one server, asked in order.

use std::{fmt, sync::Arc};

use fetch::operator::OperatorClient;
use futures::stream::BoxStream;
use tokio::time::{Instant, sleep};

use crate::{
    ChatRequest, ConfigError, Delta, LlmError, ModelConfig, ModelRef, Provider,
    dialect::Dialect,
    money, ollama, openai,
    reading::{Limits, Reading},
    retry::Retry,
    structured::Format,
    upstream,
};

/// The pieces of an answer; see [`Model::stream`].
pub type Answer = BoxStream<'static, Result<Delta, LlmError>>;

/// Chat and embedding models of one server. Cheap to clone.
#[derive(Clone)]
pub struct Model {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: OperatorClient,
    pub(crate) config: ModelConfig,
    candidates: Vec<Candidate>,
}

/// One chat model of the list.
struct Candidate {
    model: ModelRef,
    dialect: Dialect,
}

/// An open stream and the first thing that came from it.
type Started = (Delta, Reading);

impl Model {
    /// Checks the configuration; no request is made.
    pub fn new(config: ModelConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let http = OperatorClient::new(&config.base_url, config.timeouts.connect)?;
        let candidate = |name: &String| Candidate {
            model: ModelRef { provider: config.provider, model: name.as_str().into() },
            dialect: Dialect::default(),
        };
        let candidates = config.chat_models.iter().map(candidate).collect();
        Ok(Self { inner: Arc::new(Inner { http, config, candidates }) })
    }

    /// The chat models, in the order in which they are asked.
    pub fn chat_models(&self) -> impl Iterator<Item = &ModelRef> {
        self.inner.candidates.iter().map(|candidate| &candidate.model)
    }

    /// Asks for an answer. The request is sent when the stream is first polled, and the connection to the server is
    /// closed when the stream is dropped.
    ///
    /// The next model of the list is asked, and the whole list again after a pause, only while nothing has been
    /// given out. The last item is [`Delta::Finished`] or an error, exactly one of the two.
    pub fn stream(&self, request: ChatRequest) -> Answer {
        self.answer(request, None)
    }

    pub(crate) fn answer(&self, request: ChatRequest, format: Option<Format>) -> Answer {
        let model = self.clone();
        Box::pin(async_stream::try_stream! {
            let (first, mut reading) = model.inner.start(&request, format.as_ref()).await?;
            yield model.inner.priced(first);
            while let Some(delta) = reading.next().await {
                yield model.inner.priced(delta?);
            }
        })
    }

    pub(crate) fn retry(&self) -> Retry {
        self.inner.retry()
    }
}

impl Inner {
    /// Asks the models in order until one begins to answer, and again those that may do better after a pause.
    async fn start(&self, request: &ChatRequest, format: Option<&Format>) -> Result<Started, LlmError> {
        let mut asked: Vec<&Candidate> = self.candidates.iter().collect();
        let mut round = 0;
        loop {
            let mut again = Vec::new();
            let mut soonest: Option<LlmError> = None;
            let mut last = LlmError::Unavailable;
            for candidate in asked {
                let error = match self.ask(candidate, request, format).await {
                    Ok(started) => return Ok(started),
                    Err(error) => error,
                };
                tracing::warn!(model = %candidate.model.model, code = error.code(), "model did not answer: {error}");
                if !error.tries_next_model() {
                    return Err(error);
                }
                if error.tries_same_model() {
                    again.push(candidate);
                    soonest = Some(sooner(soonest, &error));
                }
                last = error;
            }
            let Some(soonest) = soonest else { return Err(last) };
            let Some(pause) = self.retry().pause(round, &soonest, request.deadline) else { return Err(soonest) };
            sleep(pause).await;
            round += 1;
            asked = again;
        }
    }

    /// Asks one model, once more for each part of the request that its server turns out not to understand.
    async fn ask(
        &self,
        candidate: &Candidate,
        request: &ChatRequest,
        format: Option<&Format>,
    ) -> Result<Started, LlmError> {
        loop {
            let error = match self.ask_once(candidate, request, format).await {
                Ok(started) => return Ok(started),
                Err(error) => error,
            };
            if !candidate.dialect.learn(&error, format.is_some()) {
                return Err(error);
            }
        }
    }

    async fn ask_once(
        &self,
        Candidate { model, dialect }: &Candidate,
        request: &ChatRequest,
        format: Option<&Format>,
    ) -> Result<Started, LlmError> {
        let (path, body) = match model.provider {
            Provider::OpenAi => ("/chat/completions", openai::body(&model.model, request, format, dialect)),
            Provider::Ollama => {
                ("/api/chat", ollama::body(&model.model, request, format, dialect, self.config.context_tokens))
            }
        };
        let limits = Limits::new(self.config.timeouts, request.deadline);
        let (until, phase) = limits.next();
        if until <= Instant::now() {
            // A request on its way would cost money although nobody can hear the answer.
            return Err(LlmError::Timeout { phase });
        }
        let sent = self.http.post(path).json(&body);
        let response = upstream::send(sent, self.config.api_key.as_ref(), until, phase).await?;
        let mut reading = Reading::new(response, model.clone(), limits, request.prompt_bytes())?;
        match reading.next().await {
            Some(first) => Ok((first?, reading)),
            None => Err(LlmError::Interrupted),
        }
    }

    fn priced(&self, mut delta: Delta) -> Delta {
        if let Delta::Finished { usage, model, .. } = &mut delta {
            usage.cost = money::cost(&self.config.prices, &model.model, usage);
        }
        delta
    }

    fn retry(&self) -> Retry {
        Retry { attempts: self.config.retries, longest: self.config.timeouts.retry_wait }
    }
}

/// The error that allows the shorter pause: none asked for is the shortest.
fn sooner(one: Option<LlmError>, other: &LlmError) -> LlmError {
    let asked = |error: &LlmError| match error {
        LlmError::RateLimited { retry_after } => retry_after.unwrap_or_default(),
        _ => std::time::Duration::ZERO,
    };
    match one {
        Some(one) if asked(&one) <= asked(other) => one,
        _ => other.clone(),
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("models", &self.inner.config.chat_models).finish_non_exhaustive()
    }
}
