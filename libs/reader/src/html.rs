//! HTML pages: removes hidden elements, extracts the main text and renders it with its headings.

mod guard;
mod hidden;
mod meta;
mod table;
mod text_writer;

use dom_query::NodeRef;
use dom_smoothie::{Article, Config, Readability};
pub(crate) use meta::date;

use crate::document::{Document, DocumentBuilder, non_empty_line};
use crate::{Hints, ParseError, charset};

/// If the extracted article is shorter (chars), the whole body is used when it has much more text.
const SHORT_ARTICLE_LIMIT: u64 = 400;

/// How many times longer than a short article the body must be to be preferred.
const BODY_PREFERENCE_FACTOR: u64 = 2;

/// Parses an HTML page.
pub(crate) fn parse(bytes: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    let html = charset::decode_html(bytes, hints.charset.as_deref());
    guard::check(&html)?;
    let page = dom_query::Document::from(html.as_ref());
    hidden::remove(&page)?;
    let meta = meta::read(&page);
    let headline = headline(&page);
    let config = Config { disable_json_ld: true, ..Config::default() };
    let mut readability =
        Readability::with_document(page, None, Some(config)).map_err(|error| ParseError::Damaged(error.to_string()))?;
    let article = readability.parse().ok();
    let main =
        article.as_ref().map(|_| main_text(&readability.doc, headline.as_deref())).filter(|main| !main.is_empty());
    let builder = match main {
        Some(main) if main.chars() >= SHORT_ARTICLE_LIMIT => main,
        short => prefer_longer(short, &html)?,
    };
    let mut document = builder.finish()?;
    document.title = title(article.as_ref(), &meta);
    document.author =
        meta.author.or_else(|| article.as_ref().and_then(|article| non_empty_line(article.byline.as_deref()?)));
    document.published_at = meta.published_at;
    document.language = meta.language;
    Ok(document)
}

/// Adds the text of an HTML fragment, such as a feed entry, to `builder`.
pub(crate) fn append_fragment(builder: &mut DocumentBuilder, html: &str) -> Result<(), ParseError> {
    guard::check(html)?;
    let fragment = dom_query::Document::from(html);
    hidden::remove(&fragment)?;
    if let Some(body) = fragment.body() {
        text_writer::append(builder, body, text_writer::Scope::Article);
    }
    Ok(())
}

/// The heading of the whole page, if it has one.
fn headline(page: &dom_query::Document) -> Option<String> {
    let found = page.select("h1");
    let [headline] = found.nodes() else { return None };
    non_empty_line(&headline.text())
}

/// The article under its headline, which Readability removes if it is also the page title.
fn main_text(page: &dom_query::Document, headline: Option<&str>) -> DocumentBuilder {
    let found = page.select_single("#readability-page-1");
    let mut builder = DocumentBuilder::default();
    let Some(node) = found.nodes().first() else { return builder };
    let headings = found.select("h1, h2");
    let is_there =
        |headline| headings.iter().any(|heading| non_empty_line(&heading.text()).as_deref() == Some(headline));
    if let Some(headline) = headline.filter(|headline| !is_there(headline)) {
        builder.heading(1, headline);
    }
    let chars_before = builder.chars();
    text_writer::append(&mut builder, *node, text_writer::Scope::Article);
    if builder.chars() == chars_before { DocumentBuilder::default() } else { builder }
}

/// The whole body if the article is missing or a small part of it.
fn prefer_longer(article: Option<DocumentBuilder>, html: &str) -> Result<DocumentBuilder, ParseError> {
    let page = dom_query::Document::from(html);
    hidden::remove(&page)?;
    let mut builder = DocumentBuilder::default();
    let body: Option<NodeRef<'_>> = page.body();
    if let Some(body) = body {
        text_writer::append(&mut builder, body, text_writer::Scope::Page);
    }
    Ok(match article {
        Some(article) if builder.chars() <= article.chars() * BODY_PREFERENCE_FACTOR => article,
        _ => builder,
    })
}

fn title(article: Option<&Article>, meta: &meta::Meta) -> Option<String> {
    let found = article.and_then(|article| non_empty_line(&article.title));
    meta.title.clone().or(found)
}
