//! EPUB books: the chapters of the spine in order, each an XHTML page, under what the package says of the book.
//!
//! Tables of contents are left out. A chapter without headings has its title for one.

mod xhtml;

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;

use crate::archive::Parts;
use crate::coverage::{WordsKept, words};
use crate::document::{Document, DocumentBuilder};
use crate::xml::{self, Element};
use crate::{ParseError, charset, declared, html};

const CONTAINER: &str = "META-INF/container.xml";
const ENCRYPTION: &str = "META-INF/encryption.xml";
/// Authors that are named.
const MAX_AUTHORS: usize = 5;

/// Parses an EPUB file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, ParseError> {
    // Chapters may declare a document type: it means nothing in HTML.
    let mut parts = Parts::open(bytes, |name, _| name.starts_with("META-INF/") || name.ends_with(".opf"))?;
    let package = Package::read(&mut parts)?;
    let encrypted = encrypted(&mut parts)?;
    let mut builder = DocumentBuilder::default();
    let (mut total, mut read) = (0_u32, HashSet::new());
    for chapter in &package.chapters {
        if encrypted.contains(chapter) {
            return Err(ParseError::Encrypted);
        }
        // A chapter that is listed again is the same text.
        let Some(content) = parts.bytes(chapter)?.filter(|_| read.insert(chapter)) else { continue };
        let page = xhtml::as_html(&charset::decode_html(&content, None));
        total = total.saturating_add(html::append_chapter(&mut builder, &page)?);
        if builder.is_full() {
            break;
        }
    }
    let mut document = builder.finish()?;
    document.words_kept = Some(WordsKept::new(words(&document.text), total));
    package.describe(&mut document);
    Ok(document)
}

/// What the package document says.
struct Package {
    root: Element,
    /// Names of the parts in the order of reading.
    chapters: Vec<String>,
}

impl Package {
    fn read(parts: &mut Parts<'_>) -> Result<Self, ParseError> {
        let container = parts.elements(CONTAINER, "x:container")?;
        let root = container.at(&["x:rootfiles", "x:rootfile"]).and_then(|root| root.attribute("full-path"));
        let name = root.ok_or_else(|| ParseError::Damaged("it names no package".to_owned()))?;
        let package = parts.read(name)?.ok_or_else(|| ParseError::Damaged(format!("{name} is missing")))?;
        let package = xml::parse(&package, "x:package")?;
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let children = |name: &str| package.child(name).into_iter().flat_map(Element::elements);
        let pages: HashMap<&str, &Element> =
            children("x:manifest").filter_map(|item| Some((item.attribute("id")?, item))).collect();
        let chapter = |reference: &Element| {
            let item = pages.get(reference.attribute("idref")?)?;
            let is_page = item.attribute("media-type").is_some_and(|kind| kind.contains("html"));
            let properties = item.attribute("properties").unwrap_or_default();
            let is_contents = properties.split_whitespace().any(|property| property == "nav");
            (is_page && !is_contents).then(|| resolve(folder, item.attribute("href").unwrap_or_default()))
        };
        let chapters = children("x:spine").filter_map(chapter).collect();
        Ok(Self { root: package, chapters })
    }

    fn describe(&self, document: &mut Document) {
        let metadata = || self.root.child("x:metadata").into_iter().flat_map(Element::elements);
        let texts = |name: &'static str| metadata().filter(move |element| element.name == name);
        document.title = texts("x:title").find_map(|title| declared::title(&title.text()));
        let authors: Vec<String> =
            texts("x:creator").filter_map(|author| declared::author(&author.text())).take(MAX_AUTHORS).collect();
        document.author = (!authors.is_empty()).then(|| authors.join(", "));
        // Older books tell several dates apart by their events.
        let is_publication = |date: &&Element| date.attribute("event").is_none_or(|event| event == "publication");
        document.published_at = texts("x:date").filter(is_publication).find_map(|date| html::date(&date.text()));
        document.language = texts("x:language").next().map(Element::text);
    }
}

/// The parts that need a key; fonts may be among them.
fn encrypted(parts: &mut Parts<'_>) -> Result<HashSet<String>, ParseError> {
    let encryption = parts.elements(ENCRYPTION, "x:encryption")?;
    let name = |data: &Element| {
        let reference = data.at(&["x:CipherData", "x:CipherReference"])?;
        Some(resolve("", reference.attribute("URI")?))
    };
    Ok(encryption.elements().filter_map(name).collect())
}

/// The name of the part that `href` in a part of `folder` leads to.
fn resolve(folder: &str, href: &str) -> String {
    let path = href.split('#').next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    let mut names: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for name in path.split('/') {
        match name {
            ".." => drop(names.pop()),
            "." => {}
            name => names.push(name),
        }
    }
    names.retain(|name| !name.is_empty());
    names.join("/")
}
