//! Format detection: the first bytes decide; the name and the declared content type tell kinds of text apart and must
//! not contradict them.

use std::fmt;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::utf16;

/// Characters that no text has, such as a zero, are borne once, and in this share.
const MAX_CONTROLS: usize = 200;

/// A supported format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Pdf,
    Docx,
    Epub,
    Html,
    Markdown,
    Csv,
    Text,
    /// RSS, Atom or JSON Feed.
    Feed,
}

/// Why a file is not accepted: its content, and what was declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    #[error("the file is empty")]
    Empty,
    /// The format is not supported.
    #[error("files of this kind are not read: {found}")]
    Kind { found: String },
    /// The content does not match the declared name or type.
    #[error("the {by} says {declared}, but the content is {found}")]
    Mismatch { by: &'static str, declared: Format, found: String },
    /// The name and the type contradict each other.
    #[error("the name says {name}, but the content type says {content_type}")]
    Contradiction { name: Format, content_type: Format },
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
            Self::Epub => "EPUB",
            Self::Html => "HTML",
            Self::Markdown => "Markdown",
            Self::Csv => "CSV",
            Self::Text => "plain text",
            Self::Feed => "a feed",
        })
    }
}

/// The content type the first bytes suggest.
enum SniffedContent {
    Pdf,
    Zip(Option<Format>),
    Html,
    Feed,
    Xml,
    Plain,
    Other(String),
}

impl Format {
    /// The format of bytes that begin with `head` (the first 4 KiB are enough).
    ///
    /// `name` is a file name; pass `None` for web pages, where the extension of a path is unreliable.
    ///
    /// # Errors
    ///
    /// The content is not supported, or it does not match the name or the content type.
    pub fn detect(name: Option<&str>, content_type: Option<&str>, head: &[u8]) -> Result<Self, Unsupported> {
        if head.is_empty() {
            return Err(Unsupported::Empty);
        }
        let by_name = name.map(extension);
        let content = SniffedContent::of(head);
        if let Some(extension) = by_name.as_deref()
            && from_extension(extension).is_none()
            && !extension.is_empty()
            && let Some(found) = content.unreadable()
        {
            return Err(Unsupported::Kind { found: format!(".{extension} ({found})") });
        }
        let named = by_name.as_deref().and_then(from_extension);
        let typed = content_type.and_then(from_content_type);
        let declared = match (named, typed) {
            (Some(name), Some(typed)) if name != typed && !is_narrower(typed, name) => {
                return Err(Unsupported::Contradiction { name, content_type: typed });
            }
            (Some(name), _) => Some(("name", name)),
            (None, Some(typed)) => Some(("content type", typed)),
            (None, None) => None,
        };
        match declared {
            Some((_, declared)) if content.may_be(declared) => Ok(declared),
            // Servers send `text/plain` and `text/html` for unknown types, and pages are saved as text.
            Some(("content type", Self::Text | Self::Html)) => content.format(),
            Some(("name", Self::Text)) if matches!(content, SniffedContent::Html | SniffedContent::Feed) => {
                content.format()
            }
            Some((by, declared)) => Err(Unsupported::Mismatch { by, declared, found: content.describe() }),
            // A file of any name is text if its content is; a page that is XML is for programs.
            None if name.is_some() && matches!(content, SniffedContent::Xml) => Ok(Self::Text),
            None => content.format(),
        }
    }
}

fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

fn from_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "pdf" => Format::Pdf,
        "docx" => Format::Docx,
        "epub" => Format::Epub,
        "html" | "htm" | "xhtml" => Format::Html,
        "md" | "markdown" => Format::Markdown,
        "csv" | "tsv" | "tab" => Format::Csv,
        "txt" | "text" | "log" => Format::Text,
        "rss" | "atom" => Format::Feed,
        _ => return None,
    })
}

fn from_content_type(content_type: &str) -> Option<Format> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match essence.as_str() {
        "application/pdf" | "application/x-pdf" => Format::Pdf,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Format::Docx,
        "application/epub+zip" => Format::Epub,
        "text/html" | "application/xhtml+xml" => Format::Html,
        "text/markdown" | "text/x-markdown" => Format::Markdown,
        "text/csv" | "text/tab-separated-values" | "application/csv" => Format::Csv,
        "text/plain" => Format::Text,
        "application/rss+xml" | "application/atom+xml" | "application/rdf+xml" | "application/feed+json" => {
            Format::Feed
        }
        _ => return None,
    })
}

/// Whether `name` is a subtype of `typed`: Markdown and CSV are sent as plain text.
fn is_narrower(typed: Format, name: Format) -> bool {
    typed == Format::Text && matches!(name, Format::Markdown | Format::Csv)
}

