//! `/api/v1/projects`.

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

use crate::projects::{Project, ProjectPage, Projects};

pub(crate) fn routes(projects: Projects) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get)).with_state(projects)
}

/// A project to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProject {
    /// 1 to 64 lowercase letters, digits and hyphens.
    slug: String,
    /// What people see; the slug when left out.
    name: Option<String>,
}

/// Make a project.
#[utoipa::path(
    post, path = "/api/v1/projects", operation_id = "create_project", tag = "projects", request_body = NewProject,
    responses((status = 201, body = Project), (status = 400, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(projects): State<Projects>,
    who: Caller,
    JsonBody(new): JsonBody<NewProject>,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let mut check = Validator::default();
    let name_ok = new.name.as_ref().is_none_or(|name| (1..=200).contains(&name.trim().chars().count()));
    check.ensure(name_ok, "/name", "1 to 200 characters");
    check.finish()?;
    let project = projects.create(&who, &new.slug, new.name.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(project)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// 1 to 100; 20 when left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The organisation's projects, newest first.
#[utoipa::path(
    get, path = "/api/v1/projects", operation_id = "list_projects", tag = "projects", params(Listing),
    responses((status = 200, body = ProjectPage), (status = 400, body = Problem)))]
async fn list(
    State(projects): State<Projects>,
    who: Caller,
    QueryParams(listing): QueryParams<Listing>,
) -> Result<Json<ProjectPage>, Problem> {
    let limit = listing.limit.unwrap_or(20);
    let mut check = Validator::default();
    check.ensure((1..=100).contains(&limit), "limit", "1 to 100");
    check.finish()?;
    Ok(Json(projects.list(&who, limit, listing.cursor.as_deref()).await?))
}

/// A project by slug or id.
#[utoipa::path(
    get, path = "/api/v1/projects/{slug_or_id}", operation_id = "get_project", tag = "projects",
    params(("slug_or_id" = String, Path)),
    responses((status = 200, body = Project), (status = 404, body = Problem)))]
async fn get(
    State(projects): State<Projects>,
    who: Caller,
    Path(slug_or_id): Path<String>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(projects.resolve(&who, &slug_or_id).await?))
}
