//! HTML pages and files: the text that a reader sees, with its structure, without what is around it.
//!
//! A file is read whole, less its navigation. A page of the web loses boilerplate too (`boilerplate.rs`), and only that:
//! nothing is left out because something else looks more like an article.

mod attribute_count;
mod boilerplate;
mod colour;
mod consent;
mod hidden;
mod inline;
mod kind;
mod meta;
mod page_fault;
mod parser;
mod refresh;
mod style;
mod style_sheet;
mod table;
mod text_writer;
mod tree;
mod tree_sink;

pub(crate) use meta::date;
pub use page_fault::PageFault;

use self::text_writer::Scope;
use self::tree::{NodeId, Tree};
use crate::coverage::{WordsKept, words};
use crate::document::{Document, DocumentBuilder, non_empty_line};
use crate::{Hints, ParseError, charset};

/// Elements and texts of a page, which is read in the process of the server.
const MAX_PAGE_NODES: usize = 300_000;

/// Elements and texts of a file, which is read in a process of its own.
const MAX_FILE_NODES: usize = 500_000;

/// A page that only points at another one says so within so many bytes.
const MAX_REFRESH_SEARCH: usize = 64 << 10;

/// Parses an HTML page or, without an address, an HTML file.
pub(crate) fn parse(bytes: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    let html = charset::decode_html(bytes, hints.charset.as_deref());
    let scope = if hints.url.is_some() { Scope::Page } else { Scope::File };
    let mut page = parser::parse(&html, if scope == Scope::Page { MAX_PAGE_NODES } else { MAX_FILE_NODES })?;
    let meta = meta::read(&page);
    hidden::drop_hidden(&mut page)?;
    let title = meta::title(&page);
    let author = meta::byline(&page);
    boilerplate::drop_navigation(&mut page);
    let total = visible_words(&page);
    if scope == Scope::Page {
        boilerplate::drop_boilerplate(&mut page);
    }
    let mut builder = DocumentBuilder::default();
    text_writer::append(&mut builder, &page, body(&page), scope);
    let mut document = builder.finish()?;
    document.words_kept = Some(WordsKept::new(words(&document.text), total));
    document.title = meta.title.or(title);
    document.author = meta.author.or(author);
    document.published_at = meta.published_at;
    document.language = meta.language;
    if scope == Scope::Page {
        let headings = headings(&page);
        document.fault = page_fault::recognise(document.title.as_deref(), &headings, &document.text, &html);
    }
    Ok(document)
}

/// Adds the text of an HTML fragment, such as a feed entry, to `builder`.
pub(crate) fn append_fragment(builder: &mut DocumentBuilder, html: &str) -> Result<(), ParseError> {
    let mut fragment = parser::parse(html, MAX_PAGE_NODES)?;
    hidden::drop_hidden(&mut fragment)?;
    text_writer::append(builder, &fragment, body(&fragment), Scope::File);
    Ok(())
}

/// Adds a chapter of a book to `builder`, under its title where it has no heading, and returns how many words a reader sees in it.
pub(crate) fn append_chapter(builder: &mut DocumentBuilder, html: &str) -> Result<u32, ParseError> {
    let mut page = parser::parse(html, MAX_FILE_NODES)?;
    hidden::drop_hidden(&mut page)?;
    boilerplate::drop_navigation(&mut page);
    builder.leave(1);
    let is_heading = |id: &NodeId| matches!(page.name(*id), "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    if !page.subtree(body(&page)).any(|id| is_heading(&id)) {
        let title = page.find("title").and_then(|id| non_empty_line(&page.raw_text(id)));
        title.into_iter().for_each(|title| builder.section(1, &title));
    }
    text_writer::append(builder, &page, body(&page), Scope::File);
    Ok(visible_words(&page))
}

/// Whether a start tag within a line of Markdown hides what is in its element.
pub(crate) fn hides_inline(tag: &str) -> bool {
    let Ok(mut element) = parser::parse(&format!("{tag}x"), MAX_PAGE_NODES) else { return true };
    let is_text = |page: &Tree| page.subtree(body(page)).any(|id| page.text(id).is_some());
    let is_raw = |page: &Tree| page.find("script").or(page.find("style")).is_some();
    is_raw(&element) || hidden::drop_hidden(&mut element).is_err() || !is_text(&element)
}

/// Where a page sends its readers with `<meta http-equiv=refresh>`, as written there: an address to be joined to that of
/// the page. `None` if it is meant to be read.
pub fn refresh_target(bytes: &[u8], hints: &Hints) -> Option<String> {
    let html = charset::decode_html(&bytes[..bytes.len().min(MAX_REFRESH_SEARCH)], hints.charset.as_deref());
    if !html.to_ascii_lowercase().contains("http-equiv") {
        return None;
    }
    refresh::target(&parser::parse(&html, MAX_PAGE_NODES).ok()?)
}

fn body(page: &Tree) -> NodeId {
    page.find("body").unwrap_or(page.root())
}

fn headings(page: &Tree) -> Vec<String> {
    let found = page.subtree(body(page)).filter(|id| matches!(page.name(*id), "h1" | "h2"));
    found.filter_map(|id| non_empty_line(&inline::inline_text(page, id))).take(5).collect()
}

/// Words that a reader sees: of everything but scripts and what was left out before.
fn visible_words(page: &Tree) -> u32 {
    let is_read = |id: NodeId| {
        page.parent(id).is_none_or(|parent| {
            !matches!(
                page.name(parent),
                "script" | "style" | "iframe" | "noframes" | "noembed" | "title" | "textarea" | "option"
            )
        })
    };
    let mut visible = String::new();
    for id in page.subtree(body(page)) {
        match page.text(id) {
            Some(text) if is_read(id) => visible.push_str(text),
            Some(_) => {}
            None if page.element(id).is_some_and(|element| !kind::element_kind(element).is_within_words()) => {
                visible.push(' ');
            }
            None => {}
        }
    }
    words(&visible)
}
