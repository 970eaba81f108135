//! The web page at `/`: assets compiled into the binary, served compressed and with entity tags under a strict
//! Content-Security-Policy.

use std::{
    fmt::Write as _,
    io::Write as _,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

/// Scripts and styles come from this server only; trusted types prevent scripts from turning text into markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                                       connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
                                       require-trusted-types-for 'script'";

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../page/", $name)))),*]
    };
}

const INDEX: &str = "index.html";

const ASSETS: &[(&str, &str)] = &assets![
    "index.html",
    "style.css",
    "answer.css",
    "files.css",
    "account.js",
    "answer.js",
    "api.js",
    "app.js",
    "ask.js",
    "citations.js",
    "dom.js",
    "drops.js",
    "filerow.js",
    "files.js",
    "i18n.js",
    "inline.js",
    "markdown.js",
    "messages-en.js",
    "messages-ru.js",
    "notes.js",
    "panel.js",
    "passages.js",
    "progress.js",
    "projects.js",
    "reasons.js",
    "stream.js",
    "threads.js",
    "turn.js",
    "uploads.js",
    "welcome.js",
];

pub(crate) fn routes() -> Router {
    let mut routes = Router::new();
    for (name, text) in ASSETS.iter().copied().chain(auth_svc::SHARED_ASSETS) {
        let asset = Arc::new(Asset::new(name, text));
        let path = if name == INDEX { "/".to_owned() } else { format!("/page/{name}") };
        routes = routes.route(&path, get(move |headers: HeaderMap| async move { asset.answer(&headers) }));
    }
    routes
}

/// A file of the page.
struct Asset {
    kind: &'static str,
    text: &'static str,
    /// Of its content, without quotation marks.
    tag: String,
    /// Made when it is first asked for.
    packed: OnceLock<Bytes>,
}

impl Asset {
    fn new(name: &str, text: &'static str) -> Self {
        let kind = match name.rsplit_once('.') {
            Some((_, "html")) => "text/html; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        let mut tag = String::new();
        for byte in Sha256::digest(text).iter().take(12) {
            write!(tag, "{byte:02x}").expect("a string takes every write");
        }
        Self { kind, text, tag, packed: OnceLock::new() }
    }

    /// The file, or 304 to a browser that has it.
    fn answer(&self, request: &HeaderMap) -> Response {
        let packs = accepts_gzip(request);
        // The two forms differ in their bytes, and so in their tags.
        let tag = if packs { format!("\"{}-gzip\"", self.tag) } else { format!("\"{}\"", self.tag) };
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            // A newer binary may have newer assets, and all modules must be of one version: each is asked about again.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            // A 304 replaces the headers that the browser keeps, so it has this one too.
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        if has(request, &tag) {
            return (StatusCode::NOT_MODIFIED, headers, [(header::ETAG, tag)]).into_response();
        }
        let tag = [(header::ETAG, tag)];
        if packs {
            return (headers, tag, [(header::CONTENT_ENCODING, "gzip")], self.packed()).into_response();
        }
        (headers, tag, self.text).into_response()
    }

    fn packed(&self) -> Bytes {
        let pack = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(self.text.as_bytes()).expect("a vector takes every write");
            Bytes::from(encoder.finish().expect("a vector takes every write"))
        };
        self.packed.get_or_init(pack).clone()
    }
}

/// The members of a header that is a list.
fn members(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    members(headers, header::ACCEPT_ENCODING).any(|offer| {
        let (name, quality) = offer.split_once(';').unwrap_or((offer, ""));
        let quality = quality.trim().strip_prefix("q=").and_then(|quality| quality.parse::<f32>().ok());
        name.trim_end().eq_ignore_ascii_case("gzip") && quality.is_none_or(|quality| quality > 0.0)
    })
}

/// Whether the client has the form with this tag. A proxy may have marked the tag as weak.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    members(headers, header::IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io::Read as _};

    use flate2::read::GzDecoder;

    use super::*;

    fn answer(headers: &[(header::HeaderName, &str)]) -> (StatusCode, HeaderMap) {
        let asset = Asset::new("app.js", "export const name = \"GooSeek\";\n");
        let request: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let (parts, _) = asset.answer(&request).into_parts();
        (parts.status, parts.headers)
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let files = std::fs::read_dir("page").unwrap();
        let files: BTreeSet<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(files, ASSETS.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>());
    }

    #[test]
    fn a_file_is_compressed_for_whom_it_may_be() {
        let (_, plain) = answer(&[]);
        assert!(!plain.contains_key(header::CONTENT_ENCODING));
        for (offer, packs) in [("gzip", true), ("br;q=1.0, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)] {
            let (status, headers) = answer(&[(header::ACCEPT_ENCODING, offer)]);
            assert_eq!((status, headers.contains_key(header::CONTENT_ENCODING)), (StatusCode::OK, packs), "{offer}");
            assert_eq!(headers[header::VARY], "accept-encoding");
            assert_eq!(headers[header::ETAG] != plain[header::ETAG], packs, "{offer}");
        }
        let (name, text) = ASSETS[0];
        let mut unpacked = String::new();
        GzDecoder::new(&*Asset::new(name, text).packed()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let gzip = (header::ACCEPT_ENCODING, "gzip");
        let tag = answer(std::slice::from_ref(&gzip)).1[header::ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"old\", {tag}"), "*".to_owned()] {
            let (status, headers) = answer(&[gzip.clone(), (header::IF_NONE_MATCH, known.as_str())]);
            assert_eq!(status, StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(headers[header::CONTENT_SECURITY_POLICY], CONTENT_SECURITY_POLICY);
        }
        assert_eq!(answer(&[gzip, (header::IF_NONE_MATCH, "\"old\"")]).0, StatusCode::OK);
    }
}
