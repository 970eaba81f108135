//! `gooseek ask`: prints the answer as it streams in, then its sources. A broken stream is resumed.

use std::{
    io::{IsTerminal, Read},
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
use crate::{
    cli,
    output::{self, outln},
};

/// Reconnection attempts without a new event in between.
const MAX_RETRIES: u32 = 8;
/// What a shell answers for a command that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;
const ARGUMENT_NAMES: ArgumentNames = &[
    ("query", "question"),
    ("project", "--project"),
    ("thread_id", "--thread"),
    ("mode", "--mode"),
    ("sources", "--sources"),
];

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
    index: u32,
    source: u32,
    quote: String,
    support: String,
}

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
    let response = client.send(request).await?;
    let mut renderer = TerminalRenderer::default();
    let is_interrupted = tokio::select! {
        rendered = render_events(&client, EventStream::new(response), &mut renderer) => rendered.map(|()| false)?,
        signal = tokio::signal::ctrl_c() => signal.is_ok(),
    };
    if is_interrupted {
        interrupt(&client, &renderer).await;
    }
    renderer.finish()
}

/// Stops the run, which would go on without its reader for a while, and says how to go on.
async fn interrupt(client: &Client, renderer: &TerminalRenderer) -> ! {
    clear_status();
    if !renderer.run_id.is_empty() {
        let path = format!("/api/v1/chat/runs/{}/cancel", renderer.run_id);
        if let Err(error) = client.send(client.request(Method::POST, &path)).await {
            eprintln!("\n  the run could not be cancelled: {error}");
        }
        eprintln!("\n  cancelled; go on with: gooseek ask --thread {} \"…\"", renderer.thread_id);
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
async fn print_json(client: &Client, request: reqwest::RequestBuilder) -> anyhow::Result<()> {
    let response = request.send().await.map_err(|error| client.connection_error(&error))?;
    let answer: Value = response.json().await.context("the server did not answer JSON")?;
    outln!("{}", serde_json::to_string_pretty(&answer)?);
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
    let mut last_id = 0;
    let mut failures = 0;
    loop {
        match events.next().await {
            Ok(Some(event)) => {
                failures = 0;
                last_id = event.id.unwrap_or(last_id);
                if renderer.render(&event)? {
                    return Ok(());
                }
            }
            Ok(None) | Err(_) => {
                failures += 1;
                if renderer.run_id.is_empty() || failures > MAX_RETRIES {
                    bail!("the connection broke and could not be resumed");
                }
                tokio::time::sleep(Duration::from_millis(250) * failures).await;
                let path = format!("/api/v1/chat/runs/{}/events", renderer.run_id);
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
    run_id: String,
    thread_id: String,
}

impl TerminalRenderer {
    /// Renders an event. `true` after the last one.
    fn render(&mut self, event: &Event) -> anyhow::Result<bool> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.name.as_str() {
            "run" => {
                data["run_id"].as_str().unwrap_or_default().clone_into(&mut self.run_id);
                data["thread_id"].as_str().unwrap_or_default().clone_into(&mut self.thread_id);
            }
            "step" => print_step(&data),
            "sources" => self.sources = serde_json::from_value(data["sources"].clone())?,
            "delta" => {
                if !self.has_text {
                    clear_status();
                }
                self.has_text = true;
                output::write(format_args!("{}", data["text"].as_str().unwrap_or_default()));
            }
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

    /// One that comes again has been judged anew.
    fn cite(&mut self, citation: Citation) {
        match self.citations.iter_mut().find(|known| known.index == citation.index) {
            Some(known) => *known = citation,
            None => self.citations.push(citation),
        }
    }

    fn print_outcome(&self, data: &Value) {
        clear_status();
        if self.has_text {
            outln!();
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
            outln!("\nSources");
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
        outln!("[{}] {title}{location}", source.index);
        for citation in self.citations.iter().filter(|citation| citation.source == source.index) {
            let passage = source.passages.iter().find(|passage| passage.text.contains(&citation.quote));
            let position = passage.map(position_prefix).unwrap_or_default();
            let mark = match citation.support.as_str() {
                "supported" => String::new(),
                "verbatim" => " (word for word)".to_owned(),
                other => format!(" ({other})"),
            };
            let quote: String = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
            outln!("    {position}“{}”{mark}", truncated(&quote));
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

/// Prints the current step on a status line that the next one overwrites; a failure keeps its line.
fn print_step(data: &Value) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    if data["status"] == "failed" {
        let title: String = data["title"].as_str().unwrap_or_default().chars().take(60).collect();
        return eprintln!("\r\x1b[2K  failed: {title} ({})", data["error"].as_str().unwrap_or("unknown"));
    }
    if data["status"] != "started" && data["kind"] != "open" {
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
