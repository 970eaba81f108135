//! `POST /api/v1/search`: results whose snippets are text of the opened pages.

use std::{collections::HashMap, sync::Arc, time::Duration};

use access::{Allowed, Caller, action};
use axum::{Json, extract::State};
use base::Problem;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use kit::JsonBody;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::{SearchBody, ValidatedSearch};
use crate::{
    Search,
    engines::canonical,
    pages::Page,
    passages::{self, PassagesRequest, SearchEvent, SearchFinished, SelectedPassage},
    web::WebQuery,
};

/// Timeout of a search.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(8);
/// Most passages in a snippet that is not the whole page.
const MAX_SNIPPET_PASSAGES: usize = 100;

/// The results, best first, in one list for all queries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchAnswer {
    id: String,
    results: Vec<SearchResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_time: Option<DateTime<Utc>>,
}

/// A page that was opened.
#[derive(Debug, Serialize, ToSchema)]
struct SearchResult {
    title: String,
    url: String,
    /// Text of the page: all of it, or the passages that match the query best.
    snippet: String,
    /// Publication date, YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// Date on which the page was fetched, YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<String>,
}

/// Search the web and read the results.
#[utoipa::path(
    post, path = "/api/v1/search", operation_id = "search_web",
    responses((status = 503, description = "No engine answered (`search_outage`), or the server is busy.")))]
pub(crate) async fn search(
    State(search): State<Search>,
    who: Allowed<action::SearchWeb>,
    JsonBody(body): JsonBody<SearchBody>,
) -> Result<Json<SearchAnswer>, Problem> {
    let checked = body.check()?;
    let found = find(&search, who.into_caller(), &checked).await?;
    let mut tokens_left = checked.tokens;
    let mut results = Vec::new();
    for (page, selected) in found.iter().take(checked.results) {
        let (snippet, tokens) = snippet(page, selected, checked.tokens_per_page.min(tokens_left));
        tokens_left -= tokens;
        results.push(SearchResult {
            title: page.title.clone(),
            url: page.url.clone(),
            snippet,
            date: page.published_at.map(day),
            last_updated: Some(day(page.fetched_at)),
        });
    }
    let server_time = checked.server_time.then(|| search.clock.now());
    Ok(Json(SearchAnswer { id: search.ids.next().to_string(), results, server_time }))
}

type PageWithPassages = (Arc<Page>, Vec<SelectedPassage>);

/// The pages that pass the filters, in the order of the engines' merged list.
async fn find(search: &Search, who: Caller, checked: &ValidatedSearch) -> Result<Vec<PageWithPassages>, Problem> {
    let texts: Vec<&str> = checked.queries.iter().map(|query| query.text.as_str()).collect();
    let request = PassagesRequest {
        question: texts.join(" "),
        pages: checked.results,
        passages: MAX_SNIPPET_PASSAGES,
        urls: Vec::new(),
        exclude_urls: Vec::new(),
        timeout: SEARCH_TIMEOUT,
        web: WebQuery { who: Arc::new(who), queries: checked.queries.clone(), private: false, timeout: SEARCH_TIMEOUT },
    };
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<(String, PageWithPassages)> = Vec::new();
    let mut events = std::pin::pin!(passages::find(search, request));
    while let Some(event) = events.next().await {
        match event {
            SearchEvent::Results { results, .. } => {
                let keyed = results
                    .iter()
                    .enumerate()
                    .filter_map(|(position, result)| Some((canonical::key(&result.url)?, position)));
                positions = keyed.collect();
            }
            SearchEvent::Opened { opened, requested_url, passages, .. } if passes(&opened.page, checked) => {
                found.push((requested_url, (opened.page, passages)));
            }
            SearchEvent::Finished(SearchFinished { outage: Some(outage), .. }) => return Err(super::outage(&outage)),
            SearchEvent::Degraded(reason) => {
                tracing::warn!(reason, "failed to compare vectors; passages are ranked by words alone");
            }
            SearchEvent::Opened { .. }
            | SearchEvent::Finished(_)
            | SearchEvent::Engine(_)
            | SearchEvent::Failed { .. } => {}
        }
    }
    found
        .sort_by_key(|(url, _)| canonical::key(url).and_then(|key| positions.get(&key).copied()).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, opened)| opened).collect())
}

fn passes(page: &Page, checked: &ValidatedSearch) -> bool {
    let language_matches = page.language.as_ref().is_none_or(|language| checked.languages.contains(language));
    (checked.languages.is_empty() || language_matches)
        && checked.date_ranges.iter().all(|range| range.contains(page.published_at))
}

/// A snippet of at most `budget` tokens, and its number of tokens: the whole page if it fits, otherwise its best
/// passages in reading order.
fn snippet(page: &Page, selected: &[SelectedPassage], budget: usize) -> (String, usize) {
    let whole = text::tokens::count(&page.text);
    if whole <= budget {
        return (page.text.clone(), whole);
    }
    let (mut included, mut used) = (Vec::new(), 0);
    for selected in selected {
        let tokens = page.passages[selected.passage].tokens;
        if used + tokens <= budget {
            used += tokens;
            included.push(selected.passage);
        }
    }
    included.sort_unstable();
    let texts: Vec<&str> = included.iter().map(|passage| page.text_of(&page.passages[*passage])).collect();
    (texts.join("\n\n"), used)
}

fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}