impl SniffedContent {
    fn of(head: &[u8]) -> Self {
        if head.starts_with(b"PK\x03\x04") {
            let has = |words: &[u8]| contains(head, words);
            let book = has(b"mimetypeapplication/epub+zip").then_some(Format::Epub);
            return Self::Zip(book.or(has(b"word/").then_some(Format::Docx)));
        }
        if is_pdf(head) {
            return Self::Pdf;
        }
        if let Some(text) = as_text(head) {
            return Self::of_text(&text.replace('\0', "").to_lowercase());
        }
        match infer::get(head) {
            Some(kind) => Self::Other(kind.mime_type().to_owned()),
            None => Self::Other("binary data".to_owned()),
        }
    }

    fn of_text(head: &str) -> Self {
        let head =
            head.trim_start_matches(|char: char| char.is_whitespace() || matches!(char, '\u{FEFF}' | '\u{FFFD}'));
        let is_xml = head.starts_with("<?xml")
            || head.starts_with("<rss")
            || head.starts_with("<feed")
            || head.starts_with("<rdf");
        if is_xml && ["<rss", "<feed", "<rdf:rdf"].iter().any(|root| head.contains(root)) {
            return Self::Feed;
        }
        if head.starts_with('{') && head.contains("https://jsonfeed.org/version/") {
            return Self::Feed;
        }
        let page = ["<!doctype html", "<html", "<head", "<body"];
        let opens = page.iter().any(|tag| head.starts_with(tag)) && is_markup(head);
        if opens || ((is_xml || head.starts_with("<!--")) && page.iter().any(|tag| head.contains(tag))) {
            return Self::Html;
        }
        if is_xml { Self::Xml } else { Self::Plain }
    }

    /// What it is, if it can be read under no name.
    fn unreadable(&self) -> Option<String> {
        matches!(self, Self::Zip(None) | Self::Other(_)).then(|| self.describe())
    }

    fn may_be(&self, declared: Format) -> bool {
        match declared {
            Format::Pdf => matches!(self, Self::Pdf),
            Format::Docx | Format::Epub => matches!(self, Self::Zip(kind) if kind.is_none_or(|kind| kind == declared)),
            Format::Html | Format::Markdown => matches!(self, Self::Html | Self::Plain),
            Format::Csv => matches!(self, Self::Plain),
            Format::Text => matches!(self, Self::Plain | Self::Xml),
            Format::Feed => matches!(self, Self::Feed),
        }
    }

    fn format(&self) -> Result<Format, Unsupported> {
        match self {
            Self::Pdf => Ok(Format::Pdf),
            Self::Zip(Some(format)) => Ok(*format),
            Self::Html => Ok(Format::Html),
            Self::Feed => Ok(Format::Feed),
            Self::Plain => Ok(Format::Text),
            Self::Zip(None) | Self::Xml | Self::Other(_) => Err(Unsupported::Kind { found: self.describe() }),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Pdf => "PDF".to_owned(),
            Self::Zip(Some(Format::Epub)) => "EPUB".to_owned(),
            Self::Zip(Some(_)) => "an Office file".to_owned(),
            Self::Zip(None) => "a zip archive".to_owned(),
            Self::Html => "HTML".to_owned(),
            Self::Feed => "a feed".to_owned(),
            Self::Xml => "XML that is no feed".to_owned(),
            Self::Plain => "plain text".to_owned(),
            Self::Other(kind) => kind.clone(),
        }
    }
}

/// Whether a file is a PDF, perhaps with something before its header.
fn is_pdf(head: &[u8]) -> bool {
    let Some(at) = head[..head.len().min(1024)].windows(5).position(|window| window == b"%PDF-") else { return false };
    head[..at].trim_ascii().is_empty() || contains(&head[at..], b" obj")
}

/// The text of the first bytes of a text file.
fn as_text(head: &[u8]) -> Option<String> {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Some(encoding.decode(head).0.into_owned());
    }
    if let Some(encoding) = utf16::without_mark(head) {
        return Some(encoding.decode_without_bom_handling(head).0.into_owned());
    }
    let is_control = |byte: &&u8| matches!(byte, 0..=6 | 14..=26 | 28..=31 | 127);
    let controls = head.iter().filter(is_control).count();
    let complete = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The first bytes may end within a character.
        Err(error) => error.error_len().is_none(),
    };
    // Other charsets are not told from binary data by their bytes alone.
    let known =
        !complete && infer::get(head).is_some_and(|kind| !matches!(kind.matcher_type(), infer::MatcherType::Text));
    let borne = head.len() / MAX_CONTROLS + usize::from(controls * 2 < head.len());
    (!known && controls <= borne).then(|| String::from_utf8_lossy(head).into_owned())
}

