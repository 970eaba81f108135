//! The response of `/search?format=json`. One array has results of several types; only their common fields are read.

use serde::Deserialize;

use crate::engines::{EngineError, EngineResults, InstantAnswer, UnresponsiveSource, dates, markup, query::HitList};

#[derive(Debug, Deserialize)]
pub(super) struct ApiResponse {
    #[serde(default)]
    results: Vec<Item>,
    #[serde(default)]
    answers: Vec<DirectAnswer>,
    #[serde(default)]
    infoboxes: Vec<Infobox>,
    #[serde(default)]
    corrections: Vec<String>,
    #[serde(default)]
    suggestions: Vec<String>,
    /// Pairs of engine and reason.
    #[serde(default)]
    unresponsive_engines: Vec<(String, String)>,
}

/// A result. Key-value results have no address.
#[derive(Debug, Deserialize)]
struct Item {
    url: Option<String>,
    title: Option<String>,
    content: Option<String>,
    #[serde(rename = "publishedDate")]
    published_date: Option<String>,
}

/// Translations and weather have no `answer` and are left out.
#[derive(Debug, Deserialize)]
struct DirectAnswer {
    answer: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Infobox {
    content: Option<String>,
    #[serde(default)]
    urls: Vec<InfoboxUrl>,
}

#[derive(Debug, Deserialize)]
struct InfoboxUrl {
    url: Option<String>,
}

impl ApiResponse {
    /// `engines` is the number of engines the query ran on, when known.
    pub(super) fn into_results(
        self,
        name: &'static str,
        limit: usize,
        engines: Option<usize>,
    ) -> Result<EngineResults, EngineError> {
        let unresponsive: Vec<UnresponsiveSource> = self
            .unresponsive_engines
            .into_iter()
            .map(|(engine, reason)| UnresponsiveSource { engine, reason })
            .collect();
        let mut hits = HitList::new(name, limit);
        for item in self.results {
            let Some(url) = item.url else { continue };
            let published_at = item.published_date.as_deref().and_then(dates::parse);
            hits.push(&url, &item.title.unwrap_or_default(), &item.content.unwrap_or_default(), published_at);
        }
        let results = hits.into_results();
        let direct = self.answers.into_iter().filter_map(|each| Some((each.answer?, each.url)));
        let boxes = self
            .infoboxes
            .into_iter()
            .filter_map(|each| Some((each.content?, each.urls.into_iter().find_map(|link| link.url))));
        let answers = direct.chain(boxes).map(|(text, url)| InstantAnswer { text: markup::plain(&text), url });
        let answers: Vec<InstantAnswer> = answers.filter(|answer| !answer.text.is_empty()).collect();

        let is_empty = results.hits.is_empty() && answers.is_empty();
        let all_failed = !unresponsive.is_empty() && engines.is_none_or(|engines| unresponsive.len() >= engines);
        if is_empty && all_failed {
            return Err(EngineError::AllFailed { engines: unresponsive });
        }
        let suggestions = self.corrections.into_iter().chain(self.suggestions).collect();
        Ok(EngineResults { suggestions, answers, unresponsive, ..results })
    }
}
