//! `/api/v1/example`.

use access::{Allowed, action};
use axum::{extract::State, response::NoContent};
use base::Problem;
use kit::{Created, Id, IfMatch, JsonBody, Page, PageOf, Tagged, Validator};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::items::{ExampleItem, Items};

pub(crate) fn routes(items: Items) -> OpenApiRouter {
    kit::routes![create, list, get, rename, delete].with_state(items)
}

/// What a client says of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExampleItemInput {
    /// One line.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    title: String,
}

/// Make an item.
#[utoipa::path(post, path = "/api/v1/example", operation_id = "create_example")]
async fn create(
    State(items): State<Items>,
    who: Allowed<action::CreateExample>,
    JsonBody(input): JsonBody<ExampleItemInput>,
) -> Result<Created<ExampleItem>, Problem> {
    check(&input)?;
    items.create(&who, input.title.trim()).await.map(Created)
}

/// The organisation's items, newest first.
#[utoipa::path(get, path = "/api/v1/example", operation_id = "list_example")]
async fn list(
    State(items): State<Items>,
    who: Allowed<action::ListExample>,
    page: Page,
) -> Result<PageOf<ExampleItem>, Problem> {
    items.list(&who, &page).await
}

/// An item. The `ETag` names its last edit.
#[utoipa::path(get, path = "/api/v1/example/{id}", operation_id = "get_example")]
async fn get(
    State(items): State<Items>,
    who: Allowed<action::GetExample>,
    id: Id<ExampleItem>,
) -> Result<Tagged<ExampleItem>, Problem> {
    items.get(&who, id.0).await
}

/// Rename an item. With `If-Match` only if it was not changed in between.
#[utoipa::path(patch, path = "/api/v1/example/{id}", operation_id = "rename_example")]
async fn rename(
    State(items): State<Items>,
    who: Allowed<action::RenameExample>,
    id: Id<ExampleItem>,
    if_match: IfMatch,
    JsonBody(input): JsonBody<ExampleItemInput>,
) -> Result<Tagged<ExampleItem>, Problem> {
    check(&input)?;
    items.rename(&who, id.0, input.title.trim(), &if_match).await
}

/// Delete an item.
#[utoipa::path(delete, path = "/api/v1/example/{id}", operation_id = "delete_example")]
async fn delete(
    State(items): State<Items>,
    who: Allowed<action::DeleteExample>,
    id: Id<ExampleItem>,
) -> Result<NoContent, Problem> {
    items.delete(&who, id.0).await?;
    Ok(NoContent)
}

/// Names every fault at once.
fn check(input: &ExampleItemInput) -> Result<(), Problem> {
    let mut check = Validator::default();
    check.ensure_line(&input.title, 200, "/title");
    check.finish()
}
