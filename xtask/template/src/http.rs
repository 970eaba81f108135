//! `/api/v1/example`.

use access::Caller;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base::Problem;
use kit::{JsonBody, QueryParams, Validator};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::items::{ExampleItem, ExamplePage, Items};

pub(crate) fn routes(items: Items) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get)).with_state(items)
}

/// An item to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExampleItem {
    /// 1 to 200 characters.
    title: String,
}

/// Make an item.
#[utoipa::path(
    post, path = "/api/v1/example", operation_id = "create_example", tag = "example", request_body = NewExampleItem,
    responses((status = 201, body = ExampleItem), (status = 400, body = Problem)))]
async fn create(
    State(items): State<Items>,
    who: Caller,
    JsonBody(new): JsonBody<NewExampleItem>,
) -> Result<(StatusCode, Json<ExampleItem>), Problem> {
    let title = new.title.trim();
    let mut check = Validator::default();
    check.ensure((1..=200).contains(&title.chars().count()), "/title", "1 to 200 characters");
    check.finish()?;
    Ok((StatusCode::CREATED, Json(items.create(&who, title).await?)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// 1 to 100; 20 when left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The organisation's items, newest first.
#[utoipa::path(
    get, path = "/api/v1/example", operation_id = "list_example", tag = "example", params(Listing),
    responses((status = 200, body = ExamplePage), (status = 400, body = Problem)))]
async fn list(
    State(items): State<Items>,
    who: Caller,
    QueryParams(listing): QueryParams<Listing>,
) -> Result<Json<ExamplePage>, Problem> {
    let limit = listing.limit.unwrap_or(20);
    let mut check = Validator::default();
    check.ensure((1..=100).contains(&limit), "limit", "1 to 100");
    check.finish()?;
    Ok(Json(items.list(&who, limit, listing.cursor.as_deref()).await?))
}

/// An item.
#[utoipa::path(
    get, path = "/api/v1/example/{id}", operation_id = "get_example", tag = "example", params(("id" = String, Path)),
    responses((status = 200, body = ExampleItem), (status = 404, body = Problem)))]
async fn get(State(items): State<Items>, who: Caller, Path(id): Path<String>) -> Result<Json<ExampleItem>, Problem> {
    Ok(Json(items.get(&who, &id).await?))
}
