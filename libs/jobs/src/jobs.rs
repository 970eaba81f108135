//! What a service does in the background: its handlers and schedules.

use std::{collections::HashMap, fmt, marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use db::{DbError, Session};
use tokio::sync::Semaphore;

use crate::{Job, JobContext, JobError, JobHandler, Schedule};

/// The handlers and schedules of one service.
#[derive(Debug, Default)]
pub struct Jobs {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) schedules: HashMap<&'static str, Arc<Schedule>>,
}

impl Jobs {
    /// Has `handler` do the jobs of kind `J`, at most `concurrency` at once in this process.
    #[must_use]
    pub fn handle<J: Job>(mut self, concurrency: usize, handler: impl JobHandler<J>) -> Self {
        self.kinds.push(Kind {
            name: J::KIND,
            attempt_limit: J::ATTEMPT_LIMIT,
            slots: Arc::new(Semaphore::new(concurrency)),
            handler: Arc::new(Typed { handler, job: PhantomData }),
        });
        self
    }

    /// Has the job of a schedule done; its kind needs a handler, too.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.insert(schedule.name, Arc::new(schedule));
        self
    }
}

/// A kind of job in this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) attempt_limit: i64,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) handler: Arc<dyn PayloadHandler>,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A [`JobHandler`] that reads the payload itself, so that handlers of all kinds have one type.
#[async_trait]
pub(crate) trait PayloadHandler: Send + Sync {
    async fn run(&self, context: &JobContext) -> Result<(), JobError>;
    async fn on_dead(&self, context: &JobContext, session: &mut Session, reason: &str) -> Result<(), DbError>;
}

struct Typed<H, J> {
    handler: H,
    job: PhantomData<fn() -> J>,
}

#[async_trait]
impl<J: Job, H: JobHandler<J>> PayloadHandler for Typed<H, J> {
    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        let job = serde_json::from_str(&context.claimed.payload)
            .map_err(|error| JobError::Permanent(format!("the payload cannot be read by this version: {error}")))?;
        self.handler.run(context, job).await
    }

    async fn on_dead(&self, context: &JobContext, session: &mut Session, reason: &str) -> Result<(), DbError> {
        // Without a readable payload there is nothing the handler could tell anyone.
        let Ok(job) = serde_json::from_str(&context.claimed.payload) else { return Ok(()) };
        self.handler.on_dead(context, session, job, reason).await
    }
}
