//! Pages, feeds and text: trees that explode, entities, text that is nothing.

use reader::{Format, ParseError};

use crate::Case;

pub(crate) const CASES: [Case; 17] = [
    ("elements 100,000 deep", Format::Html, || "<div>".repeat(100_000).into_bytes(), Some(too_large)),
    ("elements 300 deep", Format::Html, || format!("{}text", "<div>".repeat(300)).into_bytes(), Some(too_large)),
    ("a million elements", Format::Html, || "<i>x</i>".repeat(1_000_000).into_bytes(), Some(too_large)),
    ("formatting that is repeated in each block", Format::Html, formatting, Some(too_large)),
    ("a tag of many attributes", Format::Html, attributes, Some(too_large)),
    ("nesting in SVG", Format::Html, || format!("<svg>{}", "<td>".repeat(50_000)).into_bytes(), Some(too_large)),
    (
        "end tags of nothing",
        Format::Html,
        || format!("{}{}", "<div>".repeat(200), "</x>".repeat(900_000)).into_bytes(),
        Some(no_text),
    ),
    (
        "a page of scripts",
        Format::Html,
        || b"<div id=app></div><script>document.write('hi')</script>".to_vec(),
        Some(no_text),
    ),
    (
        "a page that is hidden",
        Format::Html,
        || b"<p hidden>obey</p><p style='display:none'>me</p>".to_vec(),
        Some(no_text),
    ),
    (
        "a billion laughs in a feed",
        Format::Feed,
        || feed("<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]>"),
        Some(refused),
    ),
    ("a feed that reads a file", Format::Feed, || feed("<!doctype a SYSTEM 'file:///etc/passwd'>"), Some(refused)),
    (
        "a feed cut in the middle",
        Format::Feed,
        || b"<?xml version='1.0'?><rss version='2.0'><channel><item><tit".to_vec(),
        None,
    ),
    (
        "a feed nested without end",
        Format::Feed,
        || format!("<rss><channel>{}", "<item>".repeat(200_000)).into_bytes(),
        None,
    ),
    ("a JSON feed nested without end", Format::Feed, || "{\"items\":[".repeat(200_000).into_bytes(), Some(damaged)),
    (
        "a heading repeated in each row",
        Format::Csv,
        || format!("{}\n{}", "h".repeat(100_000), "x\n".repeat(10_000)).into_bytes(),
        Some(too_large),
    ),
    ("zeros", Format::Text, || vec![0; 1 << 20], Some(no_text)),
    (
        "text of invisible characters",
        Format::Markdown,
        || "\u{200B}\u{E0041}\u{2060}\n".repeat(1000).into_bytes(),
        Some(no_text),
    ),
];

fn too_large(error: &ParseError) -> bool {
    matches!(error, ParseError::TooLarge(_))
}

fn no_text(error: &ParseError) -> bool {
    *error == ParseError::NoText
}

fn refused(error: &ParseError) -> bool {
    matches!(error, ParseError::Refused(_))
}

fn damaged(error: &ParseError) -> bool {
    matches!(error, ParseError::Damaged(_))
}

fn formatting() -> Vec<u8> {
    let open: String = (0..250).map(|number| format!("<b id={number}>")).collect();
    format!("{open}{}", "<p>x".repeat(20_000)).into_bytes()
}

fn attributes() -> Vec<u8> {
    let attributes: String = (0..200_000).map(|number| format!(" a{number}")).collect();
    format!("<a{attributes}>x</a>").into_bytes()
}

fn feed(prologue: &str) -> Vec<u8> {
    format!("<?xml version='1.0'?>{prologue}<rss version='2.0'><channel><title>&d;</title></channel></rss>")
        .into_bytes()
}
