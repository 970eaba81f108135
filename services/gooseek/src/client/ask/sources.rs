//! The sources of an answer, with what is quoted from each.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use terminal::{Line, wrapped};

use crate::output::{self, outln};

/// Characters of a quote that are shown.
const QUOTE_LIMIT: usize = 240;
const INDENT: &str = "    ";

#[derive(Deserialize)]
pub(super) struct Source {
    index: u32,
    kind: String,
    pub(super) url: Option<String>,
    title: String,
    site: Option<String>,
    published_at: Option<DateTime<Utc>>,
    fetched_at: Option<DateTime<Utc>>,
    passages: Vec<Passage>,
}

#[derive(Deserialize)]
struct Passage {
    text: String,
    page: Option<u32>,
    heading: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Citation {
    pub(super) index: u32,
    source: u32,
    pub(super) start: usize,
    pub(super) end: usize,
    quote: String,
    support: String,
}

/// Prints the cited sources, or with `all` whatever was read, each with its date; on lines of `width` columns.
pub(super) fn print(sources: &[Source], citations: &[Citation], all: bool, width: Option<usize>) {
    let is_cited = |source: &Source| citations.iter().any(|citation| citation.source == source.index);
    let listed: Vec<&Source> = sources.iter().filter(|source| all || is_cited(source)).collect();
    if listed.is_empty() {
        return;
    }
    outln!();
    let heading = if all { "Sources read" } else { "Sources" };
    match width {
        Some(_) => output::lines(&[Line::bold(heading)]),
        None => outln!("{heading}"),
    }
    for source in listed {
        let date = if all { source.date() } else { String::new() };
        entry(&format!("[{}] ", source.index), &format!("{}{date}", source.name()), width);
        for citation in citations.iter().filter(|citation| citation.source == source.index) {
            entry(INDENT, &quotation(source, citation), width);
        }
    }
}

fn entry(first: &str, text: &str, width: Option<usize>) {
    match width {
        Some(width) => output::lines(&wrapped(first, text, width)),
        None => outln!("{first}{text}"),
    }
}

impl Source {
    fn name(&self) -> String {
        let location = self.url.as_deref().or(self.site.as_deref()).unwrap_or_default();
        if self.title == location { location.to_owned() } else { format!("{} — {location}", one_line(&self.title)) }
    }

    fn date(&self) -> String {
        let (word, date) = match (self.published_at, self.kind.as_str()) {
            (Some(published), _) => ("", Some(published)),
            (None, "file") => ("added ", self.fetched_at),
            (None, _) => ("read ", self.fetched_at),
        };
        date.map(|date| format!(" ({word}{})", date.format("%Y-%m-%d"))).unwrap_or_default()
    }
}

fn quotation(source: &Source, citation: &Citation) -> String {
    if citation.quote.is_empty() {
        return format!("no passage comes near ({})", citation.support);
    }
    let passage = source.passages.iter().find(|passage| passage.text.contains(&citation.quote));
    let position = passage.map(position_prefix).unwrap_or_default();
    let mark = match citation.support.as_str() {
        "supported" => String::new(),
        "verbatim" => " (word for word)".to_owned(),
        other => format!(" ({other})"),
    };
    format!("{position}“{}”{mark}", truncated(&one_line(&citation.quote)))
}

/// Page or heading of a passage, as a prefix.
fn position_prefix(passage: &Passage) -> String {
    match (passage.page, &passage.heading) {
        (Some(page), _) => format!("p. {page}: "),
        (None, Some(heading)) => format!("{}: ", one_line(heading)),
        (None, None) => String::new(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn truncated(quote: &str) -> String {
    if quote.chars().count() <= QUOTE_LIMIT {
        return quote.to_owned();
    }
    let start: String = quote.chars().take(QUOTE_LIMIT).collect();
    format!("{start}…")
}
