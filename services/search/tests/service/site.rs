//! A site whose one page changes when the test says so.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use testkit::FakeServer;

#[derive(Default)]
struct Page {
    words: Mutex<String>,
    etag: Mutex<Option<String>>,
    down: Mutex<bool>,
    asked: AtomicUsize,
    not_modified: AtomicUsize,
}

pub(crate) struct Site {
    server: FakeServer,
    page: Arc<Page>,
}

impl Site {
    /// `/page` shows `words`; `/secret` is closed to robots; `/marks` has not one word.
    pub(crate) async fn start(words: &str) -> Self {
        let page = Arc::new(Page { words: Mutex::new(words.to_owned()), ..Page::default() });
        let router = Router::new()
            .route("/page", get(show))
            .route("/secret", get(show))
            .route("/marks", get(async || Html("<title>\u{2026}</title><main><p>\u{2014} ! \u{2026}</p></main>")))
            .route("/robots.txt", get(async || "User-agent: *\nDisallow: /secret\n"))
            .with_state(Arc::clone(&page));
        Self { server: FakeServer::start(router).await, page }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    pub(crate) fn say(&self, words: &str) {
        words.clone_into(&mut self.page.words.lock().unwrap());
    }

    pub(crate) fn set_etag(&self, etag: &str) {
        *self.page.etag.lock().unwrap() = Some(etag.to_owned());
    }

    pub(crate) fn break_down(&self) {
        *self.page.down.lock().unwrap() = true;
    }

    pub(crate) fn asked(&self) -> usize {
        self.page.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn not_modified(&self) -> usize {
        self.page.not_modified.load(Ordering::SeqCst)
    }
}

async fn show(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    page.asked.fetch_add(1, Ordering::SeqCst);
    if *page.down.lock().unwrap() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let html = format!(
        "<html lang=\"en\"><head><title>A page</title></head><body><main><article><h1>A page</h1><p>{}</p>\
         </article></main></body></html>",
        page.words.lock().unwrap()
    );
    let Some(etag) = page.etag.lock().unwrap().clone() else { return Html(html).into_response() };
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value == etag.as_str()) {
        page.not_modified.fetch_add(1, Ordering::SeqCst);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, etag)], Html(html)).into_response()
}
