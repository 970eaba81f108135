//! Keeps one run going to exactly one end: its own, a person's cancel, or nobody watching.

use std::{panic::AssertUnwindSafe, sync::Arc};

use access::Caller;
use bus::EventRecord;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use kit::tenant_limiter::TenantPermit;
use proto::{convert, events::v1::AnswerCompleted};
use tracing::Instrument;
use uuid::Uuid;

use super::{Job, Runs};
use crate::{
    api::{Answer, Failure},
    event::{Done, Event, Failed},
    log::{Finish, Op, Tail},
    pipeline::{self, Context, Ended},
    store::{self, Ending},
};

/// A run about to be worked on in this process.
pub(super) struct Run {
    pub(super) tail: Arc<Tail>,
    pub(super) who: Caller,
    pub(super) thread_id: Uuid,
    pub(super) job: Job,
    pub(super) created_at: DateTime<Utc>,
    /// What an earlier process had done of it.
    pub(super) before: Option<Answer>,
    /// Counts towards the runs of this process.
    pub(super) _permit: TenantPermit,
}

impl Runs {
    /// Works on a run in the background until it has ended.
    pub(super) fn supervise(&self, run: Run) {
        let runs = self.clone();
        let span = tracing::info_span!("run", run_id = %run.tail.id, mode = run.job.ask.mode.as_str());
        tokio::spawn(async move { runs.work(run).await }.instrument(span));
    }

    /// Ends a run that is not worked on any more.
    pub(super) async fn end(&self, run: &Run, ended: Result<Ended, Failure>) {
        let context = self.context(run);
        self.finish(run, &context, ended).await;
        self.live().remove(&run.tail.id);
    }

    fn context(&self, run: &Run) -> Context {
        let (callees, model, log) = (self.inner.callees.clone(), self.inner.model.clone(), self.inner.log.clone());
        let before = run.before.as_ref();
        Context::new(&self.inner.deps, callees, model, log, &run.job, &run.who, run.tail.clone(), run.thread_id, before)
    }

    async fn work(&self, run: Run) {
        let context = self.context(&run);
        // Dropping the pipeline closes the model's stream and every call it has open.
        let ended = tokio::select! {
            ended = AssertUnwindSafe(pipeline::run(&context)).catch_unwind() => ended.unwrap_or_else(|_| {
                tracing::error!("the pipeline panicked");
                Err(internal())
            }),
            () = run.tail.cancel.cancelled() => Ok(Ended::Cancelled),
            () = self.unwatched(&run) => Ok(Ended::Cancelled),
            () = self.inner.halt.cancelled() => return,
            // What is not in the log was not sent: whoever takes the run over goes on from there.
            () = run.tail.lost.cancelled() => {
                self.live().remove(&run.tail.id);
                return;
            }
        };
        self.finish(&run, &context, ended).await;
        self.live().remove(&run.tail.id);
    }

    /// Returns once nobody has watched the run for `RUN_DETACH_GRACE`, here or at another process.
    async fn unwatched(&self, run: &Run) {
        if run.job.ask.background {
            return std::future::pending().await;
        }
        loop {
            run.tail.unwatched(self.inner.config.detach_grace).await;
            let Some(left) = self.watched_elsewhere(run).await else { return };
            tokio::time::sleep(left).await;
        }
    }

    /// How long the grace of those who watch or have watched at another process still lasts.
    async fn watched_elsewhere(&self, run: &Run) -> Option<std::time::Duration> {
        let deps = &self.inner.deps;
        let until = async {
            let mut session = deps.db.read(&run.who.scope()).await?;
            store::watched_until(&mut session, run.tail.id).await
        };
        match until.await {
            Ok(until) => (until? - deps.clock.now()).to_std().ok().filter(|left| !left.is_zero()),
            Err(error) => {
                tracing::warn!(%error, "who watches a run elsewhere cannot be read");
                Some(self.inner.config.detach_grace)
            }
        }
    }

    async fn finish(&self, run: &Run, context: &Context, ended: Result<Ended, Failure>) {
        let progress = context.progress();
        let degraded = progress.degraded.clone();
        if !matches!(ended, Ok(Ended::Complete | Ended::Partial(_))) {
            self.inner.log.append(&run.tail, Op::Event(Event::Usage(context.usage())), false);
        }
        let (state, event) = match ended {
            Ok(ended) => {
                let (status, reason) = match ended {
                    Ended::Complete => ("complete", None),
                    Ended::Partial(reason) => ("partial", Some(reason)),
                    Ended::Cancelled => ("cancelled", None),
                };
                let done = Done { status: status.to_owned(), reason, degraded, budget: context.budget() };
                (status, Event::Done(done))
            }
            Err(failure) => ("error", Event::Error(Failed { failure, degraded })),
        };
        metrics::counter!("gooseek_runs_total", "outcome" => state, "mode" => run.job.ask.mode.as_str()).increment(1);
        let now = self.inner.deps.clock.now();
        let ending = Ending { state: state.to_owned(), answer: progress.answer.clone(), at: now };
        let fact = self.fact(run, &progress, state, now);
        let finish = Finish { event, ending, fact: Some(fact) };
        if self.inner.log.commit(&run.tail, Op::Finish(Box::new(finish))).await.is_err() {
            tracing::error!("the end of a run could not be stored; it will be taken over");
        }
    }

    /// What the library is told of the end of a run.
    pub(super) fn fact(
        &self,
        run: &Run,
        progress: &pipeline::Progress,
        state: &str,
        now: DateTime<Utc>,
    ) -> EventRecord {
        let completed = AnswerCompleted {
            run_id: run.tail.id.to_string(),
            thread_id: run.thread_id.to_string(),
            user_id: run.who.user().to_string(),
            question: run.job.ask.query.clone(),
            answer: progress.answer.clone(),
            status: state.to_owned(),
            citations_json: serde_json::to_string(&progress.citations).unwrap_or_default(),
            sources_json: serde_json::to_string(&progress.sources).unwrap_or_default(),
            degraded: progress.degraded.clone(),
            mode: run.job.ask.mode.as_str().to_owned(),
            project_id: run.job.project.as_ref().map(|project| project.id.clone()).unwrap_or_default(),
            asked_at: Some(convert::timestamp(run.created_at)),
            completed_at: Some(convert::timestamp(now)),
        };
        EventRecord::new(self.inner.deps.ids.next(), run.who.org(), &completed, now)
    }
}

fn internal() -> Failure {
    Failure { code: "internal".to_owned(), message: "an internal error occurred".to_owned(), retryable: true }
}
