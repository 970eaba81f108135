//! Load generator. It shares the cores with the program it measures, so it only searches responses for a few bytes and
//! parses nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fetch::operator::OperatorClient;
use futures::{StreamExt, stream};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Byte sequences that mark the parts of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamMarkers {
    text: &'static [u8],
    end: &'static [u8],
}

/// Markers of a run's events.
pub(crate) const RUN_MARKERS: StreamMarkers = StreamMarkers { text: b"event: delta\n", end: b"event: done\n" };
/// Markers of a model's stream.
pub(crate) const MODEL_MARKERS: StreamMarkers = StreamMarkers { text: b"\"content\":\"", end: b"data: [DONE]" };

/// Latencies of one answer, measured from sending the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) first_event: Duration,
    pub(crate) first_text: Duration,
}

/// Result of a load test.
#[derive(Debug, Default)]
pub(crate) struct LoadResult {
    pub(crate) timings: Vec<Timing>,
    pub(crate) elapsed: Duration,
    /// Errors of the questions that were not answered.
    pub(crate) failures: Vec<String>,
}

impl LoadResult {
    pub(crate) fn per_second(&self) -> f64 {
        self.timings.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// An error if any question was not answered: the figures of the others would be meaningless.
    pub(crate) fn all_answered(self) -> anyhow::Result<Self> {
        if let Some(first) = self.failures.first() {
            bail!("{} of {} were not answered: {first}", self.failures.len(), self.failures.len() + self.timings.len());
        }
        Ok(self)
    }
}

/// A client of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: OperatorClient,
    path: &'static str,
    markers: StreamMarkers,
    token: Option<String>,
}

impl Client {
    /// A client of `gooseek`.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: OperatorClient::new(url, CONNECT_TIMEOUT)?,
            path: "/api/v1/chat",
            markers: RUN_MARKERS,
            token: None,
        })
    }

    /// Adds an access token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// A client of an OpenAI-compatible server.
    pub(crate) fn of_model(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: OperatorClient::new(url, CONNECT_TIMEOUT)?,
            path: "/chat/completions",
            markers: MODEL_MARKERS,
            token: None,
        })
    }

    pub(crate) async fn is_ready(&self) -> bool {
        self.http.get("/ready").send().await.is_ok_and(|response| response.status().is_success())
    }

    /// The body of a GET request.
    pub(crate) async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.http.get(path).send().await?.error_for_status()?.text().await?)
    }

    /// Asks a question and reads the stream to its end.
    pub(crate) async fn ask(&self, question: &Value) -> anyhow::Result<Timing> {
        let mut stream = self.begin(question).await?;
        let timing = stream.until_text(self.markers).await?;
        let mut end = MarkerSearch::new(self.markers.end);
        let mut seen = end.sees(&stream.rest);
        while let Some(piece) = stream.response.chunk().await? {
            seen |= end.sees(&piece);
        }
        if !seen {
            bail!("the stream ended without its last event");
        }
        Ok(timing)
    }

    /// Asks a question and stops reading at the first text. Returns the open stream.
    pub(crate) async fn ask_until_text(&self, question: &Value) -> anyhow::Result<(Timing, Response)> {
        let mut stream = self.begin(question).await?;
        let timing = stream.until_text(self.markers).await?;
        Ok((timing, stream.response))
    }

    /// Asks a question and returns the whole stream as text.
    pub(crate) async fn raw_events(&self, question: &Value) -> anyhow::Result<String> {
        Ok(self.begin(question).await?.response.text().await?)
    }

    /// Asks `total` questions, `concurrency` at a time.
    pub(crate) async fn load(&self, concurrency: usize, total: usize, question: impl Fn() -> Value) -> LoadResult {
        let started = Instant::now();
        let requests = stream::iter(0..total).map(|_| {
            let question = question();
            async move { self.ask(&question).await }
        });
        let mut answers = std::pin::pin!(requests.buffer_unordered(concurrency));
        let mut load = LoadResult::default();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(timing) => load.timings.push(timing),
                Err(error) => load.failures.push(format!("{error:#}")),
            }
        }
        load.elapsed = started.elapsed();
        load
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks a question and returns the run id and the open stream, after the first event.
    pub(crate) async fn ask_until_run(&self, question: &Value) -> anyhow::Result<(String, Response)> {
        let mut response = self.begin(question).await?.response;
        let first = response.chunk().await?.context("a stream begins with its run")?;
        let first = String::from_utf8_lossy(&first).into_owned();
        let (_, rest) = first.split_once("\"run_id\":\"").context("the first event names the run")?;
        Ok((rest.chars().take_while(|c| *c != '"').collect(), response))
    }

    /// Time until the first event of a run arrives.
    pub(crate) async fn time_to_first_event(&self, run: &str) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let request = self.authorized(self.http.get(&format!("{}/runs/{run}/events", self.path)));
        let mut response = request.send().await?.error_for_status()?;
        response.chunk().await?.context("a run has events")?;
        Ok(started.elapsed())
    }

    async fn begin(&self, question: &Value) -> anyhow::Result<TimedStream> {
        let started = Instant::now();
        let response = self.authorized(self.http.post(self.path)).json(question).send().await?;
        if !response.status().is_success() {
            bail!("{}: {}", response.status(), response.text().await?);
        }
        Ok(TimedStream { response, started, rest: Vec::new() })
    }
}

/// An open stream and the time of its request.
struct TimedStream {
    response: Response,
    started: Instant,
    /// The chunk that contained the first text.
    rest: Vec<u8>,
}

impl TimedStream {
    async fn until_text(&mut self, markers: StreamMarkers) -> anyhow::Result<Timing> {
        let mut text = MarkerSearch::new(markers.text);
        let mut first_event = None;
        let mut last = Vec::new();
        while let Some(piece) = self.response.chunk().await? {
            let now = self.started.elapsed();
            let first_event = *first_event.get_or_insert(now);
            if text.sees(&piece) {
                self.rest = piece.into();
                return Ok(Timing { first_event, first_text: now });
            }
            last = piece.into();
        }
        let tail = String::from_utf8_lossy(&last).into_owned();
        Err(anyhow::anyhow!(tail)).context("the stream ended without text")
    }
}

/// Searches a stream for bytes that may be split across chunks.
struct MarkerSearch {
    marker: &'static [u8],
    tail: Vec<u8>,
}

impl MarkerSearch {
    fn new(marker: &'static [u8]) -> Self {
        Self { marker, tail: Vec::new() }
    }

    fn sees(&mut self, piece: &[u8]) -> bool {
        self.tail.extend_from_slice(piece);
        let seen = self.tail.windows(self.marker.len()).any(|window| window == self.marker);
        let kept = self.tail.len().min(self.marker.len() - 1);
        self.tail.drain(..self.tail.len() - kept);
        seen
    }
}

/// A question to `gooseek` about the web.
pub(crate) fn web(question: &str, mode: &str) -> Value {
    json!({"query": question, "mode": mode, "sources": ["web"]})
}

/// A question that the model answers without sources.
pub(crate) fn model_alone(question: &str) -> Value {
    json!({"query": question, "mode": "speed", "sources": []})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_across_two_chunks() {
        let mut done = MarkerSearch::new(RUN_MARKERS.end);
        assert!(!done.sees(b"id: 9\nevent: do"));
        assert!(done.sees(b"ne\ndata: {}\n\n"));
        assert!(!MarkerSearch::new(RUN_MARKERS.end).sees(b"event: delta\ndata: {\"text\":\"done\"}\n\n"));
    }
}
