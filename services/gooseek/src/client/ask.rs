//! `gooseek ask`: prints the answer as it streams in, then its sources. A broken stream is resumed.

mod answer;
mod progress;
mod sources;

use std::{io::Read, time::Duration};

use anyhow::{Context, bail};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use terminal::Line;

use self::{
    answer::AnswerText,
    progress::{Progress, Step},
    sources::{Citation, Source},
};
use super::{
    ArgumentNames, Client,
    sse::{Event, EventStream},
};
use crate::{
    cli,
    output::{self, errln, outln},
};

/// Reconnection attempts without a new event in between.
const MAX_RETRIES: u32 = 8;
/// What a shell answers for a command that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;
/// How long a server may take to cancel a run; who has pressed Ctrl-C does not wait for longer.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer lines are hard to read (columns).
const WIDEST: usize = 100;
const ARGUMENT_NAMES: ArgumentNames = &[
    ("query", "question"),
    ("project", "--project"),
    ("thread_id", "--thread"),
    ("mode", "--mode"),
    ("sources", "--sources"),
];

pub(crate) async fn run(server: &cli::ServerArgs, options: &cli::AskArgs) -> anyhow::Result<()> {
    let client = Client::new(server, ARGUMENT_NAMES)?;
    let body = json!({
        "query": question(&options.question)?,
        "mode": options.mode.as_str(),
        "project": options.project,
        "thread_id": options.thread,
        "sources": options.sources,
        "stream": !options.json,
    });
    let request = client.request(Method::POST, "/api/v1/chat").json(&body);
    if options.json {
        return print_json(&client, request).await;
    }
    let mut view = RunView::new();
    let followed = tokio::select! {
        followed = follow(&client, request, &mut view) => followed,
        signal = tokio::signal::ctrl_c() => {
            signal.context("Ctrl-C")?;
            interrupt(&client, &mut view).await
        }
    };
    view.end_text();
    followed?;
    view.finish(options.list_sources)
}

/// Stops the run, which would go on without its reader for a while, and says how to go on.
async fn interrupt(client: &Client, view: &mut RunView) -> ! {
    view.end_text();
    if !view.run_id.is_empty() {
        let path = format!("/api/v1/chat/runs/{}/cancel", view.run_id);
        let cancelled = client.send(client.request(Method::POST, &path));
        let outcome = match tokio::time::timeout(CANCEL_TIMEOUT, cancelled).await {
            Ok(Ok(_)) => "cancelled".to_owned(),
            Ok(Err(error)) => format!("the run could not be cancelled: {error}"),
            Err(_) => "the run could not be cancelled: the server does not answer".to_owned(),
        };
        view.progress.add_notes(&[outcome]);
        view.print_continuation();
    }
    std::process::exit(INTERRUPTED);
}

