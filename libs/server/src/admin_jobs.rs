//! The administrator's routes for dead jobs of every service of this process.

use std::sync::Arc;

use access::{Action, Allowed, Caller, action};
use audit::Object;
use axum::{extract::State, http::StatusCode};
use base::Problem;
use jobs::DeadJob;
use kit::{Id, Page, PageOf, Resource, cursor::CursorKey};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::{Administered, Server};

const LIST: &str = "dead jobs";

#[derive(Clone)]
struct Jobs {
    services: Arc<Vec<Administered>>,
    cursors: CursorKey,
    /// Without accounts the owner of the one organisation has the installation, and so the jobs of the system.
    has_accounts: bool,
}

impl Jobs {
    /// The organisations whose jobs an administrator may see; the nil one is the system.
    fn visible(&self, caller: &Caller) -> Vec<Uuid> {
        if self.has_accounts { vec![caller.org()] } else { vec![caller.org(), Uuid::nil()] }
    }

    /// Replays or drops a job, and records it; 404 when no service has such a dead job for the caller.
    async fn change(&self, who: &Caller, id: Uuid, action: Action) -> Result<(), Problem> {
        for Administered { jobs, audit, .. } in self.services.iter() {
            for org in self.visible(who) {
                let mut session = jobs.begin().await?;
                let changed = match action {
                    Action::ReplayDeadJob => jobs.replay(&mut session, org, id).await?,
                    _ => jobs.drop_job(&mut session, org, id).await?,
                };
                if changed {
                    audit.record(&mut session, who, action, Object::new(ListedJob::NAME, id)).await?;
                    return Ok(session.commit().await?);
                }
            }
        }
        Err(ListedJob::missing())
    }
}

pub(super) fn routes(server: &Server) -> OpenApiRouter {
    let jobs = Jobs {
        services: Arc::new(server.administered.clone()),
        cursors: server.cursors.clone(),
        has_accounts: !matches!(server.options.auth, crate::AuthOption::LocalOwner),
    };
    kit::routes![list, replay, drop_job].with_state(jobs)
}

/// A dead job and the service it is a job of.
#[derive(Serialize, ToSchema)]
struct ListedJob {
    service: &'static str,
    #[serde(flatten)]
    job: DeadJob,
}

impl Resource for ListedJob {
    const NAME: &'static str = "dead job";
}

/// Jobs of the organisation that were given up, the oldest first.
#[utoipa::path(get, path = "/api/v1/admin/jobs/dead", operation_id = "list_dead_jobs")]
async fn list(
    State(jobs): State<Jobs>,
    who: Allowed<action::ListDeadJobs>,
    page: Page,
) -> Result<PageOf<ListedJob>, Problem> {
    let orgs = jobs.visible(&who);
    let after: Uuid = jobs.cursors.position(LIST, &page)?.unwrap_or_default();
    let mut items = Vec::new();
    for Administered { service, jobs, .. } in jobs.services.iter() {
        for org in &orgs {
            let found = jobs.list(*org, after, page.fetch_limit()).await?;
            items.extend(found.into_iter().map(|job| ListedJob { service, job }));
        }
    }
    items.sort_by_key(|listed| listed.job.id);
    Ok(jobs.cursors.page(LIST, &page, items, |last| last.job.id))
}

/// Do a job again, with all attempts.
#[utoipa::path(
    post, path = "/api/v1/admin/jobs/dead/{id}/replay", operation_id = "replay_dead_job",
    responses((status = 202, description = "It will be done.")))]
async fn replay(
    State(jobs): State<Jobs>,
    who: Allowed<action::ReplayDeadJob>,
    id: Id<ListedJob>,
) -> Result<StatusCode, Problem> {
    jobs.change(&who, id.0, Action::ReplayDeadJob).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Give a job up.
#[utoipa::path(
    delete, path = "/api/v1/admin/jobs/dead/{id}", operation_id = "drop_dead_job", responses((status = 204)))]
async fn drop_job(
    State(jobs): State<Jobs>,
    who: Allowed<action::DropDeadJob>,
    id: Id<ListedJob>,
) -> Result<StatusCode, Problem> {
    jobs.change(&who, id.0, Action::DropDeadJob).await?;
    Ok(StatusCode::NO_CONTENT)
}
