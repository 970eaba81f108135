//! The public APIs of Wikipedia, Wikidata, arXiv, Crossref, OpenAlex, Hacker News, Stack Exchange and GitHub, on
//! one server, each below its own path. They refuse what the real ones refuse, parameters they do not know and
//! clients that do not say who they are.

mod answers;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::json;

use crate::{FakeServer, Fault};

/// One of the upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FakeEngine {
    Wikipedia,
    Wikidata,
    Arxiv,
    Crossref,
    OpenAlex,
    HackerNews,
    StackExchange,
    GitHub,
}

/// Required and optional parameters of an upstream's search. A value after `=` is the only one accepted.
struct Rules {
    required: &'static [&'static str],
    optional: &'static [&'static str],
    /// The parameter that holds the words.
    words: &'static str,
    /// The parameter that bounds the number of results.
    limit: &'static str,
    /// The type of its answers.
    kind: &'static str,
}

const JSON: &str = "application/json";

impl FakeEngine {
    fn rules(self) -> Rules {
        let (required, optional, words, limit, kind): (&[_], &[_], _, _, _) = match self {
            Self::Wikipedia => (
                &["action=query", "list=search", "srsearch", "format=json", "formatversion=2"],
                &["srlimit", "sroffset", "srprop", "srinfo"],
                "srsearch",
                "srlimit",
                JSON,
            ),
            Self::Wikidata => (
                &["action=wbsearchentities", "search", "language", "format=json"],
                &["uselang", "type=item", "limit", "continue"],
                "search",
                "limit",
                JSON,
            ),
            Self::Arxiv => (
                &["search_query"],
                &["start", "max_results", "sortBy=relevance"],
                "search_query",
                "max_results",
                "application/atom+xml",
            ),
            Self::Crossref => (&["query"], &["rows", "offset", "select", "filter"], "query", "rows", JSON),
            Self::OpenAlex => {
                (&["search"], &["per_page", "page", "select", "filter", "api_key"], "search", "per_page", JSON)
            }
            Self::HackerNews => {
                (&["query"], &["tags=story", "hitsPerPage", "page", "numericFilters"], "query", "hitsPerPage", JSON)
            }
            Self::StackExchange => (
                &["q", "site=stackoverflow"],
                &["order=desc", "sort=relevance", "page", "pagesize", "filter=withbody", "fromdate"],
                "q",
                "pagesize",
                JSON,
            ),
            Self::GitHub => (&["q"], &["per_page", "page"], "q", "per_page", JSON),
        };
        Rules { required, optional, words, limit, kind }
    }
}

/// A request as an upstream saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineCall {
    pub engine: FakeEngine,
    /// Of Wikipedia: the edition.
    pub language: Option<String>,
    pub parameters: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Script {
    faults: BTreeMap<FakeEngine, Fault>,
    calls: Vec<EngineCall>,
    /// What Stack Exchange asks for beside its next answers.
    backoff: Option<u64>,
}

type Shared = Arc<Mutex<Script>>;

/// All the upstreams on one loopback server.
///
/// Each finds three results for any query, titled `{words} ({engine} {n})` with `n` from 1, dated where the real
/// one dates.
#[derive(Debug)]
pub struct FakeEngines {
    server: FakeServer,
    script: Shared,
}

impl FakeEngines {
    pub async fn start() -> Self {
        let script = Shared::default();
        let mut router = Router::new().route("/wikipedia/{lang}/w/api.php", get(wikipedia));
        for (path, engine) in [
            ("/wikidata/w/api.php", FakeEngine::Wikidata),
            ("/arxiv/api/query", FakeEngine::Arxiv),
            ("/crossref/works", FakeEngine::Crossref),
            ("/openalex/works", FakeEngine::OpenAlex),
            ("/hacker-news/api/v1/search", FakeEngine::HackerNews),
            ("/stack-exchange/2.3/search/advanced", FakeEngine::StackExchange),
            ("/github/search/repositories", FakeEngine::GitHub),
        ] {
            let handler =
                async move |State(script): State<Shared>, headers: HeaderMap, Query(parameters): Parameters| {
                    serve(engine, None, &script, &headers, &parameters).await
                };
            router = router.route(path, get(handler));
        }
        Self { server: FakeServer::start(router.with_state(Arc::clone(&script))).await, script }
    }