/// The question of the arguments; `-` is what stands on the standard input.
fn question(words: &[String]) -> anyhow::Result<String> {
    if words != ["-"] {
        return Ok(words.join(" "));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("the standard input")?;
    Ok(text)
}

/// The object is printed even if the run failed; then the exit code is 1.
async fn print_json(client: &Client, request: RequestBuilder) -> anyhow::Result<()> {
    let response = client.exchange(request).await?;
    let answer: Value = response.json().await.context("the server did not answer JSON")?;
    output::json(&answer)?;
    if answer["run_id"].is_null() || answer["status"] == "error" {
        std::process::exit(1);
    }
    Ok(())
}

/// Renders all events of a run, across broken connections.
async fn follow(client: &Client, request: RequestBuilder, view: &mut RunView) -> anyhow::Result<()> {
    let mut events = EventStream::new(client.send(request).await?);
    let mut last_id = 0;
    let mut failures = 0;
    loop {
        match events.next().await {
            Ok(Some(event)) => {
                failures = 0;
                last_id = event.id.unwrap_or(last_id);
                if view.event(&event)? {
                    return Ok(());
                }
            }
            Ok(None) | Err(_) => {
                failures += 1;
                if view.run_id.is_empty() || failures > MAX_RETRIES {
                    bail!("the connection broke and could not be resumed");
                }
                tokio::time::sleep(Duration::from_millis(250) * failures).await;
                let path = format!("/api/v1/chat/runs/{}/events", view.run_id);
                let request = client.request(Method::GET, &path).header("last-event-id", last_id);
                if let Ok(response) = client.send(request).await {
                    events = EventStream::new(response);
                }
            }
        }
    }
}

/// Prints the events of one run.
struct RunView {
    /// Columns for the text, where it is rendered.
    width: Option<usize>,
    /// The text that is rendered; without it Markdown goes out as it comes.
    answer: Option<AnswerText>,
    /// Whether the answer is made of words of its sources, which are no Markdown.
    is_extract: bool,
    /// Whether Markdown has gone out.
    has_text: bool,
    progress: Progress,
    sources: Vec<Source>,
    citations: Vec<Citation>,
    error: Option<String>,
    run_id: String,
    thread_id: String,
}

impl RunView {
    fn new() -> Self {
        let width = output::columns(&std::io::stdout()).map(|columns| columns.min(WIDEST));
        Self {
            width,
            answer: width.map(AnswerText::new),
            is_extract: false,
            has_text: false,
            progress: Progress::new(),
            sources: Vec::new(),
            citations: Vec::new(),
            error: None,
            run_id: String::new(),
            thread_id: String::new(),
        }
    }

    /// Prints an event. `true` after the last one.
    fn event(&mut self, event: &Event) -> anyhow::Result<bool> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.name.as_str() {
            "run" => {
                data["run_id"].as_str().unwrap_or_default().clone_into(&mut self.run_id);
                data["thread_id"].as_str().unwrap_or_default().clone_into(&mut self.thread_id);
            }
            "step" => {
                let step: Step = serde_json::from_value(data)?;
                self.is_extract |= step.is_extract();
                self.progress.step(&step);
            }
            "sources" => {
                self.sources = serde_json::from_value(data["sources"].clone())?;
                if let Some(answer) = &mut self.answer {
                    answer.set_sources(self.sources.iter().filter_map(|source| source.url.as_deref()));
                }
            }
            "delta" => self.add_text(data["text"].as_str().unwrap_or_default()),
            "citation" => self.cite(serde_json::from_value(data)?),
            "done" => {
                self.print_outcome(&data);
                return Ok(true);
            }
            "error" => {
                self.error = Some(data["message"].as_str().unwrap_or("the run failed").to_owned());
                self.print_outcome(&data);
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    fn add_text(&mut self, text: &str) {
        match &mut self.answer {
            Some(answer) => {
                let lines = answer.push(text);
                self.print_lines(&lines);
            }
            None => {
                self.progress.end_notes();
                self.has_text = true;
                output::write(format_args!("{text}"));
            }
        }
    }

    fn print_lines(&mut self, lines: &[Line]) {
        if !lines.is_empty() {
            self.progress.end_notes();
            output::lines(lines);
        }
    }

    /// One that comes again has been judged anew.
    fn cite(&mut self, citation: Citation) {
        if let Some(answer) = self.answer.as_mut().filter(|_| self.is_extract) {
            answer.quote(citation.start..citation.end);
        }
        match self.citations.iter_mut().find(|known| known.index == citation.index) {
            Some(known) => *known = citation,
            None => self.citations.push(citation),
        }
    }

    /// Prints what is left of the text, and ends its last line.
    fn end_text(&mut self) {
        self.progress.clear();
        if let Some(mut answer) = self.answer.take() {
            let lines = answer.finish();
            self.print_lines(&lines);
        }
        if std::mem::take(&mut self.has_text) {
            outln!();
        }
    }

    fn print_outcome(&mut self, data: &Value) {
        self.end_text();
        let degraded = data["degraded"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut notes: Vec<String> = degraded.map(|reason| format!("note: {reason}")).collect();
        match data["status"].as_str() {
            Some("partial") => {
                notes.push(format!("the answer is not finished: {}", data["reason"].as_str().unwrap_or("unknown")));
            }
            Some("cancelled") => notes.push("cancelled".to_owned()),
            _ => {}
        }
        self.progress.add_notes(&notes);
    }

    fn finish(self, list_sources: bool) -> anyhow::Result<()> {
        sources::print(&self.sources, &self.citations, list_sources, self.width);
        self.print_continuation();
        match self.error {
            Some(message) => bail!(message),
            None => Ok(()),
        }
    }

    fn print_continuation(&self) {
        if self.thread_id.is_empty() {
            return;
        }
        let hint = format!("Continue: gooseek ask --thread {} \"…\"", self.thread_id);
        match output::columns(&std::io::stderr()) {
            Some(_) => output::print_error(&format!("\n{}\n", Line::dimmed(&hint))),
            None => errln!("\n{hint}"),
        }
    }
}
