//! Content type checks: the declared type must be accepted, and the first bytes must agree with it.

/// A kind of content the caller accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// HTML and XHTML.
    Html,
    Pdf,
    /// Plain text, Markdown, CSV.
    Text,
    /// RSS, Atom, and JSON Feed.
    Feed,
}

/// The type the first bytes suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SniffedType {
    Html,
    Pdf,
    Feed,
    Text,
    Binary,
}

/// A parsed `Content-Type` header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContentType {
    /// `type/subtype` in lower case; empty when the server named none.
    pub(crate) essence: String,
    /// The `charset` parameter in lower case.
    pub(crate) charset: Option<String>,
}

/// Bytes inspected. A PDF may begin anywhere in its first 1,024 bytes.
const SNIFF_LIMIT: usize = 1024;

impl ContentKind {
    fn media_types(self) -> &'static str {
        match self {
            Self::Html => "text/html, application/xhtml+xml",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain, text/markdown;q=0.9",
            Self::Feed => "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.8",
        }
    }

    fn declared_by(essence: &str) -> Option<Self> {
        Some(match essence {
            "text/html" | "application/xhtml+xml" => Self::Html,
            "application/pdf" | "application/x-pdf" => Self::Pdf,
            "text/plain" | "text/markdown" | "text/x-markdown" | "text/csv" => Self::Text,
            "application/rss+xml"
            | "application/atom+xml"
            | "application/rdf+xml"
            | "application/xml"
            | "text/xml"
            | "application/feed+json"
            | "application/json" => Self::Feed,
            _ => return None,
        })
    }
}

/// The `Accept` header that asks for `kinds`.
pub(crate) fn accept_header(kinds: &[ContentKind]) -> String {
    let types: Vec<&str> = kinds.iter().map(|kind| kind.media_types()).collect();
    types.join(", ")
}

impl ContentType {
    pub(crate) fn parse(header: Option<&[u8]>) -> Self {
        let header = String::from_utf8_lossy(header.unwrap_or_default()).to_ascii_lowercase();
        let mut parts = header.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_owned();
        let charset = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim() == "charset")
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
            .filter(|charset| !charset.is_empty());
        Self { essence, charset }
    }

    /// Whether the body is worth reading: false when it cannot be one of `accept`, whatever its bytes.
    pub(crate) fn may_be(&self, accept: &[ContentKind]) -> bool {
        if self.is_generic() {
            return true;
        }
        let possible: &[ContentKind] = match ContentKind::declared_by(&self.essence) {
            Some(ContentKind::Html | ContentKind::Feed) => &[ContentKind::Html, ContentKind::Feed],
            Some(ContentKind::Text) => &[ContentKind::Text],
            Some(ContentKind::Pdf) => &[ContentKind::Pdf],
            None => &[],
        };
        possible.iter().any(|kind| accept.contains(kind))
    }

    /// The kind that declared type and bytes agree on. Pages and feeds are often declared as each other, so there the
    /// bytes decide; a generic type needs bytes that are unambiguous.
    pub(crate) fn kind(&self, body: &[u8]) -> Option<ContentKind> {
        let sniffed = self.sniff(body);
        if self.is_generic() {
            return match sniffed {
                SniffedType::Pdf => Some(ContentKind::Pdf),
                SniffedType::Html => Some(ContentKind::Html),
                SniffedType::Feed => Some(ContentKind::Feed),
                SniffedType::Text if self.essence.is_empty() => Some(ContentKind::Text),
                SniffedType::Text | SniffedType::Binary => None,
            };
        }
        match (ContentKind::declared_by(&self.essence)?, sniffed) {
            (ContentKind::Pdf, SniffedType::Pdf) => Some(ContentKind::Pdf),
            (ContentKind::Pdf, _) | (_, SniffedType::Pdf | SniffedType::Binary) => None,
            (ContentKind::Text, _) => Some(ContentKind::Text),
            (ContentKind::Html | ContentKind::Feed, SniffedType::Html) => Some(ContentKind::Html),
            (ContentKind::Html | ContentKind::Feed, SniffedType::Feed) => Some(ContentKind::Feed),
            (declared, SniffedType::Text) => Some(declared),
        }
    }

    fn is_generic(&self) -> bool {
        matches!(self.essence.as_str(), "" | "application/octet-stream" | "binary/octet-stream")
    }

    fn sniff(&self, body: &[u8]) -> SniffedType {
        let head = &body[..body.len().min(SNIFF_LIMIT)];
        if head.windows(5).any(|window| window == b"%PDF-") && !starts_like_markup(head) {
            return SniffedType::Pdf;
        }
        if self.is_utf16_or_utf32() || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return SniffedType::Text;
        }
        if head.iter().any(|byte| is_binary(*byte)) {
            return SniffedType::Binary;
        }
        if !starts_like_markup(head) {
            return SniffedType::Text;
        }
        let head = head.to_ascii_lowercase();
        let has = |tag: &str| head.windows(tag.len()).any(|window| window == tag.as_bytes());
        if ["<!doctype html", "<html", "<head", "<body"].into_iter().any(has) {
            return SniffedType::Html;
        }
        if ["<rss", "<feed", "<rdf:rdf"].into_iter().any(has) {
            return SniffedType::Feed;
        }
        SniffedType::Text
    }

    /// Such text is full of zero bytes, so a search for ASCII finds nothing.
    fn is_utf16_or_utf32(&self) -> bool {
        self.charset.as_ref().is_some_and(|charset| charset.starts_with("utf-16") || charset.starts_with("utf-32"))
    }
}

fn starts_like_markup(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.trim_ascii_start().starts_with(b"<")
}

/// Bytes that no text holds (WHATWG MIME Sniffing, "binary data byte").
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}