    /// The base address to configure for an upstream; Wikipedia's holds `{lang}`.
    pub fn base(&self, engine: FakeEngine) -> String {
        let path = match engine {
            FakeEngine::Wikipedia => "wikipedia/{lang}",
            FakeEngine::Wikidata => "wikidata",
            FakeEngine::Arxiv => "arxiv",
            FakeEngine::Crossref => "crossref",
            FakeEngine::OpenAlex => "openalex",
            FakeEngine::HackerNews => "hacker-news",
            FakeEngine::StackExchange => "stack-exchange",
            FakeEngine::GitHub => "github",
        };
        format!("{}/{path}", self.server.url())
    }

    /// How an upstream misbehaves; `None` ends it.
    pub fn set_fault(&self, engine: FakeEngine, fault: Option<Fault>) {
        let mut script = self.script();
        match fault {
            Some(fault) => script.faults.insert(engine, fault),
            None => script.faults.remove(&engine),
        };
    }

    /// Seconds of silence Stack Exchange asks for beside its answers.
    pub fn set_backoff(&self, seconds: Option<u64>) {
        self.script().backoff = seconds;
    }

    /// The searches so far, in order.
    pub fn calls(&self) -> Vec<EngineCall> {
        self.script().calls.clone()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no panic while locked")
    }
}

type Parameters = Query<HashMap<String, String>>;

async fn wikipedia(
    State(script): State<Shared>,
    Path(language): Path<String>,
    headers: HeaderMap,
    Query(parameters): Parameters,
) -> Response<Body> {
    if parameters.get("action").is_some_and(|action| action == "opensearch") {
        let search = parameters.get("search").cloned().unwrap_or_default();
        let titles = [format!("{search} (film)"), format!("{search} (city)")];
        return Json(json!([search, titles, ["", ""], ["", ""]])).into_response();
    }
    serve(FakeEngine::Wikipedia, Some(language), &script, &headers, &parameters).await
}

async fn serve(
    engine: FakeEngine,
    language: Option<String>,
    script: &Shared,
    headers: &HeaderMap,
    parameters: &HashMap<String, String>,
) -> Response<Body> {
    let (fault, backoff) = {
        let mut script = script.lock().expect("no panic while locked");
        let parameters = parameters.clone().into_iter().collect();
        script.calls.push(EngineCall { engine, language, parameters });
        (script.faults.get(&engine).cloned(), script.backoff)
    };
    if let Some(refusal) = refuse(engine, headers, parameters) {
        return refusal;
    }
    let rules = engine.rules();
    if let Some(response) = fault.as_ref().and_then(|fault| fault.response(rules.kind)) {
        return response;
    }
    match fault {
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        Some(Fault::ErrorBody) => return answers::error(engine),
        _ => {}
    }
    let words = parameters.get(rules.words).cloned().unwrap_or_default();
    let limit = parameters.get(rules.limit).and_then(|limit| limit.parse().ok()).unwrap_or(10);
    let count = if fault == Some(Fault::Empty) { 0 } else { limit.min(3) };
    answers::found(engine, &words, count, backoff)
}

/// The refusal of a client without a name and an address, or of a request the upstream would not understand.
fn refuse(engine: FakeEngine, headers: &HeaderMap, parameters: &HashMap<String, String>) -> Option<Response<Body>> {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !agent.contains('/') || !(agent.contains('@') || agent.contains("+http")) {
        return Some((StatusCode::FORBIDDEN, "a user agent with a contact address is required").into_response());
    }
    let github_header = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/vnd.github+json");
    if engine == FakeEngine::GitHub && !github_header {
        return Some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong Accept").into_response());
    }
    let rules = engine.rules();
    let fits = |rule: &&str, name: &str, value: &str| match rule.split_once('=') {
        Some((rule, only)) => rule == name && only == value,
        None => *rule == name && !value.is_empty(),
    };
    let known = |(name, value): (&String, &String)| {
        rules.required.iter().chain(rules.optional).any(|rule| fits(rule, name, value))
    };
    let given = |rule: &&str| parameters.iter().any(|(name, value)| fits(rule, name, value));
    let wrong = parameters.iter().find(|&parameter| !known(parameter)).map(|(name, _)| name.clone());
    let missing = rules.required.iter().find(|rule| !given(rule)).map(|&rule| rule.to_owned());
    let fault = wrong.or(missing)?;
    Some((StatusCode::BAD_REQUEST, Json(json!({"message": format!("parameter {fault}")}))).into_response())
}
