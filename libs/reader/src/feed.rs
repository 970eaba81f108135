//! RSS, Atom and JSON feeds; each entry becomes a section.

use feed_rs::model::{Entry, Feed};

use crate::document::{Document, DocumentBuilder, non_empty_line};
use crate::{Hints, ParseError, archive, html};

/// Number of entries read; feeds list the newest first.
const MAX_ENTRIES: usize = 500;

/// Parses a feed.
pub(crate) fn parse(bytes: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    archive::refuse_declarations(bytes, "the feed")?;
    let base = hints.url.as_deref();
    let parser = feed_rs::parser::Builder::new().base_uri(base).sanitize_content(false).build();
    let feed = parser.parse(bytes).map_err(|error| ParseError::Damaged(error.to_string()))?;
    let mut builder = DocumentBuilder::default();
    let title = feed.title.as_ref().and_then(|title| non_empty_line(&title.content));
    if let Some(title) = &title {
        builder.heading(1, title);
    }
    if let Some(description) = &feed.description {
        html::append_fragment(&mut builder, &description.content)?;
    }
    for entry in feed.entries.iter().take(MAX_ENTRIES) {
        if builder.is_full() {
            break;
        }
        append_entry(&mut builder, entry)?;
    }
    let mut document = builder.finish()?;
    document.title = title;
    document.author = author(&feed);
    document.published_at =
        feed.published.or(feed.updated).or_else(|| feed.entries.iter().filter_map(|entry| entry.published).max());
    document.language = feed.language;
    Ok(document)
}

fn append_entry(builder: &mut DocumentBuilder, entry: &Entry) -> Result<(), ParseError> {
    if let Some(title) = &entry.title {
        builder.heading(2, &title.content);
    }
    if let Some(published) = entry.published.or(entry.updated) {
        builder.block(&published.format("%Y-%m-%d %H:%M UTC").to_string());
    }
    let body = entry.content.as_ref().and_then(|content| content.body.as_deref());
    let text = body.or_else(|| entry.summary.as_ref().map(|summary| summary.content.as_str()));
    match text {
        Some(text) => html::append_fragment(builder, text),
        None => Ok(()),
    }
}

fn author(feed: &Feed) -> Option<String> {
    feed.authors.iter().find_map(|author| non_empty_line(author.name.as_deref()?))
}
