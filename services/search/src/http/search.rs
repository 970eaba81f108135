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

use super::request::{Checked, SearchBody};
use crate::{
    Search,
    engines::canonical,
    pages::Page,
    passages::{self, Chosen, Event, Finished, Wanted},
    web::Asked,
};

/// The longest a search takes.
const WITHIN: Duration = Duration::from_secs(8);
/// A snippet that is not the whole page is made of at most this many passages.
const PASSAGES: usize = 100;

/// What was found, best first; one list also for several queries.
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
    /// The page's own text: all of it, or the passages nearest to the query.
    snippet: String,
    /// When it was published, YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// When the page was read, YYYY-MM-DD.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<String>,
}

/// Search the web and read what is found.
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
    let mut left = checked.tokens;
    let mut results = Vec::new();
    for (page, chosen) in found.iter().take(checked.results) {
        let (snippet, tokens) = snippet(page, chosen, checked.tokens_per_page.min(left));
        left -= tokens;
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

type Opened = (Arc<Page>, Vec<Chosen>);

/// The pages that pass the filters, in the order of the engines' merged list.
async fn find(search: &Search, who: Caller, checked: &Checked) -> Result<Vec<Opened>, Problem> {
    let texts: Vec<&str> = checked.queries.iter().map(|query| query.text.as_str()).collect();
    let wanted = Wanted {
        question: texts.join(" "),
        pages: checked.results,
        passages: PASSAGES,
        urls: Vec::new(),
        exclude_urls: Vec::new(),
        within: WITHIN,
        asked: Asked { who: Arc::new(who), queries: checked.queries.clone(), private: false, within: WITHIN },
    };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut found: Vec<(String, Opened)> = Vec::new();
    let mut events = std::pin::pin!(passages::find(search, wanted));
    while let Some(event) = events.next().await {
        match event {
            Event::Results { results, .. } => {
                let keyed = results
                    .iter()
                    .enumerate()
                    .filter_map(|(place, result)| Some((canonical::key(&result.url)?, place)));
                places = keyed.collect();
            }
            Event::Opened { opened, asked_url, passages, .. } if passes(&opened.page, checked) => {
                found.push((asked_url, (opened.page, passages)));
            }
            Event::Finished(Finished { outage: Some(outage), .. }) => return Err(super::outage(&outage)),
            Event::Degraded(reason) => tracing::warn!(reason, "passages are ranked by words alone"),
            Event::Opened { .. } | Event::Finished(_) | Event::Engine(_) | Event::Failed { .. } => {}
        }
    }
    found.sort_by_key(|(url, _)| canonical::key(url).and_then(|key| places.get(&key).copied()).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, opened)| opened).collect())
}

fn passes(page: &Page, checked: &Checked) -> bool {
    let spoken = page.language.as_ref().is_none_or(|language| checked.languages.contains(language));
    (checked.languages.is_empty() || spoken) && checked.periods.iter().all(|period| period.holds(page.published_at))
}

/// Text of at most `budget` tokens, and how many it has: the whole page when it fits, else its best passages in
/// reading order.
fn snippet(page: &Page, chosen: &[Chosen], budget: usize) -> (String, usize) {
    let whole = text::tokens::count(&page.text);
    if whole <= budget {
        return (page.text.clone(), whole);
    }
    let (mut taken, mut used) = (Vec::new(), 0);
    for chosen in chosen {
        let tokens = page.passages[chosen.passage].tokens;
        if used + tokens <= budget {
            used += tokens;
            taken.push(chosen.passage);
        }
    }
    taken.sort_unstable();
    let texts: Vec<&str> = taken.iter().map(|passage| page.text_of(&page.passages[*passage])).collect();
    (texts.join("\n\n"), used)
}

fn day(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d").to_string()
}
