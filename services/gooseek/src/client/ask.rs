//! `gooseek ask`: prints the answer as it streams in, then its sources. A broken stream is resumed.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ArgumentNames, Client,
    sse::{Event, EventStream},
};
use crate::cli;

/// Reconnection attempts without a new event in between.
const MAX_RETRIES: u32 = 8;
const ARGUMENT_NAMES: ArgumentNames =
    &[("query", "question"), ("project", "--project"), ("thread_id", "--thread"), ("mode", "--mode")];

#[derive(Deserialize)]
struct Source {
    index: u32,
    url: Option<String>,
    title: String,
    site: Option<String>,
    passages: Vec<Passage>,
}

#[derive(Deserialize)]
struct Passage {
    text: String,
    page: Option<u32>,
    heading: Option<String>,
}

#[derive(Deserialize)]
struct Citation {
    source: u32,
    quote: String,
    support: String,
}

pub(crate) async fn run(server: &cli::ServerArgs, options: &cli::AskArgs) -> anyhow::Result<()> {
    let client = Client::new(server, ARGUMENT_NAMES)?;
    let body = json!({
        "query": options.question.join(" "),
        "mode": options.mode.as_str(),
        "project": options.project,
        "thread_id": options.thread,
        "stream": !options.json,
    });
    let request = client.request(Method::POST, "/api/v1/chat").json(&body);
    if options.json {
        return print_json(&client, request).await;
    }
    let response = client.send(request).await?;
    let mut renderer = TerminalRenderer::default();
    render_events(&client, EventStream::new(response), &mut renderer).await?;
    renderer.finish()
}

/// The object is printed even if the run failed; then the exit code is 1.
async fn print_json(client: &Client, request: reqwest::RequestBuilder) -> anyhow::Result<()> {
    let response = request.send().await.map_err(|error| client.connection_error(&error))?;
    let answer: Value = response.json().await.context("the server did not answer JSON")?;
    println!("{}", serde_json::to_string_pretty(&answer)?);
    if answer["run_id"].is_null() || answer["status"] == "error" {
        std::process::exit(1);
    }
    Ok(())
}

/// Renders all events of a run, across broken connections.
async fn render_events(
    client: &Client,
    mut events: EventStream,
    renderer: &mut TerminalRenderer,
) -> anyhow::Result<()> {
    let mut run_id = String::new();
    let mut last_id = 0;
    let mut failures = 0;
    loop {
        match events.next().await {
            Ok(Some(event)) => {
                failures = 0;
                last_id = event.id.unwrap_or(last_id);
                if event.name == "run" {
                    run_id =
                        serde_json::from_str::<Value>(&event.data)?["run_id"].as_str().unwrap_or_default().to_owned();
                }
                if renderer.render(&event)? {
                    return Ok(());
                }
            }
            Ok(None) | Err(_) => {
                failures += 1;
                if run_id.is_empty() || failures > MAX_RETRIES {
                    bail!("the connection broke and could not be resumed");
                }
                tokio::time::sleep(Duration::from_millis(250) * failures).await;
                let path = format!("/api/v1/chat/runs/{run_id}/events");
                let request = client.request(Method::GET, &path).header("last-event-id", last_id);
                if let Ok(response) = client.send(request).await {
                    events = EventStream::new(response);
                }
            }
        }
    }
}

/// Prints the events of one run to the terminal.
#[derive(Default)]
struct TerminalRenderer {
    sources: Vec<Source>,
    citations: Vec<Citation>,
    error: Option<String>,
    has_text: bool,
    thread_id: String,
}

impl TerminalRenderer {
    /// Renders an event. `true` after the last one.
    fn render(&mut self, event: &Event) -> anyhow::Result<bool> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.name.as_str() {
            "run" => data["thread_id"].as_str().unwrap_or_default().clone_into(&mut self.thread_id),
            "step" => print_step(&data),
            "sources" => self.sources = serde_json::from_value(data["sources"].clone())?,
            "delta" => {
                if !self.has_text {
                    clear_status();
                }
                self.has_text = true;
                print!("{}", data["text"].as_str().unwrap_or_default());
                std::io::stdout().flush()?;
            }
            "citation" => self.citations.push(serde_json::from_value(data)?),
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

    fn print_outcome(&self, data: &Value) {
        clear_status();
        if self.has_text {
            println!();
        }
        for reason in data["degraded"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            eprintln!("  note: {reason}");
        }
        match data["status"].as_str() {
            Some("partial") => {
                eprintln!("  the answer is not finished: {}", data["reason"].as_str().unwrap_or("unknown"));
            }
            Some("cancelled") => eprintln!("  cancelled"),
            _ => {}
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        let cited: Vec<&Source> = self
            .sources
            .iter()
            .filter(|source| self.citations.iter().any(|citation| citation.source == source.index))
            .collect();
        if !cited.is_empty() {
            println!("\nSources");
        }
        for source in cited {
            self.print_source(source);
        }
        if !self.thread_id.is_empty() {
            let (dim, plain) = if std::io::stderr().is_terminal() { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
            eprintln!("\n{dim}Continue: gooseek ask --thread {} \"…\"{plain}", self.thread_id);
        }
        match self.error {
            Some(message) => bail!(message),
            None => Ok(()),
        }
    }

    fn print_source(&self, source: &Source) {
        let location = source.url.as_deref().or(source.site.as_deref()).unwrap_or_default();
        let title = if source.title == location { String::new() } else { format!("{} — ", source.title) };
        println!("[{}] {title}{location}", source.index);
        for citation in self.citations.iter().filter(|citation| citation.source == source.index) {
            let passage = source.passages.iter().find(|passage| passage.text.contains(&citation.quote));
            let position = passage.map(position_prefix).unwrap_or_default();
            let mark = if citation.support == "supported" { "" } else { &format!(" ({})", citation.support) };
            let quote: String = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
            println!("    {position}“{}”{mark}", truncated(&quote));
        }
    }
}

/// Page or heading of a passage, as a prefix.
fn position_prefix(passage: &Passage) -> String {
    match (passage.page, &passage.heading) {
        (Some(page), _) => format!("p. {page}: "),
        (None, Some(heading)) => format!("{heading}: "),
        (None, None) => String::new(),
    }
}

fn truncated(quote: &str) -> String {
    const LIMIT: usize = 240;
    if quote.chars().count() <= LIMIT {
        return quote.to_owned();
    }
    let start: String = quote.chars().take(LIMIT).collect();
    format!("{start}…")
}

/// Prints the current step on a status line that the next one overwrites.
fn print_step(data: &Value) {
    if !std::io::stderr().is_terminal() || data["status"] != "started" && data["kind"] != "open" {
        return;
    }
    let verb = match data["kind"].as_str().unwrap_or_default() {
        "search" => "searching",
        "retrieve" => "looking in files",
        "open" => "read",
        "write" => "writing",
        other => other,
    };
    let title: String = data["title"].as_str().unwrap_or_default().chars().take(60).collect();
    eprint!("\r\x1b[2K  {verb}: {title}");
}

fn clear_status() {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[2K");
    }
}
