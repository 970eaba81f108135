//! SearXNG as its users meet it, traps included: unknown engine names are ignored, formats must be switched on,
//! `!!` redirects, dates come without a zone, and all engines failing is a 200 without results.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, Response, StatusCode, header},
    response::{Html, IntoResponse, Redirect},
    routing::get,
};
use serde_json::{Value, json};

use crate::{FakeServer, faults};

/// The engines this instance has, with their category and whether they are enabled by default.
const ENGINES: [(&str, &str, bool); 8] = [
    ("duckduckgo", "general", true),
    ("google", "general", true),
    ("bing news", "news", true),
    ("arxiv", "science", true),
    ("google scholar", "science", true),
    ("pubmed", "science", false),
    ("stackoverflow", "it", true),
    ("github", "it", true),
];

/// Pages of the site that results point to.
const PAGES: u64 = 2000;

/// How the whole instance misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearxngFault {
    /// The limiter answers 429 with a page.
    Limiter,
    /// Status 200, no results, every engine that was asked is unresponsive.
    AllUnresponsive,
    /// The first engine that was asked is unresponsive, the others find nothing.
    OneUnresponsive,
    /// Status 200 and a page, as from a login in front of it.
    Page,
    /// `application/json` that is not JSON.
    Garbage,
    /// The connection breaks in the middle of the answer.
    Cut,
    /// Any other status, with a text body.
    Status(u16),
}

#[derive(Debug, Default)]
struct Script {
    site: String,
    formats: Vec<String>,
    results: HashMap<String, Vec<Value>>,
    delay: Duration,
    fault: Option<SearxngFault>,
    calls: Vec<HashMap<String, String>>,
}

type Shared = Arc<Mutex<Script>>;

/// A SearXNG instance on loopback.
#[derive(Debug)]
pub struct FakeSearxng {
    server: FakeServer,
    script: Shared,
}

impl FakeSearxng {
    /// An instance that answers in JSON and finds, for any query, ten pages `{site}/a/{n}`.
    pub async fn start(site: &str) -> Self {
        let script = Script {
            site: site.trim_end_matches('/').to_owned(),
            formats: vec!["html".to_owned(), "json".to_owned()],
            ..Script::default()
        };
        let script = Arc::new(Mutex::new(script));
        let router = Router::new()
            .route("/search", get(search))
            .route("/", get(search))
            .route("/config", get(config))
            .route("/healthz", get(async || "OK"))
            .route("/autocompleter", get(complete))
            .with_state(Arc::clone(&script));
        Self { server: FakeServer::start(router).await, script }
    }

    /// Its base address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The results of one query text, in SearXNG's own shape; other queries keep the ten default pages.
    pub fn set_results(&self, query: &str, results: Vec<Value>) {
        self.script().results.insert(query.to_owned(), results);
    }

    /// The formats switched on in its settings; a fresh SearXNG has only `html`.
    pub fn set_formats(&self, formats: &[&str]) {
        self.script().formats = formats.iter().map(|&format| format.to_owned()).collect();
    }

    /// How long each search takes.
    pub fn set_delay(&self, delay: Duration) {
        self.script().delay = delay;
    }

    /// How all searches fail; `None` ends it.
    pub fn set_fault(&self, fault: Option<SearxngFault>) {
        self.script().fault = fault;
    }

    /// The parameters of every search so far.
    pub fn calls(&self) -> Vec<HashMap<String, String>> {
        self.script().calls.clone()
    }

