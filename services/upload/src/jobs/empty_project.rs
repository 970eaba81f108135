//! Deletes the files of a project that was deleted.

use ::jobs::{EnqueueOptions, Job, JobContext, JobError, JobHandler, JobQueue};
use async_trait::async_trait;
use base::time::Clock;
use bus::{HandleError, Handler, Received};
use chrono::TimeDelta;
use db::Session;
use proto::{convert, events::v1::ProjectDeleted};
use serde::{Deserialize, Serialize};
use server::Deps;
use uuid::Uuid;

use crate::{files, store};

/// Files deleted in one transaction, so that uploads go on meanwhile.
const BATCH: i64 = 50;
/// Longer than the transaction of an upload takes.
const SECOND_PASS: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EmptyProject {
    project: Uuid,
}

impl Job for EmptyProject {
    const KIND: &'static str = "upload.empty_project";
    /// What was deleted must go.
    const ATTEMPT_LIMIT: i64 = i64::MAX;
}

/// Hears of deleted projects.
pub(crate) struct DeletedProjects {
    jobs: JobQueue,
    clock: Clock,
}

impl DeletedProjects {
    pub(crate) fn new(deps: &Deps) -> Self {
        Self { jobs: deps.jobs.clone(), clock: deps.clock.clone() }
    }
}

#[async_trait]
impl Handler<ProjectDeleted> for DeletedProjects {
    async fn handle(&self, session: &mut Session, event: &Received<ProjectDeleted>) -> Result<(), HandleError> {
        let project = convert::id("project_id", &event.message.project_id)?;
        store::files::note_deleted_project(session, project).await?;
        self.jobs.enqueue(session, &EmptyProject { project }).await?;
        // An upload that did not see the mark yet is committed by then.
        let options = EnqueueOptions { run_at: Some(self.clock.now() + SECOND_PASS), ..EnqueueOptions::default() };
        self.jobs.enqueue_with(session, &EmptyProject { project }, options).await?;
        Ok(())
    }
}

pub(super) struct ProjectEmptier {
    jobs: JobQueue,
    clock: Clock,
}

impl ProjectEmptier {
    pub(super) fn new(deps: &Deps) -> Self {
        Self { jobs: deps.jobs.clone(), clock: deps.clock.clone() }
    }
}

#[async_trait]
impl JobHandler<EmptyProject> for ProjectEmptier {
    async fn run(&self, context: &JobContext, job: EmptyProject) -> Result<(), JobError> {
        loop {
            let mut session = context.begin().await?;
            context.renew(&mut session).await?;
            let ids = store::files::of_project(&mut session, job.project, BATCH).await?;
            for id in &ids {
                files::remove(&mut session, &self.jobs, *id, self.clock.now()).await?;
            }
            session.commit().await?;
            if ids.is_empty() {
                return Ok(());
            }
        }
    }
}
