//! `gooseek ask`: the answer streams in, its sources follow. A cut stream is resumed.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Arguments, Client,
    sse::{Event, Events},
};
use crate::cli;

/// A broken connection is tried again this often without a new event.
const RETRIES: u32 = 8;
const ARGUMENTS: Arguments =
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

pub(crate) async fn run(server: &cli::Server, options: &cli::Ask) -> anyhow::Result<()> {
    let client = Client::new(server, ARGUMENTS)?;
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
    let mut screen = Screen::default();
    follow(&client, Events::new(response), &mut screen).await?;
    screen.finish()
}

/// The object is printed also when the run ended in an error; the exit code tells.
async fn print_json(client: &Client, request: reqwest::RequestBuilder) -> anyhow::Result<()> {
    let response = request.send().await.map_err(|error| client.unreachable(&error))?;
    let answer: Value = response.json().await.context("the server did not answer JSON")?;
    println!("{}", serde_json::to_string_pretty(&answer)?);
    if answer["run_id"].is_null() || answer["status"] == "error" {
        std::process::exit(1);
    }
    Ok(())
}

/// Shows events to the last one, across broken connections.
async fn follow(client: &Client, mut events: Events, screen: &mut Screen) -> anyhow::Result<()> {
    let mut run_id = String::new();
    let mut last = 0;
    let mut failures = 0;
    loop {
        match events.next().await {
            Ok(Some(event)) => {
                failures = 0;
                last = event.id.unwrap_or(last);
                if event.kind == "run" {
                    run_id =
                        serde_json::from_str::<Value>(&event.data)?["run_id"].as_str().unwrap_or_default().to_owned();
                }
                if screen.show(&event)? {
                    return Ok(());
                }
            }
            Ok(None) | Err(_) => {
                failures += 1;
                if run_id.is_empty() || failures > RETRIES {
                    bail!("the connection broke and could not be resumed");
                }
                tokio::time::sleep(Duration::from_millis(250) * failures).await;
                let path = format!("/api/v1/chat/runs/{run_id}/events");
                let again = client.request(Method::GET, &path).header("last-event-id", last);
                if let Ok(response) = client.send(again).await {
                    events = Events::new(response);
                }
            }
        }
    }
}

#[derive(Default)]
struct Screen {
    sources: Vec<Source>,
    citations: Vec<Citation>,
    failed: Option<String>,
    has_text: bool,
    thread: String,
}

impl Screen {
    /// Shows an event; whether it was the last.
    fn show(&mut self, event: &Event) -> anyhow::Result<bool> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.kind.as_str() {
            "run" => data["thread_id"].as_str().unwrap_or_default().clone_into(&mut self.thread),
            "step" => step(&data),
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
                self.ended(&data);
                return Ok(true);
            }
            "error" => {
                self.failed = Some(data["message"].as_str().unwrap_or("the run failed").to_owned());
                self.ended(&data);
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    fn ended(&self, data: &Value) {
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
        if !self.thread.is_empty() {
            let (dim, plain) = if std::io::stderr().is_terminal() { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
            eprintln!("\n{dim}Continue: gooseek ask --thread {} \"…\"{plain}", self.thread);
        }
        match self.failed {
            Some(message) => bail!(message),
            None => Ok(()),
        }
    }

    fn print_source(&self, source: &Source) {
        let place = source.url.as_deref().or(source.site.as_deref()).unwrap_or_default();
        let title = if source.title == place { String::new() } else { format!("{} — ", source.title) };
        println!("[{}] {title}{place}", source.index);
        for citation in self.citations.iter().filter(|citation| citation.source == source.index) {
            let passage = source.passages.iter().find(|passage| passage.text.contains(&citation.quote));
            let position = passage.map(position).unwrap_or_default();
            let mark = if citation.support == "supported" { "" } else { &format!(" ({})", citation.support) };
            let quote: String = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
            println!("    {position}“{}”{mark}", shortened(&quote));
        }
    }
}

/// Page or heading of a passage, as a prefix.
fn position(passage: &Passage) -> String {
    match (passage.page, &passage.heading) {
        (Some(page), _) => format!("p. {page}: "),
        (None, Some(heading)) => format!("{heading}: "),
        (None, None) => String::new(),
    }
}

fn shortened(quote: &str) -> String {
    const LONGEST: usize = 240;
    if quote.chars().count() <= LONGEST {
        return quote.to_owned();
    }
    let start: String = quote.chars().take(LONGEST).collect();
    format!("{start}…")
}

/// What is being done now, on one line that the next replaces.
fn step(data: &Value) {
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
