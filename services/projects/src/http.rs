//! `/api/v1/projects`.

use access::{Action, Allowed, action};
use axum::{
    extract::{Path, State},
    response::NoContent,
};
use base::Problem;
use kit::{Created, IfMatch, JsonBody, Page, PageOf, Tagged, Validator};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::projects::{Project, Projects, is_slug};

pub(crate) fn routes(projects: Projects) -> OpenApiRouter {
    kit::routes![create, list, get, rename, delete].with_state(projects)
}

/// A project to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProject {
    /// Lowercase letters, digits and hyphens, not starting with one; not a UUID.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9][a-z0-9-]*$", example = "moon-landing")]
    slug: String,
    /// What people see; the slug when left out.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: Option<String>,
}

/// Make a project.
#[utoipa::path(
    post, path = "/api/v1/projects", operation_id = "create_project",
    responses((status = 409, description = "The organisation has a project with this slug.")))]
async fn create(
    State(projects): State<Projects>,
    who: Allowed<action::CreateProject>,
    JsonBody(new): JsonBody<NewProject>,
) -> Result<Created<Project>, Problem> {
    let mut check = Validator::default();
    let slug = "1 to 64 lowercase letters, digits and hyphens, not starting with one, and not a UUID";
    check.ensure(is_slug(&new.slug), "/slug", slug);
    if let Some(name) = &new.name {
        check.ensure_line(name, 200, "/name");
    }
    check.finish()?;
    let name = new.name.as_deref().map_or(new.slug.as_str(), str::trim);
    projects.create(&who, &new.slug, name).await.map(Created)
}

/// The organisation's projects, newest first.
#[utoipa::path(get, path = "/api/v1/projects", operation_id = "list_projects")]
async fn list(
    State(projects): State<Projects>,
    who: Allowed<action::ListProjects>,
    page: Page,
) -> Result<PageOf<Project>, Problem> {
    projects.list(&who, &page).await
}

/// A project by slug or id. The `ETag` names its last edit.
#[utoipa::path(
    get, path = "/api/v1/projects/{slug_or_id}", operation_id = "get_project", params(("slug_or_id" = String, Path, max_length = 200)),
    responses((status = 404, description = "There is no such project; the detail has similar slugs.")))]
async fn get(
    State(projects): State<Projects>,
    who: Allowed<action::GetProject>,
    Path(slug_or_id): Path<String>,
) -> Result<Tagged<Project>, Problem> {
    let project = projects.resolve(&who, &slug_or_id, Action::GetProject).await?;
    Ok(Tagged { version: project.version, body: project })
}

/// What can be changed of a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProjectChange {
    /// What people see.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
}

/// Rename a project. With `If-Match` only if it was not changed in between.
#[utoipa::path(
    patch, path = "/api/v1/projects/{slug_or_id}", operation_id = "rename_project",
    params(("slug_or_id" = String, Path, max_length = 200)),
    responses((status = 404, description = "There is no such project; the detail has similar slugs.")))]
async fn rename(
    State(projects): State<Projects>,
    who: Allowed<action::RenameProject>,
    Path(slug_or_id): Path<String>,
    if_match: IfMatch,
    JsonBody(change): JsonBody<ProjectChange>,
) -> Result<Tagged<Project>, Problem> {
    let mut check = Validator::default();
    check.ensure_line(&change.name, 200, "/name");
    check.finish()?;
    projects.rename(&who, &slug_or_id, change.name.trim(), &if_match).await
}

/// Delete a project with everything in it.
#[utoipa::path(
    delete, path = "/api/v1/projects/{slug_or_id}", operation_id = "delete_project",
    params(("slug_or_id" = String, Path, max_length = 200)),
    responses((status = 404, description = "There is no such project; the detail has similar slugs.")))]
async fn delete(
    State(projects): State<Projects>,
    who: Allowed<action::DeleteProject>,
    Path(slug_or_id): Path<String>,
) -> Result<NoContent, Problem> {
    projects.delete(&who, &slug_or_id).await?;
    Ok(NoContent)
}
