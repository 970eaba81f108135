//! Completions of a partial query.

use access::{Allowed, action};
use axum::{Json, extract::State};
use base::Problem;
use kit::{QueryParams, Validator};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Search;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestParams {
    /// The text typed so far.
    #[param(min_length = 1, max_length = 200)]
    q: String,
}

/// Completions, best first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestions {
    suggestions: Vec<String>,
}

/// Complete a query.
#[utoipa::path(get, path = "/api/v1/search/suggest", operation_id = "suggest_queries")]
pub(crate) async fn suggest(
    State(search): State<Search>,
    _who: Allowed<action::SuggestQueries>,
    QueryParams(query): QueryParams<SuggestParams>,
) -> Result<Json<Suggestions>, Problem> {
    let mut check = Validator::default();
    check.ensure((1..=200).contains(&query.q.chars().count()), "q", "1 to 200 characters");
    check.finish()?;
    let suggestions = search.web.suggest(&query.q).await.map_err(|outage| super::outage(&outage))?;
    Ok(Json(Suggestions { suggestions }))
}
