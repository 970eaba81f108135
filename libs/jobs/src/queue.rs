//! The queue of one service's database, as those who ask for work see it.

use std::sync::Arc;

use base::{
    Scope, telemetry,
    time::{Clock, Ids},
};
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, Session};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    Job,
    store::{self, NewJob},
};

/// How long a claim holds unless it is renewed.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(20);

/// Where jobs are put. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JobQueue {
    db: Db,
    clock: Clock,
    ids: Ids,
    wake: Arc<Notify>,
}

/// When a job is done, for whom, and whether it is the same as another.
#[derive(Debug, Clone, Copy, Default)]
pub struct EnqueueOptions<'a> {
    /// Not before this; `None`: at once.
    pub run_at: Option<DateTime<Utc>>,
    /// While a job of this kind and organisation with this key waits, another is not added. The key is free again when work
    /// on the job begins, because that may have read already what the next one is about.
    pub dedupe_key: Option<&'a str>,
    /// In whose name it is done; `None`: in that of the session. Only the system's session may enqueue for others.
    pub scope: Option<&'a Scope>,
}

impl JobQueue {
    pub fn new(db: Db, clock: Clock, ids: Ids) -> Self {
        Self { db, clock, ids, wake: Arc::default() }
    }

    /// Adds a job to the transaction of `session`; workers of this process begin when it is committed.
    pub async fn enqueue<J: Job>(&self, session: &mut Session, job: &J) -> Result<(), DbError> {
        self.enqueue_with(session, job, EnqueueOptions::default()).await.map(drop)
    }

    /// [`enqueue`](Self::enqueue) for later, for another, or unless the same work waits already; whether the job was added.
    pub async fn enqueue_with<J: Job>(
        &self,
        session: &mut Session,
        job: &J,
        options: EnqueueOptions<'_>,
    ) -> Result<bool, DbError> {
        let now = self.clock.now();
        let (org, user) = owner(options.scope.unwrap_or(session.scope()));
        let new = NewJob {
            id: self.ids.next(),
            org,
            user,
            kind: J::KIND,
            payload: payload(job)?,
            run_at: options.run_at.unwrap_or(now),
            dedupe_key: options.dedupe_key,
            schedule: None,
            trace: telemetry::current_traceparent(),
            now,
        };
        let is_added = store::insert(session, &new).await?;
        let wake = self.wake.clone();
        session.on_commit(move || wake.notify_one());
        Ok(is_added)
    }

    /// Takes back the job of the session's scope with this key; `false` when there is none, or work on it has begun.
    pub async fn cancel<J: Job>(&self, session: &mut Session, dedupe_key: &str) -> Result<bool, DbError> {
        let (org, _) = owner(session.scope());
        store::cancel(session, org, J::KIND, dedupe_key).await
    }

    /// Makes the workers of this process look whether something is due. Only needed when a clock was moved.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.ids
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// The organisation and the user a job is stored for; what a scope does not name is nil.
fn owner(scope: &Scope) -> (Uuid, Uuid) {
    (scope.org().unwrap_or_default(), scope.user().unwrap_or_default())
}

pub(crate) fn payload<J: Job>(job: &J) -> Result<String, DbError> {
    serde_json::to_string(job).map_err(|error| DbError::Inconsistent {
        table: "jobs",
        detail: format!("{} cannot be written: {error}", J::KIND),
    })
}
