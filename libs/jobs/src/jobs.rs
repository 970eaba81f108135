//! What a service does in the background: its handlers and schedules.

use std::{collections::HashMap, fmt, marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use db::{DbError, Session};
use tokio::sync::Semaphore;

use crate::{Job, JobContext, JobError, JobHandler, job::ATTEMPT_LIMIT, schedule::Schedule};

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

    /// Does `work`, for the system, whenever the cron expression `when` says so in UTC (<https://docs.rs/croner>): once in the
    /// cluster. `name` is `<service>.<verb>_<thing>`, unique in the database and stored, so it never changes. What is said of
    /// [`JobHandler::run`] holds for `work`.
    ///
    /// ```text
    /// jobs.cron("search.trim_pages", "*/10 * * * *", move |context| trim(pages.clone(), context))
    /// ```
    ///
    /// # Panics
    /// When `when` is not a cron expression.
    #[must_use]
    pub fn cron<F>(
        mut self,
        name: &'static str,
        when: &str,
        work: impl Fn(JobContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        self.schedules.insert(name, Arc::new(Schedule::new(name, when)));
        self.kinds.push(Kind {
            name,
            attempt_limit: ATTEMPT_LIMIT,
            slots: Arc::new(Semaphore::new(1)),
            handler: Arc::new(Scheduled(work)),
        });
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

/// The work of a schedule.
struct Scheduled<W>(W);

#[async_trait]
impl<W, F> PayloadHandler for Scheduled<W>
where
    W: Fn(JobContext) -> F + Send + Sync,
    F: Future<Output = Result<(), JobError>> + Send,
{
    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        (self.0)(context.clone()).await
    }

    async fn on_dead(&self, _context: &JobContext, _session: &mut Session, _reason: &str) -> Result<(), DbError> {
        Ok(())
    }
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
