//! The background work of the service.

mod cleanup;
mod empty_project;
mod read_file;
mod reembed;

use ::jobs::{EnqueueOptions, JobQueue, Jobs};
use base::{Scope, tasks::Task};
pub(crate) use cleanup::{COMPACT_DELAY, CompactIndex, DeleteObject};
use db::{Db, DbError};
pub(crate) use empty_project::DeletedProjects;
use llm::Embedder;
pub(crate) use read_file::ReadFile;
use reader::child::ParserChild;
use reembed::ReembedFiles;
use server::Deps;

/// The handlers; up to `workers` files are read at the same time.
pub(crate) fn handlers(deps: &Deps, parser: ParserChild, embedder: Option<Embedder>, workers: usize) -> Jobs {
    let reader = read_file::FileReader::new(deps, parser, embedder);
    Jobs::default()
        .handle(workers, reader)
        .handle(1, reembed::Reembedder::new(deps.jobs.clone()))
        .handle(4, cleanup::ObjectDeleter::new(deps.objects.clone()))
        .handle(1, cleanup::IndexCompactor)
        .handle(1, empty_project::ProjectEmptier::new(deps))
}

/// Asks for vectors of this version's model in place of those of another one, once for a start.
pub(crate) fn reembed_task(db: Db, queue: JobQueue, model: String) -> Task {
    Task::new("renew vectors", move |system, _| {
        let (db, queue, job) = (db.clone(), queue.clone(), ReembedFiles { model: model.clone() });
        async move {
            if let Err(error) = enqueue_reembed(&db, &queue, &Scope::from(system), &job).await {
                tracing::warn!(%error, "failed to enqueue the renewal of vectors; it waits for the next start");
            }
        }
    })
}

async fn enqueue_reembed(db: &Db, queue: &JobQueue, scope: &Scope, job: &ReembedFiles) -> Result<(), DbError> {
    let mut session = db.begin(scope).await?;
    let options = EnqueueOptions { dedupe_key: Some(&job.model), ..EnqueueOptions::default() };
    queue.enqueue_with(&mut session, job, options).await?;
    session.commit().await
}
