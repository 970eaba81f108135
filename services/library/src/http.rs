//! `/api/v1/library/threads`.

use access::{Allowed, action};
use axum::{extract::State, response::NoContent};
use base::Problem;
use kit::{Id, IfMatch, JsonBody, PageOf, PageWith, Tagged, Validator};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::threads::{Change, Thread, ThreadItem, Threads};

pub(crate) fn routes(threads: Threads) -> OpenApiRouter {
    kit::routes![list, get, change, delete].with_state(threads)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ThreadFilters {
    /// Words that a message and the title of its thread have, in any inflection.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// Your threads: pinned ones first, then by newest activity.
#[utoipa::path(get, path = "/api/v1/library/threads", operation_id = "list_threads")]
async fn list(
    State(threads): State<Threads>,
    who: Allowed<action::ListThreads>,
    PageWith(page, filters): PageWith<ThreadFilters>,
) -> Result<PageOf<ThreadItem>, Problem> {
    let mut check = Validator::default();
    check.ensure(filters.q.as_ref().is_none_or(|query| query.chars().count() <= 200), "q", "at most 200 characters");
    check.finish()?;
    let query = filters.q.as_deref().map(str::trim).filter(|query| !query.is_empty());
    threads.list(&who, &page, query).await
}

/// A thread with its messages. The `ETag` names the last edit of its title and pin; answers do not change it.
#[utoipa::path(get, path = "/api/v1/library/threads/{id}", operation_id = "get_thread")]
async fn get(
    State(threads): State<Threads>,
    who: Allowed<action::GetThread>,
    id: Id<Thread>,
) -> Result<Tagged<Thread>, Problem> {
    threads.get(&who, id.0).await
}

/// What to change; at least one field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
struct ThreadChange {
    #[serde(default, deserialize_with = "kit::present")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    title: Option<String>,
    #[serde(default, deserialize_with = "kit::present")]
    #[schema(nullable = false)]
    pinned: Option<bool>,
}

/// Rename or pin a thread. With `If-Match` only if it was not changed in between.
#[utoipa::path(patch, path = "/api/v1/library/threads/{id}", operation_id = "change_thread")]
async fn change(
    State(threads): State<Threads>,
    who: Allowed<action::ChangeThread>,
    id: Id<Thread>,
    if_match: IfMatch,
    JsonBody(change): JsonBody<ThreadChange>,
) -> Result<Tagged<ThreadItem>, Problem> {
    let mut check = Validator::default();
    if let Some(title) = &change.title {
        check.ensure_line(title, 200, "/title");
    }
    let title = change.title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
    check.ensure(title.is_some() || change.pinned.is_some(), "", "title or pinned");
    check.finish()?;
    threads.change(&who, id.0, Change { title, pinned: change.pinned }, &if_match).await
}

/// Delete a thread with its messages, here and in chat-svc. Answers that are still to come to it are dropped.
#[utoipa::path(delete, path = "/api/v1/library/threads/{id}", operation_id = "delete_thread")]
async fn delete(
    State(threads): State<Threads>,
    who: Allowed<action::DeleteThread>,
    id: Id<Thread>,
) -> Result<NoContent, Problem> {
    threads.delete(&who, id.0).await?;
    Ok(NoContent)
}
