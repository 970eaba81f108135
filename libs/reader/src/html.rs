//! HTML pages: what is hidden goes, the main text is found, and one walk writes it down with its headings.

mod guard;
mod hidden;
mod meta;
mod table;
mod walk;

use dom_query::NodeRef;
use dom_smoothie::{Article, Config, Readability};
pub(crate) use meta::date;

use crate::document::{Builder, Document, some_line};
use crate::{Hints, ParseError, charset};

/// An article shorter than this (chars) is doubted: the whole body is read when it has much more.
const SHORT_ARTICLE: u64 = 400;

/// How much longer the body must be than a short article to be preferred.
const MUCH_MORE: u64 = 2;

/// Reads an HTML page.
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
        Some(main) if main.chars() >= SHORT_ARTICLE => main,
        short => longer(short, &html)?,
    };
    let mut document = builder.finish()?;
    document.title = title(article.as_ref(), &meta);
    document.author =
        meta.author.or_else(|| article.as_ref().and_then(|article| some_line(article.byline.as_deref()?)));
    document.published_at = meta.published_at;
    document.language = meta.language;
    Ok(document)
}

/// The text of a fragment of HTML, such as an entry of a feed, added to `builder`.
pub(crate) fn append_fragment(builder: &mut Builder, html: &str) -> Result<(), ParseError> {
    guard::check(html)?;
    let fragment = dom_query::Document::from(html);
    hidden::remove(&fragment)?;
    if let Some(body) = fragment.body() {
        walk::append(builder, body, walk::Scope::Article);
    }
    Ok(())
}

/// The heading of the whole page, if it has one.
fn headline(page: &dom_query::Document) -> Option<String> {
    let found = page.select("h1");
    let [headline] = found.nodes() else { return None };
    some_line(&headline.text())
}

/// The article under its headline, which is taken out of it where it is the title of the page, too.
fn main_text(page: &dom_query::Document, headline: Option<&str>) -> Builder {
    let found = page.select_single("#readability-page-1");
    let mut builder = Builder::default();
    let Some(node) = found.nodes().first() else { return builder };
    let headings = found.select("h1, h2");
    let is_there = |headline| headings.iter().any(|heading| some_line(&heading.text()).as_deref() == Some(headline));
    if let Some(headline) = headline.filter(|headline| !is_there(headline)) {
        builder.heading(1, headline);
    }
    let above = builder.chars();
    walk::append(&mut builder, *node, walk::Scope::Article);
    if builder.chars() == above { Builder::default() } else { builder }
}

/// The whole body when the article is missing or is a small part of it.
fn longer(article: Option<Builder>, html: &str) -> Result<Builder, ParseError> {
    let page = dom_query::Document::from(html);
    hidden::remove(&page)?;
    let mut builder = Builder::default();
    let body: Option<NodeRef<'_>> = page.body();
    if let Some(body) = body {
        walk::append(&mut builder, body, walk::Scope::Page);
    }
    Ok(match article {
        Some(article) if builder.chars() <= article.chars() * MUCH_MORE => article,
        _ => builder,
    })
}

fn title(article: Option<&Article>, meta: &meta::Meta) -> Option<String> {
    let found = article.and_then(|article| some_line(&article.title));
    meta.title.clone().or(found)
}
