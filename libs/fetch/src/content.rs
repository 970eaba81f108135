//! Which content is accepted: the declared type must be on the list, and the first bytes must agree with it.

/// A kind of content a caller can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// HTML and XHTML.
    Html,
    Pdf,
    /// Plain text, Markdown, CSV.
    Text,
    /// RSS, Atom, and JSON Feed.
    Feed,
}

/// What the first bytes look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Html,
    Pdf,
    Feed,
    Text,
    Binary,
}

/// What `Content-Type` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContentType {
    /// `type/subtype` in lower case; empty when the server named none.
    pub(crate) essence: String,
    /// The `charset` parameter in lower case.
    pub(crate) charset: Option<String>,
}

/// Bytes looked at. A PDF may begin anywhere in its first 1,024 bytes.
const SNIFFED: usize = 1024;

impl Kind {
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
pub(crate) fn accept_header(kinds: &[Kind]) -> String {
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

    /// Whether the body is worth reading: false when no bytes could make it one of `accept`.
    pub(crate) fn may_be(&self, accept: &[Kind]) -> bool {
        if self.is_vague() {
            return true;
        }
        let possible: &[Kind] = match Kind::declared_by(&self.essence) {
            Some(Kind::Html | Kind::Feed) => &[Kind::Html, Kind::Feed],
            Some(Kind::Text) => &[Kind::Text],
            Some(Kind::Pdf) => &[Kind::Pdf],
            None => &[],
        };
        possible.iter().any(|kind| accept.contains(kind))
    }

    /// The kind that type and bytes agree on. Pages and feeds are often declared as each other, so there the bytes
    /// decide; a vague type needs bytes that are sure.
    pub(crate) fn kind(&self, body: &[u8]) -> Option<Kind> {
        let look = self.look(body);
        if self.is_vague() {
            return match look {
                Look::Pdf => Some(Kind::Pdf),
                Look::Html => Some(Kind::Html),
                Look::Feed => Some(Kind::Feed),
                Look::Text if self.essence.is_empty() => Some(Kind::Text),
                Look::Text | Look::Binary => None,
            };
        }
        match (Kind::declared_by(&self.essence)?, look) {
            (Kind::Pdf, Look::Pdf) => Some(Kind::Pdf),
            (Kind::Pdf, _) | (_, Look::Pdf | Look::Binary) => None,
            (Kind::Text, _) => Some(Kind::Text),
            (Kind::Html | Kind::Feed, Look::Html) => Some(Kind::Html),
            (Kind::Html | Kind::Feed, Look::Feed) => Some(Kind::Feed),
            (declared, Look::Text) => Some(declared),
        }
    }

    fn is_vague(&self) -> bool {
        matches!(self.essence.as_str(), "" | "application/octet-stream" | "binary/octet-stream")
    }

    fn look(&self, body: &[u8]) -> Look {
        let head = &body[..body.len().min(SNIFFED)];
        if head.windows(5).any(|window| window == b"%PDF-") && !starts_like_markup(head) {
            return Look::Pdf;
        }
        if self.is_wide() || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Look::Text;
        }
        if head.iter().any(|byte| is_binary(*byte)) {
            return Look::Binary;
        }
        if !starts_like_markup(head) {
            return Look::Text;
        }
        let head = head.to_ascii_lowercase();
        let has = |tag: &str| head.windows(tag.len()).any(|window| window == tag.as_bytes());
        if ["<!doctype html", "<html", "<head", "<body"].into_iter().any(has) {
            return Look::Html;
        }
        if ["<rss", "<feed", "<rdf:rdf"].into_iter().any(has) {
            return Look::Feed;
        }
        Look::Text
    }

    /// UTF-16 text is full of zero bytes and says nothing to a search for ASCII.
    fn is_wide(&self) -> bool {
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
