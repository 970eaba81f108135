//! The administrator's routes for dead jobs of every service of this process.

use std::sync::Arc;

use access::{Auth, Caller};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base::{Problem, problem::Violation};
use jobs::{DeadJob, DeadJobs};
use kit::QueryParams;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::Server;

/// Jobs of a page.
const PAGE_SIZE: usize = 100;

#[derive(Clone)]
struct Jobs {
    services: Arc<Vec<(&'static str, DeadJobs)>>,
    /// Without accounts the owner of the one organisation has the installation, and so the jobs of the system.
    has_accounts: bool,
}

impl Jobs {
    /// The organisations whose jobs an administrator may see; the nil one is the system.
    fn visible(&self, caller: &Caller) -> Result<Vec<Uuid>, Problem> {
        caller.require_admin()?;
        Ok(if self.has_accounts { vec![caller.org] } else { vec![caller.org, Uuid::nil()] })
    }
}

pub(super) fn routes(server: &Server) -> OpenApiRouter {
    let jobs = Jobs {
        services: Arc::new(server.dead_jobs.clone()),
        has_accounts: !matches!(server.options.auth, Auth::LocalOwner),
    };
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(replay)).routes(routes!(drop_job)).with_state(jobs)
}

/// A dead job and the service it is a job of.
#[derive(Serialize, ToSchema)]
struct ListedJob {
    service: &'static str,
    #[serde(flatten)]
    job: DeadJob,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeadJobQuery {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of dead jobs, the oldest first.
#[derive(Serialize, ToSchema)]
struct DeadJobPage {
    items: Vec<ListedJob>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<Uuid>,
}

/// Jobs of the organisation that were given up.
#[utoipa::path(
    get, path = "/api/v1/admin/jobs/dead", operation_id = "list_dead_jobs", tag = "admin",
    params(DeadJobQuery),
    responses((status = 200, body = DeadJobPage), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn list(
    State(jobs): State<Jobs>,
    who: Caller,
    QueryParams(query): QueryParams<DeadJobQuery>,
) -> Result<Json<DeadJobPage>, Problem> {
    let orgs = jobs.visible(&who)?;
    // A cursor is the id of the last job: an administrator's list has nothing to hide.
    let after = query
        .cursor
        .as_deref()
        .map_or(Ok(Uuid::nil()), str::parse)
        .map_err(|_| Problem::invalid(vec![Violation::new("cursor", "not a cursor this list gave out")]))?;
    let limit = i64::try_from(PAGE_SIZE + 1).expect("a page is small");
    let mut items = Vec::new();
    for (service, dead) in jobs.services.iter() {
        for org in &orgs {
            let page = dead.list(*org, after, limit).await?;
            items.extend(page.into_iter().map(|job| ListedJob { service, job }));
        }
    }
    items.sort_by_key(|listed| listed.job.id);
    let has_more = items.len() > PAGE_SIZE;
    items.truncate(PAGE_SIZE);
    let next_cursor = items.last().filter(|_| has_more).map(|listed| listed.job.id);
    Ok(Json(DeadJobPage { items, next_cursor }))
}

/// Do a job again, with all attempts.
#[utoipa::path(
    post, path = "/api/v1/admin/jobs/dead/{id}/replay", operation_id = "replay_dead_job", tag = "admin",
    params(("id" = Uuid, Path)),
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn replay(State(jobs): State<Jobs>, who: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let orgs = jobs.visible(&who)?;
    let id = id.parse().map_err(|_| Problem::not_found("dead job"))?;
    for (_, dead) in jobs.services.iter() {
        for org in &orgs {
            if dead.replay(*org, id).await? {
                return Ok(StatusCode::ACCEPTED);
            }
        }
    }
    Err(Problem::not_found("dead job"))
}

/// Give a job up.
#[utoipa::path(
    delete, path = "/api/v1/admin/jobs/dead/{id}", operation_id = "drop_dead_job", tag = "admin",
    params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn drop_job(State(jobs): State<Jobs>, who: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let orgs = jobs.visible(&who)?;
    let id = id.parse().map_err(|_| Problem::not_found("dead job"))?;
    for (_, dead) in jobs.services.iter() {
        for org in &orgs {
            if dead.drop_job(*org, id).await? {
                return Ok(StatusCode::NO_CONTENT);
            }
        }
    }
    Err(Problem::not_found("dead job"))
}