    /// One result of each shape that has tripped a client: no address, no title, markup, a date without zone, an
    /// address that is not a web page, extra fields of a typed engine.
    pub fn odd_results(site: &str) -> Vec<Value> {
        vec![
            json!({"url": null, "title": "", "content": "", "template": "keyvalue.html", "engine": "duckduckgo",
                   "kvmap": {"height": "8849 m"}, "caption": "Everest", "parsed_url": null}),
            json!({"url": format!("{site}/a/1"), "title": "<b>One</b> &amp; only", "content": "has <b>markup</b>",
                   "engine": "google", "publishedDate": "2026-03-01T10:00:00", "pubdate": "2026-03-01 10:00:00"}),
            json!({"url": "magnet:?xt=urn:btih:abc", "title": "A torrent", "content": "", "engine": "google",
                   "publishedDate": null}),
            json!({"url": format!("{site}/a/2"), "title": null, "content": null, "engine": "bing news",
                   "metadata": "Source | 3 hours ago", "thumbnail": "", "length": 95.0, "views": "12", "author": "",
                   "iframe_src": "", "audio_src": "", "open_group": false, "close_group": false}),
            json!({"url": format!("{site}/a/3"), "title": "Clip", "content": "", "template": "videos.html",
                   "length": "12:34", "engine": "google"}),
        ]
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no panic while locked")
    }
}

async fn search(State(script): State<Shared>, Query(parameters): Query<HashMap<String, String>>) -> Response<Body> {
    let (delay, fault) = {
        let mut script = script.lock().expect("no panic while locked");
        script.calls.push(parameters.clone());
        (script.delay, script.fault.clone())
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match fault {
        Some(SearxngFault::Limiter) => {
            return (StatusCode::TOO_MANY_REQUESTS, Html("<title>Too Many Requests</title>")).into_response();
        }
        Some(SearxngFault::Page) => return Html("<title>Sign in</title>").into_response(),
        Some(SearxngFault::Garbage) => {
            return ([(header::CONTENT_TYPE, "application/json")], "{\"query\": <").into_response();
        }
        Some(SearxngFault::Cut) => return faults::cut("application/json", "{\"query\": \""),
        Some(SearxngFault::Status(status)) => return faults::failure(status, None),
        Some(SearxngFault::AllUnresponsive | SearxngFault::OneUnresponsive) | None => {}
    }
    let script = script.lock().expect("no panic while locked");
    answer(&script, &parameters, fault.as_ref()).unwrap_or_else(|refusal| *refusal)
}

fn answer(
    script: &Script,
    parameters: &HashMap<String, String>,
    fault: Option<&SearxngFault>,
) -> Result<Response<Body>, Box<Response<Body>>> {
    let query = parameters.get("q").map(String::as_str).unwrap_or_default().trim();
    let format = parameters.get("format").map_or("html", String::as_str);
    if ["json", "csv", "rss"].contains(&format) && !script.formats.iter().any(|on| on == format) {
        return Err(Box::new((StatusCode::FORBIDDEN, Html("<title>403 Forbidden</title>")).into_response()));
    }
    // A format it has never heard of is shown as a page, like html itself.
    if format != "json" {
        return Err(Box::new(Html(format!("<title>{query} - SearXNG</title>")).into_response()));
    }
    if query.is_empty() {
        return Err(bad_request("No query"));
    }
    check(parameters)?;
    if query.split_whitespace().any(|word| word.starts_with("!!")) {
        return Err(Box::new(Redirect::to("https://elsewhere.example/?q=").into_response()));
    }
    let engines = engines(parameters);
    let (results, unresponsive): (Vec<Value>, Vec<Value>) = match fault {
        Some(SearxngFault::AllUnresponsive) => {
            (Vec::new(), engines.iter().map(|name| json!([name, "timeout"])).collect())
        }
        Some(SearxngFault::OneUnresponsive) => (Vec::new(), vec![json!([engines[0], "Suspended: CAPTCHA"])]),
        _ => match script.results.get(query) {
            Some(results) => (results.clone(), Vec::new()),
            None => (results(script, query, &engines), Vec::new()),
        },
    };
    let body = json!({"query": query, "results": results, "answers": [], "corrections": [], "infoboxes": [],
        "suggestions": [format!("{query} explained")], "unresponsive_engines": unresponsive});
    Ok(Json(body).into_response())
}

fn check(parameters: &HashMap<String, String>) -> Result<(), Box<Response<Body>>> {
    let invalid = |name: &str, value: &str| bad_request(&format!("Invalid value {value} for parameter {name}"));
    for (name, value) in parameters {
        let valid = match name.as_str() {
            "pageno" => value.parse::<u32>().is_ok_and(|page| page >= 1),
            "safesearch" => ["0", "1", "2"].contains(&value.as_str()),
            "time_range" => ["day", "week", "month", "year"].contains(&value.as_str()),
            "language" => is_language(value),
            _ => true,
        };
        if !valid {
            return Err(invalid(name, value));
        }
    }
    Ok(())
}

/// `auto`, or `^[a-z]{2,3}(-[a-zA-Z]{2})?$`.
fn is_language(value: &str) -> bool {
    let mut parts = value.split('-');
    let language = parts.next().unwrap_or_default();
    let region = parts.next();
    value == "auto"
        || ((2..=3).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_lowercase())
            && region.is_none_or(|region| region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_alphabetic()))
            && parts.next().is_none())
}

