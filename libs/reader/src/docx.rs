//! DOCX files: headings, paragraphs, lists, tables and notes.

use undoc::docx::DocxParser;
use undoc::{Block, ListType, Paragraph, Table};

use crate::document::{Document, DocumentBuilder, non_empty_line, one_line};
use crate::{ParseError, html, office};

/// Tables nested deeper are skipped.
const MAX_NESTING: usize = 8;

/// Parses a DOCX file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, ParseError> {
    // A password-protected file is an OLE container, not a zip archive.
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(ParseError::Encrypted);
    }
    office::check(bytes)?;
    let damaged = |error: undoc::Error| ParseError::Damaged(error.to_string());
    let file = DocxParser::from_bytes(bytes.to_vec()).and_then(|mut parser| parser.parse()).map_err(damaged)?;
    let mut builder = DocumentBuilder::default();
    for block in file.sections.iter().flat_map(|section| &section.content) {
        append_block(&mut builder, block);
    }
    let mut document = builder.finish()?;
    document.title = file.metadata.title.as_deref().and_then(non_empty_line);
    document.author = file.metadata.author.as_deref().and_then(non_empty_line);
    document.published_at = file.metadata.created.as_deref().and_then(html::date);
    Ok(document)
}

fn append_block(builder: &mut DocumentBuilder, block: &Block) {
    match block {
        Block::Paragraph(paragraph) => append_paragraph(builder, paragraph),
        Block::Table(table) => append_table(builder, table, 0),
        Block::Note { label, content } => {
            let text: Vec<String> = content.iter().map(Paragraph::plain_text).collect();
            builder.block(&format!("[{label}] {}", text.join(" ")));
        }
        Block::PageBreak | Block::SectionBreak | Block::Image { .. } => {}
    }
}

fn append_paragraph(builder: &mut DocumentBuilder, paragraph: &Paragraph) {
    let text = paragraph.plain_text();
    if let Some(level) = heading_level(paragraph) {
        builder.heading(level, &text);
        return;
    }
    let Some(list) = paragraph.list_info.as_ref().filter(|list| list.list_type != ListType::None) else {
        builder.block(&text);
        return;
    };
    let indent = "  ".repeat(usize::from(list.level.min(8)));
    let item = match (list.list_type, list.number) {
        (ListType::Numbered, Some(number)) => format!("{indent}{number}. {}", text.trim()),
        _ => format!("{indent}- {}", text.trim()),
    };
    if builder.ends_with_item() {
        builder.line(&item);
    } else {
        builder.block(&item);
    }
}

/// The outline level, or the level in the style name if there is no outline level.
fn heading_level(paragraph: &Paragraph) -> Option<u8> {
    if paragraph.is_heading() {
        return Some(paragraph.heading.level());
    }
    [&paragraph.style_name, &paragraph.style_id].into_iter().flatten().find_map(|style| {
        let number = style.to_ascii_lowercase().strip_prefix("heading")?.trim().parse().ok()?;
        (1..=9).contains(&number).then_some(number)
    })
}

fn append_table(builder: &mut DocumentBuilder, table: &Table, depth: usize) {
    if let Some(caption) = &table.caption {
        builder.block(caption);
    }
    let mut first = true;
    for row in &table.rows {
        let cells: Vec<String> = row.cells.iter().map(|cell| one_line(&cell.plain_text())).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let line = cells.join(" | ");
            if first {
                builder.block(&line);
            } else {
                builder.line(&line);
            }
            first = false;
        }
    }
    if depth < MAX_NESTING {
        let inner = table.rows.iter().flat_map(|row| &row.cells).flat_map(|cell| &cell.nested_tables);
        inner.for_each(|table| append_table(builder, table, depth + 1));
    }
}
