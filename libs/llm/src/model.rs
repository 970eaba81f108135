//! The models of one server: streaming chat with fallback and retries.

use std::{fmt, sync::Arc};

use fetch::operator::OperatorClient;
use futures::stream::BoxStream;
use tokio::time::{Instant, sleep};

use crate::{
    ChatRequest, ConfigError, Delta, LlmError, ModelConfig, ModelRef, Provider, ollama, openai, pricing,
    response_stream::{ResponseStream, StreamTimeouts},
    retry::RetryPolicy,
    server_capabilities::ServerCapabilities,
    structured::JsonFormat,
    telemetry, upstream,
};

/// A streamed answer; see [`Model::stream`].
pub type DeltaStream = BoxStream<'static, Result<Delta, LlmError>>;

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

/// A chat model of the fallback list.
struct Candidate {
    model: ModelRef,
    capabilities: ServerCapabilities,
}

/// An open stream and its first delta.
type StartedStream = (Delta, ResponseStream);

impl Model {
    /// Checks the configuration; no request is made.
    pub fn new(config: ModelConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let http = OperatorClient::new(&config.base_url, config.timeouts.connect)?;
        let candidate = |name: &String| Candidate {
            model: ModelRef { provider: config.provider, model: name.as_str().into() },
            capabilities: ServerCapabilities::default(),
        };
        let candidates = config.chat_models.iter().map(candidate).collect();
        Ok(Self { inner: Arc::new(Inner { http, config, candidates }) })
    }

    /// The chat models, in order of preference.
    pub fn chat_models(&self) -> impl Iterator<Item = &ModelRef> {
        self.inner.candidates.iter().map(|candidate| &candidate.model)
    }

    /// Requests an answer. The request is sent when the stream is first polled, and the connection to the server is
    /// closed when the stream is dropped.
    ///
    /// Fallback to the next model, and retries of the whole list after a delay, happen only before the first delta. The
    /// last item is [`Delta::Finished`] or an error, exactly one of the two.
    pub fn stream(&self, request: ChatRequest) -> DeltaStream {
        self.stream_format(request, None)
    }

    pub(crate) fn stream_format(&self, request: ChatRequest, format: Option<JsonFormat>) -> DeltaStream {
        let model = self.clone();
        Box::pin(async_stream::try_stream! {
            let (first, mut response) = model.inner.start(&request, format.as_ref()).await?;
            yield model.inner.with_cost(first);
            while let Some(delta) = response.next().await {
                yield model.inner.with_cost(delta?);
            }
        })
    }

    pub(crate) fn retry(&self) -> RetryPolicy {
        self.inner.retry()
    }
}

impl Inner {
    /// Tries the models in order until one starts to answer; after a delay, retries those with transient errors.
    async fn start(&self, request: &ChatRequest, format: Option<&JsonFormat>) -> Result<StartedStream, LlmError> {
        let mut candidates: Vec<&Candidate> = self.candidates.iter().collect();
        let mut round = 0;
        let began_at = Instant::now();
        loop {
            let mut retryable = Vec::new();
            let mut earliest: Option<LlmError> = None;
            let mut last = LlmError::Unavailable;
            for candidate in candidates {
                let error = match self.try_model(candidate, request, format).await {
                    Ok(started) => return Ok(started),
                    Err(error) => error,
                };
                tracing::warn!(
                    model = %candidate.model.model,
                    code = error.code(),
                    "model request failed; another model or a retry follows if possible: {error}"
                );
                if !error.tries_next_model() {
                    return Err(error);
                }
                if error.tries_same_model() {
                    retryable.push(candidate);
                    earliest = Some(min_retry_after(earliest, &error));
                }
                last = error;
            }
            let Some(earliest) = earliest else { return Err(last) };
            let Some(delay) = self.retry().delay(round, &earliest, began_at, request.deadline) else {
                return Err(earliest);
            };
            sleep(delay).await;
            round += 1;
            candidates = retryable;
        }
    }

    /// Requests an answer of one model; repeats the request without each parameter that its server rejects.
    async fn try_model(
        &self,
        candidate: &Candidate,
        request: &ChatRequest,
        format: Option<&JsonFormat>,
    ) -> Result<StartedStream, LlmError> {
        loop {
            let sent_at = Instant::now();
            let outcome = self.send_request(candidate, request, format).await;
            telemetry::count_request(&candidate.model, outcome.as_ref().err(), sent_at.elapsed());
            let error = match outcome {
                Ok(started) => return Ok(started),
                Err(error) => error,
            };
            if !candidate.capabilities.learn(&error, format.is_some()) {
                return Err(error);
            }
        }
    }

    async fn send_request(
        &self,
        Candidate { model, capabilities }: &Candidate,
        request: &ChatRequest,
        format: Option<&JsonFormat>,
    ) -> Result<StartedStream, LlmError> {
        let (path, body) = match model.provider {
            Provider::OpenAi => ("/chat/completions", openai::body(&model.model, request, format, capabilities)),
            Provider::Ollama => {
                ("/api/chat", ollama::body(&model.model, request, format, capabilities, self.config.context_tokens))
            }
        };
        let timeouts = StreamTimeouts::new(self.config.timeouts, request.deadline);
        let (until, phase) = timeouts.next_token_deadline();
        if until <= Instant::now() {
            // Past the deadline the request would cost money for an answer that is discarded.
            return Err(LlmError::Timeout { phase });
        }
        let http_request = self.http.post(path).json(&body);
        let response = upstream::send(http_request, self.config.api_key.as_ref(), until, phase).await?;
        let mut response = ResponseStream::new(
            response,
            model.clone(),
            timeouts,
            request,
            capabilities.reasoning.clone(),
            format.is_some(),
        )?;
        match response.next().await {
            Some(first) => Ok((first?, response)),
            None => Err(LlmError::Interrupted),
        }
    }

    fn with_cost(&self, mut delta: Delta) -> Delta {
        if let Delta::Finished { usage, model, .. } = &mut delta {
            usage.cost = pricing::cost(&self.config.prices, &model.model, usage);
            telemetry::count_usage(model, usage);
        }
        delta
    }

    fn retry(&self) -> RetryPolicy {
        RetryPolicy { max_retries: self.config.retries, max_delay: self.config.timeouts.max_retry_delay }
    }
}

/// The error with the shorter `Retry-After`; none is the shortest.
fn min_retry_after(one: Option<LlmError>, other: &LlmError) -> LlmError {
    let retry_after = |error: &LlmError| match error {
        LlmError::RateLimited { retry_after } => retry_after.unwrap_or_default(),
        _ => std::time::Duration::ZERO,
    };
    match one {
        Some(one) if retry_after(&one) <= retry_after(other) => one,
        _ => other.clone(),
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("models", &self.inner.config.chat_models).finish_non_exhaustive()
    }
}
