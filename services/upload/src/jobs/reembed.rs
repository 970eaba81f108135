//! Makes the vectors of files again after the model was changed.

use ::jobs::{EnqueueOptions, Job, JobContext, JobError, JobHandler, JobQueue};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::ReadFile;
use crate::store;

/// Files of one transaction.
const BATCH: i64 = 200;

/// Has files of every tenant read again from their stage `parsed` on, whose vectors are of another model or missing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ReembedFiles {
    pub(super) model: String,
}

impl Job for ReembedFiles {
    const KIND: &'static str = "upload.reembed_files";
}

pub(super) struct Reembedder {
    queue: JobQueue,
}

impl Reembedder {
    pub(super) fn new(queue: JobQueue) -> Self {
        Self { queue }
    }
}

#[async_trait]
impl JobHandler<ReembedFiles> for Reembedder {
    async fn run(&self, context: &JobContext, job: ReembedFiles) -> Result<(), JobError> {
        let Some(system) = context.system() else {
            return Err(JobError::Permanent("only the system renews the vectors of every organisation".to_owned()));
        };
        loop {
            let mut session = context.begin().await?;
            context.renew(&mut session).await?;
            let files = store::files::reopen_embedded(&mut session, &job.model, BATCH).await?;
            for (org, file, user) in &files {
                let scope = system.on_behalf_of(*org, *user);
                let options = EnqueueOptions { scope: Some(&scope), ..EnqueueOptions::default() };
                self.queue.enqueue_with(&mut session, &ReadFile { file: *file }, options).await?;
            }
            session.commit().await?;
            if files.is_empty() {
                return Ok(());
            }
        }
    }
}
