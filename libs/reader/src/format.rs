//! Format detection: the first bytes must agree with the file name and the declared content type.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A supported format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Pdf,
    Docx,
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
    Zip { word: bool },
    Html,
    Feed,
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
            && !matches!(extension, "" | "xml" | "json")
        {
            return Err(Unsupported::Kind { found: format!(".{extension} ({})", content.describe()) });
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
            // Servers send `text/plain` and `text/html` for unknown types.
            Some(("content type", Self::Text | Self::Html)) => content.format(),
            Some((by, declared)) => Err(Unsupported::Mismatch { by, declared, found: content.describe() }),
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
            return Self::Zip { word: contains(head, b"word/") || contains(head, b"[Content_Types].xml") };
        }
        if contains(&head[..head.len().min(1024)], b"%PDF-") {
            return Self::Pdf;
        }
        if let Some(kind) = infer::get(head)
            && !matches!(kind.matcher_type(), infer::MatcherType::Text)
        {
            return Self::Other(kind.mime_type().to_owned());
        }
        let marked = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
        if !marked && head.contains(&0) {
            return Self::Other("binary data".to_owned());
        }
        Self::of_text(&String::from_utf8_lossy(head).replace('\0', "").to_lowercase())
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
        let opens = |text: &str| page.iter().any(|tag| text.starts_with(tag));
        if opens(head) || ((is_xml || head.starts_with("<!--")) && page.iter().any(|tag| head.contains(tag))) {
            return Self::Html;
        }
        if is_xml {
            return Self::Other("XML that is no feed".to_owned());
        }
        Self::Plain
    }

    fn may_be(&self, declared: Format) -> bool {
        match declared {
            Format::Pdf => matches!(self, Self::Pdf),
            Format::Docx => matches!(self, Self::Zip { .. }),
            Format::Html | Format::Markdown => matches!(self, Self::Html | Self::Plain),
            Format::Csv => matches!(self, Self::Plain),
            Format::Text => matches!(self, Self::Plain),
            Format::Feed => matches!(self, Self::Feed),
        }
    }

    fn format(&self) -> Result<Format, Unsupported> {
        match self {
            Self::Pdf => Ok(Format::Pdf),
            Self::Zip { word: true } => Ok(Format::Docx),
            Self::Html => Ok(Format::Html),
            Self::Feed => Ok(Format::Feed),
            Self::Plain => Ok(Format::Text),
            Self::Zip { word: false } | Self::Other(_) => Err(Unsupported::Kind { found: self.describe() }),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Pdf => "PDF".to_owned(),
            Self::Zip { word: true } => "an Office file".to_owned(),
            Self::Zip { word: false } => "a zip archive".to_owned(),
            Self::Html => "HTML".to_owned(),
            Self::Feed => "a feed".to_owned(),
            Self::Plain => "plain text".to_owned(),
            Self::Other(kind) => kind.clone(),
        }
    }
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
        let cases: [Case; 12] = [
            (Some("a.PDF"), Some("application/pdf"), b"%PDF-1.7\n", Format::Pdf),
            (Some("lease.docx"), Some(WORD), b"PK\x03\x04....[Content_Types].xml", Format::Docx),
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
        ];
        for (name, content_type, head, format) in cases {
            assert_eq!(Format::detect(name, content_type, head), Ok(format), "{name:?} {content_type:?}");
        }
    }

    #[test]
    fn what_disagrees_is_named() {
        let error = Format::detect(Some("a.pdf"), None, b"PK\x03\x04word/").unwrap_err();
        assert_eq!(error.to_string(), "the name says PDF, but the content is an Office file");
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