/// Whether the first tag is followed by another, and not by words about it.
fn is_markup(head: &str) -> bool {
    head.split_once('>').is_none_or(|(_, rest)| rest.trim_start().is_empty() || rest.trim_start().starts_with('<'))
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::{Format, Unsupported};

    /// Name, content type, first bytes, and what they are.
    type Case = (Option<&'static str>, Option<&'static str>, &'static [u8], Format);

    const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

    #[test]
    fn name_type_and_content_agree() {
        let cases: [Case; 26] = [
            (Some("a.PDF"), Some("application/pdf"), b"%PDF-1.7\n", Format::Pdf),
            (Some("lease.docx"), Some(WORD), b"PK\x03\x04....[Content_Types].xml", Format::Docx),
            (Some("novel.epub"), Some("application/epub+zip"), b"PK\x03\x04....META-INF/container.xml", Format::Epub),
            (None, None, b"PK\x03\x04....mimetypeapplication/epub+zip", Format::Epub),
            (Some("a.html"), None, b"\xef\xbb\xbf <!DOCTYPE HTML>", Format::Html),
            (Some("notes.md"), Some("text/plain; charset=utf-8"), b"# Notes", Format::Markdown),
            (Some("t.csv"), Some("application/octet-stream"), b"a,b\n1,2\n", Format::Csv),
            (Some("dir.v2/readme.txt"), None, b"hello", Format::Text),
            (None, Some("application/rss+xml"), b"<?xml version=\"1.0\"?><rss>", Format::Feed),
            (Some("news.xml"), Some("text/xml"), b"<?xml version=\"1.0\"?>\n<feed>", Format::Feed),
            (None, Some("text/html; charset=utf-8"), b"<div>no doctype</div>", Format::Html),
            (None, Some("text/plain"), b"<!doctype html><p>x", Format::Html),
            (None, Some("text/html"), b"%PDF-1.4", Format::Pdf),
            (None, None, b"just words", Format::Text),
            (Some("README"), None, b"Read me first.", Format::Text),
            (Some("Dr. Meyer notes"), None, b"The group was 214 persons.", Format::Text),
            (Some("paper.rst"), Some("text/x-rst"), b"Pump\n====\n", Format::Text),
            (Some("film.srt"), None, b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n", Format::Text),
            (Some("boot.txt"), None, b"Boot ok\0\nThe watchdog timeout is 35 seconds.\n", Format::Text),
            (Some("wide.txt"), None, b"T\0h\0e\0 \0p\0u\0m\0p\0", Format::Text),
            (Some("about.txt"), None, b"<html> is the root element of a page.", Format::Text),
            (Some("page.txt"), None, b"<html><head><title>A page</title>", Format::Html),
            (Some("prices.txt"), None, b"BMW and MZ, ID3 and GIF89a: prices", Format::Text),
            (Some("about-pdf.org"), None, b"A file begins with %PDF-1.7 and ends with %%EOF.", Format::Text),
            (Some("settings.xml"), None, b"<?xml version=\"1.0\"?><settings><port>80</port></settings>", Format::Text),
            (Some("contract 1.2"), None, b"%PDF-1.7\n", Format::Pdf),
        ];
        for (name, content_type, head, format) in cases {
            assert_eq!(Format::detect(name, content_type, head), Ok(format), "{name:?} {content_type:?}");
        }
    }

    #[test]
    fn what_disagrees_is_named() {
        let error = Format::detect(Some("a.pdf"), None, b"PK\x03\x04word/").unwrap_err();
        assert_eq!(error.to_string(), "the name says PDF, but the content is an Office file");
        let error = Format::detect(Some("a.docx"), None, b"PK\x03\x04....mimetypeapplication/epub+zip").unwrap_err();
        assert_eq!(error.to_string(), "the name says DOCX, but the content is EPUB");
        let error = Format::detect(Some("a.txt"), None, b"\x89PNG\r\n\x1a\n\0\0").unwrap_err();
        assert_eq!(error.to_string(), "the name says plain text, but the content is image/png");
        let error = Format::detect(Some("a.md"), Some("application/pdf"), b"%PDF-1.4").unwrap_err();
        assert!(matches!(error, Unsupported::Contradiction { .. }), "{error}");
        let error = Format::detect(Some("a.exe"), None, b"MZ\0\0").unwrap_err();
        assert!(error.to_string().contains(".exe"), "{error}");
        assert_eq!(Format::detect(Some("a.txt"), None, b"").unwrap_err().to_string(), "the file is empty");
        assert!(Format::detect(None, None, b"PK\x03\x04other.txt").unwrap_err().to_string().contains("zip"));
        assert!(Format::detect(Some("a.csv"), None, &[0; 64]).unwrap_err().to_string().contains("binary"));
    }
}
