//! `/api/v1/library/threads`.

use access::Caller;
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use base::Problem;
use kit::{JsonBody, QueryParams, Validator};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::threads::{Change, Thread, ThreadItem, ThreadPage, Threads, missing};

pub(crate) fn routes(threads: Threads) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, change, delete)).with_state(threads)
}

/// The number of an edit as an entity tag, beside the body.
type Tagged<T> = ([(header::HeaderName, String); 1], Json<T>);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// 1 to 100; 20 when left out.
    limit: Option<usize>,
    /// The `next_cursor` of the page before, of the same `q`.
    cursor: Option<String>,
    /// Words that a message and the title of its thread have, in any inflection.
    q: Option<String>,
}

/// Your threads: pinned ones first, then by newest activity.
#[utoipa::path(
    get, path = "/api/v1/library/threads", operation_id = "list_threads", tag = "library", params(Listing),
    responses((status = 200, body = ThreadPage), (status = 400, body = Problem)))]
async fn list(
    State(threads): State<Threads>,
    who: Caller,
    QueryParams(listing): QueryParams<Listing>,
) -> Result<Json<ThreadPage>, Problem> {
    let limit = listing.limit.unwrap_or(20);
    let query = listing.q.as_deref().map(str::trim).filter(|query| !query.is_empty());
    let mut check = Validator::default();
    check.ensure((1..=100).contains(&limit), "limit", "1 to 100");
    check.ensure(query.is_none_or(|query| query.chars().count() <= 200), "q", "at most 200 characters");
    check.finish()?;
    Ok(Json(threads.list(&who, limit, listing.cursor.as_deref(), query).await?))
}

/// A thread with its messages. The `ETag` names the last edit of its title and pin; answers do not change it.
#[utoipa::path(
    get, path = "/api/v1/library/threads/{id}", operation_id = "get_thread", tag = "library",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Thread), (status = 404, body = Problem)))]
async fn get(State(threads): State<Threads>, who: Caller, Path(id): Path<String>) -> Result<Tagged<Thread>, Problem> {
    let (thread, version) = threads.get(&who, parse(&id)?).await?;
    Ok((tag(version), Json(thread)))
}

/// What to change; at least one field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ThreadChange {
    /// 1 to 200 characters.
    title: Option<String>,
    pinned: Option<bool>,
}

/// Rename or pin a thread. With `If-Match` only when nobody changed it since.
#[utoipa::path(
    patch, path = "/api/v1/library/threads/{id}", operation_id = "change_thread", tag = "library",
    request_body = ThreadChange,
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = ThreadItem), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 412, body = Problem)))]
async fn change(
    State(threads): State<Threads>,
    who: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(change): JsonBody<ThreadChange>,
) -> Result<Tagged<ThreadItem>, Problem> {
    let title = change.title.map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
    let title_ok = title
        .as_ref()
        .is_none_or(|title| (1..=200).contains(&title.chars().count()) && !title.contains(char::is_control));
    let mut check = Validator::default();
    check.ensure(title_ok, "/title", "1 to 200 characters");
    check.ensure(title.is_some() || change.pinned.is_some(), "", "title or pinned");
    check.finish()?;
    let change = Change { title, pinned: change.pinned };
    let (thread, version) = threads.change(&who, parse(&id)?, change, |version| allows(&headers, version)).await?;
    Ok((tag(version), Json(thread)))
}

/// Delete a thread with its messages, here and in chat-svc. Answers still on their way to it are dropped.
#[utoipa::path(
    delete, path = "/api/v1/library/threads/{id}", operation_id = "delete_thread", tag = "library",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
async fn delete(State(threads): State<Threads>, who: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    threads.delete(&who, parse(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is not an id is no thread.
fn parse(id: &str) -> Result<Uuid, Problem> {
    id.parse().map_err(|_| missing())
}

fn tag(version: i64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{version}\""))]
}

/// Whether `If-Match` (RFC 9110, section 13.1.1) names this edit, any, or is left out.
fn allows(headers: &HeaderMap, version: i64) -> bool {
    let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
    if given.peek().is_none() {
        return true;
    }
    let wanted = format!("\"{version}\"");
    given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| matches!(tag.trim(), "*") || tag.trim() == wanted)
}
