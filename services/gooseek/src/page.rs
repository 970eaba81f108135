//! The web page at `/`: assets compiled into the binary, served with a strict Content-Security-Policy.

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// Scripts and styles come from this server only; trusted types prevent scripts from turning text into markup.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                                       connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
                                       require-trusted-types-for 'script'";

macro_rules! assets {
    ($($name:literal: $kind:literal),* $(,)?) => {
        [$(($name, $kind, include_str!(concat!("../page/", $name)))),*]
    };
}

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

pub(crate) fn routes() -> Router {
    let assets = assets!(
        "style.css": "css", "answer.css": "css", "files.css": "css",
        "icon.svg": "image/svg+xml",
        "answer.js": "js", "api.js": "js", "app.js": "js", "ask.js": "js", "citations.js": "js", "dom.js": "js",
        "filerow.js": "js", "files.js": "js", "i18n.js": "js", "inline.js": "js", "markdown.js": "js",
        "messages-en.js": "js", "messages-ru.js": "js", "notes.js": "js", "panel.js": "js",
        "passages.js": "js", "progress.js": "js", "projects.js": "js", "reasons.js": "js", "stream.js": "js",
        "threads.js": "js", "turn.js": "js", "uploads.js": "js",
    );
    let mut routes = Router::new()
        .route("/", get(|| async { asset("text/html; charset=utf-8", include_str!("../page/index.html")) }));
    for (name, kind, text) in assets {
        let kind = match kind {
            "js" => JS,
            "css" => CSS,
            other => other,
        };
        routes = routes.route(&format!("/page/{name}"), get(move || async move { asset(kind, text) }));
    }
    routes
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        // A newer binary may have newer assets, and all modules must be of one version.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    ];
    (headers, text).into_response()
}
