//! Stored page copies.

use access::{Allowed, action};
use axum::{
    Json,
    extract::{Path, State},
};
use base::Problem;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Search;

/// A page as it was when it was fetched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageCopy {
    snapshot_id: String,
    /// The share of the words of the page that `text` has, from 0 to 1; `null` where nothing is left out.
    words_kept: Option<f64>,
    title: String,
    url: String,
    /// The host, without `www.`.
    site: String,
    author: Option<String>,
    /// ISO 639-1.
    language: Option<String>,
    published_at: Option<DateTime<Utc>>,
    fetched_at: DateTime<Utc>,
    /// The text that offsets of passages and citations refer to, in characters (Unicode scalar values).
    text: String,
}

/// Get a stored page copy. It does not change when the page changes.
#[utoipa::path(
    get, path = "/api/v1/search/pages/{snapshot}", operation_id = "get_page_copy", params(("snapshot" = Uuid, Path)),
    responses((status = 404, description = "There is no such copy.")))]
pub(crate) async fn page(
    State(search): State<Search>,
    who: Allowed<action::GetPageCopy>,
    Path(snapshot): Path<String>,
) -> Result<Json<PageCopy>, Problem> {
    let page = search.pages.snapshot(&who, &snapshot).await?;
    Ok(Json(PageCopy {
        snapshot_id: page.snapshot_id.to_string(),
        words_kept: page.words_kept,
        site: page.site(),
        title: page.title,
        url: page.url,
        author: page.author,
        language: page.language,
        published_at: page.published_at,
        fetched_at: page.fetched_at,
        text: page.text,
    }))
}
