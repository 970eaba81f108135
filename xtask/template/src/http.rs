//! `/api/v1/example`.

use access::{Allowed, action};
use axum::{Json, extract::State};
use base::Problem;
use kit::{Created, Id, JsonBody, Page, PageOf, Validator};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::items::{ExampleItem, Items};

pub(crate) fn routes(items: Items) -> OpenApiRouter {
    kit::routes![create, list, get].with_state(items)
}

/// An item to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExampleItem {
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
    JsonBody(new): JsonBody<NewExampleItem>,
) -> Result<Created<ExampleItem>, Problem> {
    let mut check = Validator::default();
    check.ensure_line(&new.title, 200, "/title");
    check.finish()?;
    items.create(&who, new.title.trim()).await.map(Created)
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

/// An item.
#[utoipa::path(get, path = "/api/v1/example/{id}", operation_id = "get_example")]
async fn get(
    State(items): State<Items>,
    who: Allowed<action::GetExample>,
    id: Id<ExampleItem>,
) -> Result<Json<ExampleItem>, Problem> {
    items.get(&who, id.0).await.map(Json)
}
