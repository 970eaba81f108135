//! The response of `/search?format=json`. One array has results of several types; only their common fields are read.

use serde::Deserialize;
use serde_json::Value;

use crate::engines::{EngineError, EngineResults, InstantAnswer, UnresponsiveSource, dates, markup, query::HitList};

/// What an engine behind SearXNG got wrong costs the field or the item that it is in, never the other results.
#[derive(Debug, Deserialize)]
pub(super) struct ApiResponse {
    #[serde(default)]
    results: Vec<Value>,
    #[serde(default)]
    answers: Vec<Value>,
    #[serde(default)]
    infoboxes: Vec<Value>,
    #[serde(default)]
    corrections: Vec<Value>,
    #[serde(default)]
    suggestions: Vec<Value>,
    /// Pairs of engine and reason.
    #[serde(default)]
    unresponsive_engines: Vec<Value>,
}

fn text(item: &Value, field: &str) -> Option<String> {
    item[field].as_str().map(str::to_owned)
}

/// Translations and weather have no `answer` and are left out; older versions sent the text alone.
fn direct_answer(item: &Value) -> Option<(String, Option<String>)> {
    let answer = item.as_str().map(str::to_owned).or_else(|| text(item, "answer"))?;
    Some((answer, text(item, "url")))
}

fn infobox(item: &Value) -> Option<(String, Option<String>)> {
    let links = item["urls"].as_array().into_iter().flatten();
    Some((text(item, "content")?, links.filter_map(|link| text(link, "url")).next()))
}

fn unresponsive(pair: &Value) -> Option<UnresponsiveSource> {
    let part = |at: usize| pair[at].as_str().map(str::to_owned);
    Some(UnresponsiveSource { engine: part(0)?, reason: part(1).unwrap_or_default() })
}

fn strings(items: Vec<Value>) -> impl Iterator<Item = String> {
    items.into_iter().filter_map(|item| item.as_str().map(str::to_owned))
}

impl ApiResponse {
    /// `engines` is the number of engines the query ran on, when known.
    pub(super) fn into_results(
        self,
        name: &'static str,
        limit: usize,
        engines: Option<usize>,
    ) -> Result<EngineResults, EngineError> {
        let unresponsive: Vec<UnresponsiveSource> = self.unresponsive_engines.iter().filter_map(unresponsive).collect();
        let mut hits = HitList::new(name, limit);
        for item in &self.results {
            // Key-value results have no address.
            let Some(url) = item["url"].as_str() else { continue };
            let published_at = item["publishedDate"].as_str().and_then(dates::parse);
            let words = |field: &str| item[field].as_str().unwrap_or_default();
            hits.push(url, words("title"), words("content"), published_at);
        }
        let results = hits.into_results();
        let direct = self.answers.iter().filter_map(direct_answer);
        let answers = direct
            .chain(self.infoboxes.iter().filter_map(infobox))
            .map(|(text, url)| InstantAnswer { text: markup::plain(&text), url });
        let answers: Vec<InstantAnswer> = answers.filter(|answer| !answer.text.is_empty()).collect();

        let is_empty = results.hits.is_empty() && answers.is_empty();
        let all_failed = !unresponsive.is_empty() && engines.is_none_or(|engines| unresponsive.len() >= engines);
        if is_empty && all_failed {
            return Err(EngineError::AllFailed { engines: unresponsive });
        }
        let suggestions = strings(self.corrections).chain(strings(self.suggestions)).collect();
        Ok(EngineResults { suggestions, answers, unresponsive, ..results })
    }
}
