//! The asking side. It shares the cores with what it measures, so it looks for a few bytes in what passes and parses
//! nothing.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fetch::operator::OperatorClient;
use futures::{StreamExt, stream};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

const CONNECT: Duration = Duration::from_secs(5);

/// What tells the parts of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    text: &'static [u8],
    end: &'static [u8],
}

/// A run's events.
pub(crate) const RUN: Marks = Marks { text: b"event: delta\n", end: b"event: done\n" };
/// A model's stream as it is.
pub(crate) const MODEL: Marks = Marks { text: b"\"content\":\"", end: b"data: [DONE]" };

/// When the parts of one answer came, from the moment it was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) first_event: Duration,
    pub(crate) first_text: Duration,
}

/// What many answers took together.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) timings: Vec<Timing>,
    pub(crate) elapsed: Duration,
    /// Why some were not answered.
    pub(crate) failures: Vec<String>,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.timings.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// An error when some question was not answered: a figure of the others would say nothing.
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
    marks: Marks,
    token: Option<String>,
}

impl Client {
    /// Of `gooseek`.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self { http: OperatorClient::new(url, CONNECT)?, path: "/api/v1/chat", marks: RUN, token: None })
    }

    /// The same with an access token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Of something that speaks a model's language.
    pub(crate) fn of_model(url: &str) -> anyhow::Result<Self> {
        Ok(Self { http: OperatorClient::new(url, CONNECT)?, path: "/chat/completions", marks: MODEL, token: None })
    }

    pub(crate) async fn is_ready(&self) -> bool {
        self.http.get("/ready").send().await.is_ok_and(|response| response.status().is_success())
    }

    /// The text of a GET.
    pub(crate) async fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.http.get(path).send().await?.error_for_status()?.text().await?)
    }

    /// Asks and reads to the end.
    pub(crate) async fn ask(&self, question: &Value) -> anyhow::Result<Timing> {
        let mut reading = self.begin(question).await?;
        let timing = reading.until_text(self.marks).await?;
        let mut end = Watch::new(self.marks.end);
        let mut seen = end.sees(&reading.rest);
        while let Some(piece) = reading.response.chunk().await? {
            seen |= end.sees(&piece);
        }
        if !seen {
            bail!("the stream ended without its last event");
        }
        Ok(timing)
    }

    /// Asks and leaves at the first text. The stream is returned open.
    pub(crate) async fn ask_until_text(&self, question: &Value) -> anyhow::Result<(Timing, Response)> {
        let mut reading = self.begin(question).await?;
        let timing = reading.until_text(self.marks).await?;
        Ok((timing, reading.response))
    }

    /// Asks and keeps all that came.
    pub(crate) async fn transcript(&self, question: &Value) -> anyhow::Result<String> {
        Ok(self.begin(question).await?.response.text().await?)
    }

    /// Asks `total` questions, `at_once` at any moment.
    pub(crate) async fn load(&self, at_once: usize, total: usize, question: impl Fn() -> Value) -> Load {
        let begun = Instant::now();
        let asked = stream::iter(0..total).map(|_| {
            let question = question();
            async move { self.ask(&question).await }
        });
        let mut answers = std::pin::pin!(asked.buffer_unordered(at_once));
        let mut load = Load::default();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(timing) => load.timings.push(timing),
                Err(error) => load.failures.push(format!("{error:#}")),
            }
        }
        load.elapsed = begun.elapsed();
        load
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks and returns the id of the run and its stream, after the first event.
    pub(crate) async fn ask_until_run(&self, question: &Value) -> anyhow::Result<(String, Response)> {
        let mut response = self.begin(question).await?.response;
        let first = response.chunk().await?.context("a stream begins with its run")?;
        let first = String::from_utf8_lossy(&first).into_owned();
        let (_, rest) = first.split_once("\"run_id\":\"").context("the first event names the run")?;
        Ok((rest.chars().take_while(|c| *c != '"').collect(), response))
    }

    /// How long the first event of a run takes to come.
    pub(crate) async fn first_event_of(&self, run: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let request = self.authorized(self.http.get(&format!("{}/runs/{run}/events", self.path)));
        let mut response = request.send().await?.error_for_status()?;
        response.chunk().await?.context("a run has events")?;
        Ok(begun.elapsed())
    }

    async fn begin(&self, question: &Value) -> anyhow::Result<Reading> {
        let begun = Instant::now();
        let response = self.authorized(self.http.post(self.path)).json(question).send().await?;
        if !response.status().is_success() {
            bail!("{}: {}", response.status(), response.text().await?);
        }
        Ok(Reading { response, begun, rest: Vec::new() })
    }
}

/// A stream being read.
struct Reading {
    response: Response,
    begun: Instant,
    /// What came together with the first text.
    rest: Vec<u8>,
}

impl Reading {
    async fn until_text(&mut self, marks: Marks) -> anyhow::Result<Timing> {
        let mut text = Watch::new(marks.text);
        let mut first_event = None;
        let mut last = Vec::new();
        while let Some(piece) = self.response.chunk().await? {
            let now = self.begun.elapsed();
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

/// Looks for bytes that may be cut in two by the edges of pieces.
struct Watch {
    wanted: &'static [u8],
    held: Vec<u8>,
}

impl Watch {
    fn new(wanted: &'static [u8]) -> Self {
        Self { wanted, held: Vec::new() }
    }

    fn sees(&mut self, piece: &[u8]) -> bool {
        self.held.extend_from_slice(piece);
        let seen = self.held.windows(self.wanted.len()).any(|window| window == self.wanted);
        let keep = self.held.len().min(self.wanted.len() - 1);
        self.held.drain(..self.held.len() - keep);
        seen
    }
}

/// A question to `gooseek` about the web.
pub(crate) fn web(question: &str, mode: &str) -> Value {
    json!({"query": question, "mode": mode, "sources": ["web"]})
}

/// A question that only the model answers.
pub(crate) fn model_alone(question: &str) -> Value {
    json!({"query": question, "mode": "speed", "sources": []})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_seen_across_the_edge_of_two_pieces() {
        let mut done = Watch::new(RUN.end);
        assert!(!done.sees(b"id: 9\nevent: do"));
        assert!(done.sees(b"ne\ndata: {}\n\n"));
        assert!(!Watch::new(RUN.end).sees(b"event: delta\ndata: {\"text\":\"done\"}\n\n"));
    }
}
