//! Markdown: the source is the text, headings start sections, front matter is the metadata, raw HTML is read as HTML.

mod raw_html;

use std::ops::Range;

use pulldown_cmark::{Event, OffsetIter, Options, Parser, Tag, TagEnd};

use self::raw_html::InlineHtml;
use crate::date_line;
use crate::document::{Document, DocumentBuilder, non_empty_line};
use crate::{ParseError, html};

/// Parses Markdown.
pub(crate) fn parse(source: &str) -> Result<Document, ParseError> {
    let source = source.trim_start_matches('\u{FEFF}');
    let (front, body) = split_front_matter(source);
    let mut document = body_sections(body)?;
    document.title = document.sections.iter().find_map(|section| section.heading.first().cloned());
    document.published_at = date_line::first(body);
    for line in front.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim().to_ascii_lowercase().as_str() {
            "title" => document.title = non_empty_line(value).or(document.title),
            "author" => document.author = non_empty_line(value),
            "date" | "published" => document.published_at = date_line::date(value).or(document.published_at),
            "lang" | "language" => document.language = non_empty_line(value),
            _ => {}
        }
    }
    Ok(document)
}

/// Splits into front matter (between `---` lines at the top) and body.
fn split_front_matter(source: &str) -> (&str, &str) {
    let Some(after) = source.strip_prefix("---\n").or_else(|| source.strip_prefix("---\r\n")) else {
        return ("", source);
    };
    let end = after.match_indices("\n---").find(|(at, mark)| {
        let rest = &after[at + mark.len()..];
        rest.is_empty() || rest.starts_with(['\n', '\r'])
    });
    match end {
        Some((at, mark)) => (&after[..at], &after[at + mark.len()..]),
        None => ("", source),
    }
}

/// A part of the source that does not go into the text as it stands.
enum Change {
    Heading(u8),
    HtmlBlock,
    /// Removed, or replaced by a few characters.
    Replace(&'static str),
}

/// Parses the body into one block per section.
fn body_sections(body: &str) -> Result<Document, ParseError> {
    let mut builder = DocumentBuilder::default();
    let mut block = String::new();
    let mut at = 0;
    let mut changes = changes(body).into_iter().peekable();
    while let Some((range, change)) = changes.next() {
        if range.start < at {
            continue;
        }
        block.push_str(&body[at..range.start]);
        at = range.end;
        match change {
            Change::Replace(text) => block.push_str(text),
            Change::Heading(level) => {
                add_block(&mut builder, &mut block);
                let mut inner = range.start;
                while let Some((inline, change)) = changes.next_if(|(inline, _)| inline.start < range.end) {
                    block.push_str(&body[inner.min(inline.start)..inline.start]);
                    inner = inline.end;
                    if let Change::Replace(text) = change {
                        block.push_str(text);
                    }
                }
                block.push_str(&body[inner.min(range.end)..range.end]);
                builder.heading(level, heading_text(&block));
                block.clear();
            }
            Change::HtmlBlock => {
                add_block(&mut builder, &mut block);
                html::append_fragment(&mut builder, &body[range])?;
            }
        }
    }
    block.push_str(&body[at..]);
    add_block(&mut builder, &mut block);
    builder.finish()
}

/// Where the text differs from the source, in order.
fn changes(body: &str) -> Vec<(Range<usize>, Change)> {
    let events: OffsetIter<'_> = Parser::new_ext(body, Options::ENABLE_TABLES).into_offset_iter();
    let mut changes: Vec<(Range<usize>, Change)> = Vec::new();
    // Blocks around the current one: only a heading outside of them starts a section.
    let mut containers = 0_usize;
    let mut inline = InlineHtml::default();
    let definitions = events.reference_definitions().iter();
    let unseen: Vec<Range<usize>> =
        definitions.filter(|(_, link)| matches!(&*link.dest, "#" | "")).map(|(_, link)| link.span.clone()).collect();
    for (event, range) in events {
        match event {
            Event::Start(Tag::Heading { level, .. }) if containers == 0 => {
                changes.push((range, Change::Heading(level as u8)));
            }
            Event::Start(Tag::HtmlBlock) => changes.push((range, Change::HtmlBlock)),
            Event::InlineHtml(tag) => changes.extend(inline.tag(&tag, range)),
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::Item) => containers += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item) => containers -= 1,
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::TableCell) => {
                changes.extend(inline.end(range.end));
            }
            _ => {}
        }
    }
    changes.extend(unseen.into_iter().map(|range| (range, Change::Replace(""))));
    changes.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    changes
}

/// Adds the collected source as a block, without white space at the ends of its lines.
fn add_block(builder: &mut DocumentBuilder, block: &mut String) {
    let mut text = String::with_capacity(block.len());
    for line in block.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    builder.block(&text);
    block.clear();
}

/// A heading without the marks around it.
fn heading_text(source: &str) -> &str {
    let source = source.trim();
    let Some(text) = source.strip_prefix('#') else {
        // Underlined.
        return source.rsplit_once('\n').map_or(source, |(text, _)| text.trim());
    };
    let text = text.trim_start_matches('#').trim();
    let without_closing = text.trim_end_matches('#');
    let closed = without_closing.is_empty() || without_closing.ends_with([' ', '\t']);
    if closed { without_closing.trim_end() } else { text }
}