fn bad_request(message: &str) -> Box<Response<Body>> {
    Box::new((StatusCode::BAD_REQUEST, Json(json!({"error": message}))).into_response())
}

/// Those named that exist together with those of the categories; the default ones when that leaves nobody.
fn engines(parameters: &HashMap<String, String>) -> Vec<&'static str> {
    let listed = |name: &str, value: &str| {
        parameters.get(name).is_some_and(|list| list.split(',').any(|each| each.trim() == value))
    };
    let chosen = |(name, category, enabled): &(&'static str, &str, bool)| {
        listed("engines", name) || (*enabled && listed("categories", category))
    };
    let named: Vec<_> = ENGINES.iter().filter(|engine| chosen(engine)).map(|engine| engine.0).collect();
    if !named.is_empty() {
        return named;
    }
    ENGINES.iter().filter(|engine| engine.1 == "general").map(|engine| engine.0).collect()
}

/// Ten pages that depend on nothing but the query, in both families of results by turns.
fn results(script: &Script, query: &str, engines: &[&str]) -> Vec<Value> {
    let first = query.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let result = |place: u64| {
        let n = first.wrapping_add(place) % PAGES;
        let engine = engines[place as usize % engines.len()];
        let mut result = json!({"url": format!("{}/a/{n}", script.site), "title": crate::FakeWeb::title(n),
            "content": crate::FakeWeb::fact(n), "engine": engine, "engines": [engine], "positions": [place + 1],
            "score": 1.0 / (place + 1) as f64, "category": "general", "template": "default.html",
            "parsed_url": ["http", "site", format!("/a/{n}"), "", "", ""], "img_src": "", "thumbnail": "",
            "priority": "", "publishedDate": null});
        if place % 2 == 1 {
            result["publishedDate"] = json!(format!("{}T00:00:00", crate::FakeWeb::date(n)));
            result["pubdate"] = json!(format!("{} 00:00:00", crate::FakeWeb::date(n)));
            for (name, value) in
                [("iframe_src", ""), ("audio_src", ""), ("views", ""), ("author", ""), ("metadata", "")]
            {
                result[name] = json!(value);
            }
            result["length"] = Value::Null;
        }
        result
    };
    (0..10).map(result).collect()
}

async fn config() -> Json<Value> {
    let engine = |(name, category, enabled): (&str, &str, bool)| {
        json!({"name": name, "categories": [category], "shortcut": &name[..2], "enabled": enabled, "paging": true,
            "language_support": true, "languages": ["en", "ru"], "regions": ["en-US"], "safesearch": true,
            "time_range_support": true, "timeout": 3.0})
    };
    let engines: Vec<Value> = ENGINES.into_iter().map(engine).collect();
    Json(json!({"categories": ["general", "news", "science", "it"], "engines": engines, "plugins": [],
        "version": "2026.8.22+fake", "limiter": {"enabled": false}, "locales": {"en": "English"}}))
}

async fn complete(headers: HeaderMap, Query(parameters): Query<HashMap<String, String>>) -> Json<Value> {
    let query = parameters.get("q").map(String::as_str).unwrap_or_default();
    let list = json!([format!("{query} history"), format!("{query} price")]);
    let scripted = headers.get("x-requested-with").is_some_and(|value| value == "XMLHttpRequest");
    Json(if scripted { list } else { json!([query, list, [], [], {"google:suggestrelevance": [600, 550]}]) })
}
