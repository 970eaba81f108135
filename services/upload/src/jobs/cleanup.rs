//! Deletes what no file owns: objects of uploads that were cut off and of deleted files, and the terms these had in the index.

use ::jobs::{Job, JobContext, JobError, JobHandler};
use async_trait::async_trait;
use chrono::TimeDelta;
use objects::Objects;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store;

/// Deletes an object. Its dedupe key is the object's id, so that an upload that succeeds takes it back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeleteObject {
    pub(crate) object: Uuid,
}

impl Job for DeleteObject {
    const KIND: &'static str = "upload.delete_object";
    /// What was deleted must go, however long the store is away.
    const ATTEMPT_LIMIT: i64 = i64::MAX;
}

pub(super) struct ObjectDeleter {
    objects: Objects,
}

impl ObjectDeleter {
    pub(super) fn new(objects: Objects) -> Self {
        Self { objects }
    }
}

#[async_trait]
impl JobHandler<DeleteObject> for ObjectDeleter {
    async fn run(&self, context: &JobContext, job: DeleteObject) -> Result<(), JobError> {
        self.objects.delete(context.scope(), job.object).await.map_err(|error| {
            tracing::warn!(%error, "failed to delete an object; it is deleted later");
            JobError::transient("the object store does not answer")
        })
    }
}

/// Rewrites the full-text index without the terms of deleted files.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CompactIndex {}

impl Job for CompactIndex {
    const KIND: &'static str = "upload.compact_index";
}

/// What is deleted within this is rewritten together.
pub(crate) const COMPACT_DELAY: TimeDelta = TimeDelta::seconds(30);

pub(super) struct IndexCompactor;

#[async_trait]
impl JobHandler<CompactIndex> for IndexCompactor {
    /// In small transactions, so that uploads go on meanwhile.
    async fn run(&self, context: &JobContext, _job: CompactIndex) -> Result<(), JobError> {
        let mut is_start = true;
        loop {
            let mut session = context.begin().await?;
            let is_done = store::search::compact(&mut session, is_start).await?;
            session.commit().await?;
            if is_done && !is_start {
                return Ok(());
            }
            is_start = false;
        }
    }
}
