//! Supervises a run to exactly one end: completion, failure, cancellation, or detachment of its last watcher.

use std::{panic::AssertUnwindSafe, sync::Arc};

use access::Caller;
use bus::EventRecord;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use kit::tenant_limiter::TenantPermit;
use proto::{convert, events::v1::AnswerCompleted};
use quota::Reservation;
use tracing::Instrument;
use uuid::Uuid;

use super::{RunRequest, Runs};
use crate::{
    api::{Answer, Failure},
    event::{Done, Event, Failed},
    log::{EventBuffer, FinishOp, LogOp},
    pipeline::{self, Context, RunOutcome},
    store::{self, RunResult},
};

/// A run to work on in this process.
pub(super) struct Run {
    pub(super) buffer: Arc<EventBuffer>,
    pub(super) who: Caller,
    pub(super) thread_id: Uuid,
    pub(super) request: RunRequest,
    pub(super) created_at: DateTime<Utc>,
    /// What an earlier process has done of it.
    pub(super) earlier: Option<Answer>,
    /// What the question takes of the plan; `None` for a run that was taken over, whose reservation expires.
    pub(super) reservation: Option<Reservation>,
    /// Counts towards the runs of this process.
    pub(super) _permit: TenantPermit,
}

impl Runs {
    /// Works on a run in the background until its end.
    pub(super) fn supervise(&self, run: Run) {
        let runs = self.clone();
        let span = tracing::info_span!("run", run_id = %run.buffer.id, mode = run.request.ask.mode.as_str());
        tokio::spawn(async move { runs.work(run).await }.instrument(span));
    }

    /// Ends a run without working on it.
    pub(super) async fn end(&self, run: &Run, outcome: Result<RunOutcome, Failure>) {
        let context = self.context(run);
        self.finish(run, &context, outcome).await;
        self.live().remove(&run.buffer.id);
    }

    fn context(&self, run: &Run) -> Context {
        let (callees, model, log) = (self.inner.callees.clone(), self.inner.model.clone(), self.inner.log.clone());
        let earlier = run.earlier.as_ref();
        Context::new(
            &self.inner.deps,
            callees,
            model,
            log,
            &run.request,
            &run.who,
            run.buffer.clone(),
            run.thread_id,
            earlier,
        )
    }

    async fn work(&self, mut run: Run) {
        let context = self.context(&run);
        // Dropping the pipeline closes the model's stream and all open calls.
        let outcome = tokio::select! {
            outcome = AssertUnwindSafe(pipeline::run(&context)).catch_unwind() => outcome.unwrap_or_else(|_| {
                tracing::error!("pipeline panicked; run ends with an internal error");
                Err(internal())
            }),
            () = run.buffer.cancel.cancelled() => Ok(RunOutcome::Cancelled),
            () = self.unwatched(&run) => Ok(RunOutcome::Cancelled),
            () = self.inner.shutdown.cancelled() => return leave(run),
            // The process that takes the run over continues from the log; nothing else has been sent.
            () = run.buffer.lost.cancelled() => {
                self.live().remove(&run.buffer.id);
                return leave(run);
            }
        };
        let answered = !matches!(outcome, Err(_) | Ok(RunOutcome::Cancelled));
        self.finish(&run, &context, outcome).await;
        self.live().remove(&run.buffer.id);
        // Dropped, it is released: questions without an answer cost nothing.
        if let Some(reservation) = run.reservation.take().filter(|_| answered) {
            reservation.settle(1).await;
        }
    }

    /// Returns once the run has had no watcher in any process for `RUN_DETACH_GRACE`.
    async fn unwatched(&self, run: &Run) {
        if run.request.ask.background {
            return std::future::pending().await;
        }
        loop {
            run.buffer.unwatched(self.inner.config.detach_grace).await;
            let Some(left) = self.remaining_remote_grace(run).await else { return };
            tokio::time::sleep(left).await;
        }
    }

    /// Remaining detach grace of watchers in other processes; `None` if it is over.
    async fn remaining_remote_grace(&self, run: &Run) -> Option<std::time::Duration> {
        let deps = &self.inner.deps;
        let until = async {
            let mut session = deps.db.read(&run.who.scope()).await?;
            store::watched_until(&mut session, run.buffer.id).await
        };
        match until.await {
            Ok(until) => (until? - deps.clock.now()).to_std().ok().filter(|left| !left.is_zero()),
            Err(error) => {
                tracing::warn!(%error, "failed to read watchers of run in other processes; it is treated as watched");
                Some(self.inner.config.detach_grace)
            }
        }
    }

    async fn finish(&self, run: &Run, context: &Context, outcome: Result<RunOutcome, Failure>) {
        let progress = context.progress();
        let degraded = progress.degraded.clone();
        if !matches!(outcome, Ok(RunOutcome::Complete | RunOutcome::Partial(_))) {
            self.inner.log.append(&run.buffer, LogOp::Event(Event::Usage(context.usage())), false);
        }
        let (state, event) = match outcome {
            Ok(outcome) => {
                let (status, reason) = match outcome {
                    RunOutcome::Complete => ("complete", None),
                    RunOutcome::Partial(reason) => ("partial", Some(reason)),
                    RunOutcome::Cancelled => ("cancelled", None),
                };
                let done = Done { status: status.to_owned(), reason, degraded, budget: context.budget() };
                (status, Event::Done(done))
            }
            Err(failure) => ("error", Event::Error(Failed { failure, degraded })),
        };
        metrics::counter!("gooseek_runs_total", "outcome" => state, "mode" => run.request.ask.mode.as_str())
            .increment(1);
        let now = self.inner.deps.clock.now();
        let result = RunResult { state: state.to_owned(), answer: progress.answer.clone(), at: now };
        let bus_event = self.completed_event(run, &progress, state, now);
        let finish = FinishOp { event, result, bus_event: Some(bus_event) };
        if self.inner.log.commit(&run.buffer, LogOp::Finish(Box::new(finish))).await.is_err() {
            tracing::error!("failed to store end of run; it will be taken over");
        }
    }

    /// The event that tells library-svc of the end of a run.
    pub(super) fn completed_event(
        &self,
        run: &Run,
        progress: &pipeline::Progress,
        state: &str,
        now: DateTime<Utc>,
    ) -> EventRecord {
        let completed = AnswerCompleted {
            run_id: run.buffer.id.to_string(),
            thread_id: run.thread_id.to_string(),
            user_id: run.who.user().to_string(),
            question: run.request.ask.query.clone(),
            answer: progress.answer.clone(),
            status: state.to_owned(),
            citations_json: serde_json::to_string(&progress.citations).unwrap_or_default(),
            sources_json: serde_json::to_string(&progress.sources).unwrap_or_default(),
            degraded: progress.degraded.clone(),
            mode: run.request.ask.mode.as_str().to_owned(),
            project_id: run.request.project.as_ref().map(|project| project.id.clone()).unwrap_or_default(),
            asked_at: Some(convert::timestamp(run.created_at)),
            completed_at: Some(convert::timestamp(now)),
        };
        EventRecord::new(self.inner.deps.ids.next(), run.who.org(), &completed, now)
    }
}

/// Another process goes on with the run.
fn leave(run: Run) {
    if let Some(reservation) = run.reservation {
        reservation.leave();
    }
}

fn internal() -> Failure {
    Failure { code: "internal".to_owned(), message: "an internal error occurred".to_owned(), retryable: true }
}
