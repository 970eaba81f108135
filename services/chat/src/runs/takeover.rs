//! Leases: a process says every few seconds that it is alive; the runs of one that does not are taken over.

use std::{sync::Arc, time::Duration};

use access::Caller;
use base::{Scope, SystemScope, tasks::Task};
use chrono::{DateTime, TimeDelta, Utc};
use db::DbError;
use uuid::Uuid;

use super::{RunRequest, Runs, fold_frames, supervise::Run};
use crate::{
    api::Failure,
    event::{Event, Failed},
    log::{EventBuffer, EventFrame, FinishOp, LogOp},
    store::{self, RunResult},
};

/// How often requests of other processes to cancel a run are looked for, while there are runs here.
const CANCEL_POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How often runs of other processes are looked for, while none was known of.
const IDLE_POLL_INTERVAL: Duration = Duration::from_secs(10);
/// A run that has brought down this many processes is given up.
const MAX_ATTEMPTS: i64 = 3;

/// What came of looking for a run whose process is gone.
enum Taken {
    One,
    /// There are runs, each with a lease that holds.
    NoneExpired,
    NoneRunning,
}

impl Runs {
    /// Extends the leases of this process and hears of cancels that arrived elsewhere.
    pub(super) fn lease_task(&self) -> Task {
        let runs = self.clone();
        Task::new("run leases", move |system, stop| {
            let runs = runs.clone();
            async move {
                let mut begun = runs.inner.begun.subscribe();
                let mut extended = tokio::time::Instant::now();
                while !stop.is_cancelled() {
                    let extend = extended.elapsed() >= runs.inner.config.lease / 3;
                    if extend {
                        extended = tokio::time::Instant::now();
                    }
                    let has_runs = !runs.live().is_empty();
                    if has_runs && let Err(error) = runs.keep(&system, extend).await {
                        tracing::warn!(%error, "failed to renew leases of runs; it will be retried");
                    }
                    tokio::select! {
                        () = tokio::time::sleep(CANCEL_POLL_INTERVAL), if has_runs => {}
                        _ = begun.changed(), if !has_runs => {}
                        () = stop.cancelled() => {}
                    }
                }
                runs.inner.shutdown.cancel();
                if let Err(error) = runs.release(&system).await {
                    tracing::warn!(%error, "failed to release leases of runs; they will expire");
                }
            }
        })
    }

    /// Lets another process go on with the runs of this one at once.
    async fn release(&self, system: &SystemScope) -> Result<(), DbError> {
        let mut session = self.inner.deps.db.begin(&Scope::from(system.clone())).await?;
        store::release(&mut session, self.inner.owner, self.inner.deps.clock.now()).await?;
        session.commit().await
    }

    async fn keep(&self, system: &SystemScope, extend: bool) -> Result<(), DbError> {
        let scope = Scope::from(system.clone());
        let owner = self.inner.owner;
        if extend {
            let runs: Vec<Uuid> = self.live().keys().copied().collect();
            let until = self.inner.deps.clock.now() + self.lease();
            let mut session = self.inner.deps.db.begin(&scope).await?;
            store::heartbeat(&mut session, owner, &runs, until).await?;
            session.commit().await?;
        }
        let mut session = self.inner.deps.db.read(&scope).await?;
        let wanted = store::cancelled(&mut session, owner).await?;
        for id in wanted {
            if let Some(buffer) = self.local_buffer(id) {
                buffer.cancel.cancel();
            }
        }
        Ok(())
    }

    /// Looks for runs whose process is gone.
    pub(super) fn takeover_task(&self) -> Task {
        let runs = self.clone();
        Task::new("run takeover", move |system, stop| {
            let runs = runs.clone();
            async move {
                // On SQLite this process alone has the data folder: whatever runs there was left by a dead one.
                let alone = runs.inner.deps.db.is_sqlite();
                let mut expired = runs.inner.deps.clock.now();
                let mut except = None;
                if alone {
                    expired += TimeDelta::days(36_500);
                    except = Some(runs.inner.owner);
                }
                let lease = runs.inner.config.lease;
                while !stop.is_cancelled() {
                    let pause = match runs.take_one(&system, except, expired).await {
                        Ok(Taken::One) => continue,
                        Ok(Taken::NoneExpired) => lease / 8,
                        // The lease of a run that begins meanwhile ends later than this.
                        Ok(Taken::NoneRunning) => IDLE_POLL_INTERVAL.min(lease),
                        Err(error) => {
                            tracing::warn!(%error, "failed to take over runs; it will be retried");
                            lease / 8
                        }
                    };
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stop.cancelled() => {}
                    }
                    expired = runs.inner.deps.clock.now();
                    except = None;
                }
            }
        })
    }

    /// Takes over one run, if there is one.
    async fn take_one(
        &self,
        system: &SystemScope,
        except: Option<Uuid>,
        expired: DateTime<Utc>,
    ) -> Result<Taken, DbError> {
        let scope = Scope::from(system.clone());
        let mut session = self.inner.deps.db.begin(&scope).await?;
        let until = self.inner.deps.clock.now() + self.lease();
        let Some(row) = store::claim(&mut session, self.inner.owner, except, expired, until).await? else {
            let is_any_running = store::is_any_running(&mut session).await?;
            return Ok(if is_any_running { Taken::NoneExpired } else { Taken::NoneRunning });
        };
        session.enter(system.on_behalf_of(row.org, row.user_id)).await?;
        let events = store::events(&mut session, row.id, 0).await?;
        session.commit().await?;
        if self.local_buffer(row.id).is_some() {
            // Its lease lapsed while the database did not answer, and it is still being worked on here.
            return Ok(Taken::One);
        }
        let frames: Vec<EventFrame> =
            events.iter().map(|(seq, kind, data)| EventFrame::stored(*seq, kind, data)).collect();
        let earlier = fold_frames(&frames);
        tracing::info!(run_id = %row.id, attempt = row.attempts, "run taken over");
        let buffer = EventBuffer::new(row.org, row.id, frames);
        self.live().insert(row.id, buffer.clone());
        self.inner.begun.send_replace(());
        let Ok(request) = serde_json::from_str::<RunRequest>(&row.request) else {
            self.give_up(&buffer, earlier.answer).await;
            return Ok(Taken::One);
        };
        let who = Caller::impersonate(system, row.org, row.user_id, request.rights.clone());
        let (thread_id, created_at) = (row.thread_id, row.created_at);
        let permit = self.inner.limiter.acquire_over_limit(Some(row.org));
        let run = Run {
            buffer,
            who,
            thread_id,
            request,
            created_at,
            earlier: Some(earlier),
            reservation: None,
            _permit: permit,
        };
        if row.attempts <= MAX_ATTEMPTS {
            self.supervise(run);
        } else {
            self.end(&run, Err(interrupted())).await;
        }
        Ok(Taken::One)
    }

    /// Ends a run whose question this version cannot read.
    async fn give_up(&self, buffer: &Arc<EventBuffer>, answer: String) {
        let result = RunResult { state: "error".to_owned(), answer, at: self.inner.deps.clock.now() };
        let event = Event::Error(Failed { failure: interrupted(), degraded: Vec::new() });
        let finish = FinishOp { event, result, bus_event: None };
        if self.inner.log.commit(buffer, LogOp::Finish(Box::new(finish))).await.is_err() {
            tracing::error!(run_id = %buffer.id, "the end of a run could not be stored");
        }
        self.live().remove(&buffer.id);
    }
}

fn interrupted() -> Failure {
    let message = "the run was interrupted too often".to_owned();
    Failure { code: "interrupted".to_owned(), message, retryable: true }
}
