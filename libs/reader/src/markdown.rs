//! Markdown: the source is the text, headings start sections, front matter is the metadata.

use crate::ParseError;
use crate::document::{Document, DocumentBuilder, non_empty_line};
use crate::html;

/// Parses Markdown.
pub(crate) fn parse(source: &str) -> Result<Document, ParseError> {
    let source = source.trim_start_matches('\u{FEFF}');
    let (front, body) = split_front_matter(source);
    let mut document = body_sections(&without_comments(body))?;
    document.title = document.sections.iter().find_map(|section| section.heading.first().cloned());
    for line in front.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim().to_ascii_lowercase().as_str() {
            "title" => document.title = non_empty_line(value).or(document.title),
            "author" => document.author = non_empty_line(value),
            "date" | "published" => document.published_at = html::date(value),
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

/// Parses the body into one block per section.
fn body_sections(body: &str) -> Result<Document, ParseError> {
    let mut builder = DocumentBuilder::default();
    let mut fence: Option<String> = None;
    let mut block = String::new();
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.next() {
        if toggles_fence(line, &mut fence) || fence.is_some() {
            push_line(&mut block, line);
            continue;
        }
        if let Some((level, heading)) = atx_heading(line) {
            builder.block(&block);
            block.clear();
            builder.heading(level, heading);
            continue;
        }
        let underline = lines.peek().and_then(|next| setext_level(next));
        if let Some(level) = underline
            && is_paragraph(line)
            && block.lines().next_back().is_none_or(|above| above.trim().is_empty())
        {
            builder.block(&block);
            block.clear();
            builder.heading(level, line);
            lines.next();
            continue;
        }
        push_line(&mut block, line);
    }
    builder.block(&block);
    builder.finish()
}

fn push_line(block: &mut String, line: &str) {
    block.push_str(line.trim_end());
    block.push('\n');
}

/// Tracks code fences; true if `line` opens or closes one.
fn toggles_fence(line: &str, fence: &mut Option<String>) -> bool {
    let trimmed = line.trim_start();
    let Some(mark) = trimmed.chars().next().filter(|mark| matches!(mark, '`' | '~')) else {
        return false;
    };
    let run: String = trimmed.chars().take_while(|char| *char == mark).collect();
    match fence {
        None if run.len() >= 3 && !trimmed[run.len()..].contains('`') => {
            *fence = Some(run);
            true
        }
        Some(open) if run.starts_with(open.as_str()) && trimmed[run.len()..].trim().is_empty() => {
            *fence = None;
            true
        }
        _ => false,
    }
}

fn atx_heading(line: &str) -> Option<(u8, &str)> {
    let trimmed = line.trim_start_matches(' ');
    let level = trimmed.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &trimmed[level..];
    if line.len() - trimmed.len() > 3
        || !(1..=6).contains(&level)
        || !(rest.is_empty() || rest.starts_with([' ', '\t']))
    {
        return None;
    }
    let heading = rest.trim();
    let without_closing = heading.trim_end_matches('#');
    let closed = without_closing.is_empty() || without_closing.ends_with(' ');
    Some((u8::try_from(level).ok()?, if closed { without_closing.trim_end() } else { heading }))
}

fn setext_level(line: &str) -> Option<u8> {
    let trimmed = line.trim();
    if trimmed.len() < 3 || line.starts_with("    ") {
        return None;
    }
    match trimmed.as_bytes()[0] {
        b'=' if trimmed.bytes().all(|byte| byte == b'=') => Some(1),
        b'-' if trimmed.bytes().all(|byte| byte == b'-') => Some(2),
        _ => None,
    }
}

fn is_paragraph(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with("    ") && !line.trim_start().starts_with(['-', '*', '>', '|', '+'])
}

/// Removes HTML comments, which are not rendered, except in fenced code.
fn without_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut fence = None;
    let mut in_comment = false;
    for line in source.split_inclusive('\n') {
        if !in_comment && (toggles_fence(line.trim_end(), &mut fence) || fence.is_some()) {
            out.push_str(line);
            continue;
        }
        let mut rest = line;
        while !rest.is_empty() {
            let mark = if in_comment { "-->" } else { "<!--" };
            let Some((before, after)) = rest.split_once(mark) else {
                out.push_str(if in_comment { "\n" } else { rest });
                break;
            };
            if !in_comment {
                out.push_str(before);
            }
            in_comment = !in_comment;
            rest = after;
        }
    }
    out
}
