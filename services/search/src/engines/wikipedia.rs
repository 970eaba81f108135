//! Wikipedia in the user's language, through the MediaWiki action API.

use std::{collections::HashMap, sync::Mutex};

use fetch::operator::OperatorError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{
    Engine, EngineError, EngineResults, Pace, Query, SearchKind, UpstreamAccess,
    http::Upstream,
    query::{HitList, primary_language},
};

const NAME: &str = "wikipedia";

/// Editions large enough to search; other languages use the English one. The list also bounds the number of clients.
const EDITIONS: [&str; 37] = [
    "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hr", "hu", "hy",
    "id", "it", "ja", "ka", "ko", "lt", "nl", "no", "pl", "pt", "ro", "ru", "sr", "sv", "tr", "uk", "vi", "zh",
];

/// Longest search text that Wikipedia accepts, in characters.
const MAX_QUERY_CHARS: usize = 300;

/// Characters of a page title that stay as they are in its address.
const TITLE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.').remove(b'(').remove(b')').remove(b',').remove(b':');

/// Full-text search over one edition per language.
pub struct Wikipedia {
    base: String,
    access: UpstreamAccess,
    editions: Mutex<HashMap<String, Upstream>>,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    query: Option<QueryPart>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct QueryPart {
    #[serde(default)]
    searchinfo: SearchInfo,
    #[serde(default)]
    search: Vec<Page>,
}

#[derive(Debug, Default, Deserialize)]
struct SearchInfo {
    suggestion: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    title: String,
    #[serde(default)]
    snippet: String,
}

/// MediaWiki reports errors in a response with status 200.
#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    code: String,
}

impl ApiError {
    pub(super) fn into_engine_error(self) -> EngineError {
        match self.code.as_str() {
            "ratelimited" | "maxlag" | "cirrussearch-too-busy-error" => {
                EngineError::RateLimited { retry_after: None, advice: None }
            }
            "blocked" | "autoblocked" => EngineError::Blocked,
            code if code.starts_with("internal_api_error") => EngineError::Upstream { status: 200 },
            _ => EngineError::BadQuery { status: 200 },
        }
    }
}

impl Wikipedia {
    /// `base` is an address with `{lang}` in place of the edition: `https://{lang}.wikipedia.org`.
    pub fn new(base: impl Into<String>, access: &UpstreamAccess) -> Result<Self, OperatorError> {
        let base = base.into();
        let english = access.upstream(&base.replace("{lang}", "en"))?;
        let editions = Mutex::new(HashMap::from([("en".to_owned(), english)]));
        Ok(Self { base, access: access.clone(), editions })
    }

    fn edition(&self, language: Option<&str>) -> Result<Upstream, EngineError> {
        let language = language.and_then(primary_language).filter(|language| EDITIONS.contains(&language.as_str()));
        let language = language.unwrap_or_else(|| "en".to_owned());
        let mut editions = self.editions.lock().expect("no panic while locked");
        if let Some(upstream) = editions.get(&language) {
            return Ok(upstream.clone());
        }
        let upstream = self.access.upstream(&self.base.replace("{lang}", &language));
        let upstream = upstream.map_err(|error| EngineError::Misconfigured(error.to_string()))?;
        editions.insert(language, upstream.clone());
        Ok(upstream)
    }
}

#[async_trait::async_trait]
impl Engine for Wikipedia {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Web
    }

    fn sites(&self) -> &[&str] {
        &["wikipedia.org"]
    }

    fn pace(&self) -> Option<Pace> {
        Some(Pace { burst: 10, every: std::time::Duration::from_millis(200) })
    }

    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let edition = self.edition(query.language.as_deref())?;
        let words: String = query.text.chars().take(MAX_QUERY_CHARS).collect();
        let (limit, offset) = (query.limit.clamp(1, 50).to_string(), query.offset().to_string());
        let request = edition.get("/w/api.php").query(&[
            ("action", "query"),
            ("list", "search"),
            ("srsearch", words.as_str()),
            ("srlimit", &limit),
            ("sroffset", &offset),
            ("srprop", "snippet"),
            ("srinfo", "suggestion"),
            ("format", "json"),
            ("formatversion", "2"),
        ]);
        let answer: ApiResponse = edition.json(request).await?;
        if let Some(error) = answer.error {
            return Err(error.into_engine_error());
        }
        let part = answer.query.ok_or_else(|| EngineError::Decode("no query in the answer".to_owned()))?;
        let mut hits = HitList::new(NAME, query.limit);
        for page in part.search {
            let path = page.title.replace(' ', "_");
            let url = format!("{}/wiki/{}", edition.base(), utf8_percent_encode(&path, TITLE));
            hits.push(&url, &page.title, &page.snippet, None);
        }
        Ok(EngineResults { suggestions: part.searchinfo.suggestion.into_iter().collect(), ..hits.into_results() })
    }

    async fn suggest(&self, text: &str, language: Option<&str>) -> Result<Vec<String>, EngineError> {
        let edition = self.edition(language)?;
        let request = edition.get("/w/api.php").query(&[
            ("action", "opensearch"),
            ("search", text),
            ("limit", "8"),
            ("namespace", "0"),
            ("format", "json"),
        ]);
        let (_, titles, ..): (String, Vec<String>, Vec<String>, Vec<String>) = edition.json(request).await?;
        Ok(titles)
    }
}
