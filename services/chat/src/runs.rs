//! Runs: starts, follows, cancels and takes them over.

mod remote_follower;
mod supervise;
mod takeover;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use access::{Action, Caller, LOCAL_ORG, Rights};
use base::{Problem, tasks::Task};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::{StreamExt, stream::BoxStream};
use idempotency::{Attempt, Begun};
use kit::tenant_limiter::TenantLimiter;
use llm::Model;
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use quota::Meter;
use serde::{Deserialize, Serialize};
use server::Deps;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    api::{Answer, AskRequest, ProjectRef},
    callees::Callees,
    config::Config,
    event::{Event, RUNNING, RunStarted, fold},
    log::{CreateOp, EventBuffer, EventFrame, Log, LogOp},
    store::{self, NewRun, RunRow},
};

/// The request of a run, stored with it as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunRequest {
    pub(crate) ask: AskRequest,
    pub(crate) project: Option<ProjectRef>,
    /// The rights of its user, for the process that takes it over.
    pub(crate) rights: Rights,
}

/// The runs of all tenants. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Runs {
    inner: Arc<RunsInner>,
}

struct RunsInner {
    deps: Deps,
    callees: Callees,
    config: Config,
    /// Limits the runs of this process.
    limiter: TenantLimiter,
    model: Option<Model>,
    log: Log,
    writer: Task,
    /// Id of this process in leases.
    owner: Uuid,
    /// Runs of this process.
    live: Mutex<HashMap<Uuid, Arc<EventBuffer>>>,
    /// Changes when a run begins in this process.
    begun: watch::Sender<()>,
    /// Runs of other processes that are followed from this one.
    remote: Mutex<HashMap<Uuid, Weak<EventBuffer>>>,
    /// Cancelled when this process stops; its runs are left for another one to take over.
    shutdown: CancellationToken,
}

/// A run that was started, or found by its idempotency key.
pub(crate) struct StartedRun {
    pub(crate) run_id: Uuid,
    /// It was started by an earlier request with the same key.
    pub(crate) is_replay: bool,
}

impl Runs {
    pub(crate) fn new(deps: Deps, config: Config) -> anyhow::Result<Self> {
        let model = config.model.clone().map(Model::new).transpose()?;
        let callees = Callees::new(&deps.peers)?;
        let owner = deps.ids.next();
        let (log, writer) = Log::new(deps.db.clone(), owner, deps.outbox.clone(), deps.live.clone());
        let shutdown = CancellationToken::new();
        let limiter = TenantLimiter::with_reserve(config.run_limit, Some(LOCAL_ORG));
        let inner = RunsInner {
            deps,
            callees,
            config,
            limiter,
            model,
            log,
            writer,
            owner,
            live: Mutex::default(),
            begun: watch::Sender::new(()),
            remote: Mutex::default(),
            shutdown,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The tasks that write the log, renew leases and take over runs of dead processes.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        vec![self.inner.writer.clone(), self.lease_task(), self.takeover_task()]
    }

    /// Whether answers can be written by a model.
    pub(crate) fn has_model(&self) -> bool {
        self.inner.model.is_some()
    }

    /// The models that write, in the order in which they are asked.
    pub(crate) fn models(&self) -> Vec<String> {
        let models = self.inner.model.iter().flat_map(Model::chat_models);
        models.map(|model| model.model.to_string()).collect()
    }

    /// Starts a run, or finds the one that the user started with the same idempotency key.
    pub(crate) async fn start(&self, who: &Caller, ask: AskRequest, key: Option<&str>) -> Result<StartedRun, Problem> {
        let keys = &self.inner.deps.idempotency;
        // Streamed or whole, it is the same question.
        let question = AskRequest { stream: true, ..ask.clone() };
        let attempt = match keys.begin(&who.scope(), Action::Ask.operation(), key, &question).await? {
            Begun::New(attempt) => attempt,
            Begun::Replay(answer) => return Ok(StartedRun { run_id: answer.body()?, is_replay: true }),
        };
        let started = self.start_new(who, ask, attempt.clone()).await;
        if started.is_err() {
            keys.release(&who.scope(), attempt).await;
        }
        started
    }

    async fn start_new(&self, who: &Caller, ask: AskRequest, attempt: Attempt) -> Result<StartedRun, Problem> {
        let permit = self.inner.limiter.try_acquire(Some(who.org())).ok_or_else(overloaded)?;
        let (thread_id, run_request) = self.run_request(who, ask).await?;
        let reservation = self.inner.deps.quota.reserve(who, Meter::Questions, 1).await?;
        let run = self.new_run(who, thread_id, &run_request)?;
        let started = Event::Run(RunStarted {
            run_id: run.id,
            thread_id,
            question: run_request.ask.query.clone(),
            mode: run_request.ask.mode.as_str().to_owned(),
            project: run_request.project.clone(),
            created_at: run.created_at,
        });
        let (id, created_at) = (run.id, run.created_at);
        let record = self.inner.deps.audit.prepare(who, Action::Ask, audit::Object::new("run", id));
        let buffer = EventBuffer::new(who.org(), id, Vec::new());
        self.live().insert(id, buffer.clone());
        self.inner.begun.send_replace(());
        self.inner.log.append(&buffer, LogOp::Create(Box::new(CreateOp { run, attempt, record })), false);
        let run = supervise::Run {
            buffer,
            who: who.clone(),
            thread_id,
            request: run_request,
            created_at,
            earlier: None,
            reservation: Some(reservation),
            _permit: permit,
        };
        // Spawned, because a disconnecting client drops this call, but a stored run must be worked on all the same.
        let stored = tokio::spawn(self.clone().store_and_supervise(run, started).in_current_span()).await;
        if stored.is_ok_and(|stored| stored) {
            return Ok(StartedRun { run_id: id, is_replay: false });
        }
        Err(Problem::unavailable("the run could not be stored"))
    }

    /// The thread to continue, or a new one, and the request with its project.
    async fn run_request(&self, who: &Caller, ask: AskRequest) -> Result<(Uuid, RunRequest), Problem> {
        let (thread_id, thread_project) = self.thread(who, ask.thread_id).await?;
        // A follow-up stays in its thread's project.
        let project = match (&ask.project, thread_project) {
            (None, Some(project)) => Some(project),
            (requested, _) => self.resolve_project(who, requested.as_deref()).await?,
        };
        Ok((thread_id, RunRequest { ask, project, rights: who.rights() }))
    }

    /// Stores the first event of a run and starts working on it; `false` if it cannot be stored.
    async fn store_and_supervise(self, run: supervise::Run, started: Event) -> bool {
        if self.inner.log.commit(&run.buffer, LogOp::Event(started)).await.is_err() {
            self.live().remove(&run.buffer.id);
            return false;
        }
        self.supervise(run);
        true
    }

    /// The events of a user's run after `after`, as they are committed, to its end; 404 for another user's run.
    pub(crate) async fn follow(
        &self,
        who: &Caller,
        run_id: Uuid,
        after: i64,
    ) -> Result<BoxStream<'static, Bytes>, Problem> {
        self.find(who, run_id).await?;
        let buffer = self.local_buffer(run_id).unwrap_or_else(|| self.remote_buffer(who, run_id));
        Ok(buffer.follow(after).boxed())
    }

    /// Whether a user's run has ended, and `after` is its last event or later; 404 for another user's run.
    pub(crate) async fn is_read_to_its_end(&self, who: &Caller, run_id: Uuid, after: i64) -> Result<bool, Problem> {
        self.find(who, run_id).await?;
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        Ok(store::has_ended(&mut session, run_id).await?
            && store::events(&mut session, run_id, after).await?.is_empty())
    }

    /// The answer of a run, complete or in progress.
    pub(crate) async fn get(&self, who: &Caller, run_id: Uuid) -> Result<Answer, Problem> {
        self.find(who, run_id).await?;
        if let Some(buffer) = self.local_buffer(run_id) {
            return Ok(fold_frames(&buffer.frames()));
        }
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        let events = store::events(&mut session, run_id, 0).await?;
        Ok(fold(events.iter().map(|(_, kind, data)| (kind.as_str(), data.as_str()))))
    }

    /// Waits for the end of a run and returns its answer. Counts as a watcher of the run until it is dropped.
    pub(crate) async fn wait(&self, who: &Caller, run_id: Uuid) -> Result<Answer, Problem> {
        if let Some(buffer) = self.local_buffer(run_id) {
            let _guard = buffer.watch();
            buffer.ended().await;
            let answer = self.get(who, run_id).await?;
            if answer.status != RUNNING {
                return Ok(answer);
            }
        }
        // It is running in another process, or will be once that has taken it over.
        let buffer = self.remote_buffer(who, run_id);
        let _guard = buffer.watch();
        buffer.ended().await;
        let answer = self.get(who, run_id).await?;
        if answer.status == RUNNING {
            let detail = format!("the answer is not complete yet; follow the run {run_id}");
            return Err(Problem::unavailable(detail));
        }
        Ok(answer)
    }

    /// Stops a run in any process. No effect on one that has ended.
    pub(crate) async fn cancel(&self, who: &Caller, run_id: Uuid) -> Result<(), Problem> {
        self.find(who, run_id).await?;
        // Stored first, so that an acknowledged cancellation survives this process.
        let deps = &self.inner.deps;
        let mut session = deps.db.begin(&who.scope()).await?;
        store::request_cancel(&mut session, run_id).await?;
        deps.audit.record(&mut session, who, Action::CancelRun, audit::Object::new("run", run_id)).await?;
        session.commit().await?;
        if let Some(buffer) = self.local_buffer(run_id) {
            buffer.cancel.cancel();
        }
        Ok(())
    }

    async fn find(&self, who: &Caller, run_id: Uuid) -> Result<RunRow, Problem> {
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        let run = store::run(&mut session, run_id).await?;
        run.ok_or_else(|| Problem::not_found("run"))
    }

    async fn resolve_project(&self, who: &Caller, project: Option<&str>) -> Result<Option<ProjectRef>, Problem> {
        let Some(slug_or_id) = project else { return Ok(None) };
        let transport = &self.inner.callees.projects;
        let found = rpc::retry(transport, || {
            let mut client = ProjectsServiceClient::new(transport.clone());
            let request = who.request(ResolveRequest { slug_or_id: slug_or_id.to_owned() });
            async move { client.resolve(request).await }
        })
        .await?
        .into_inner();
        Ok(Some(ProjectRef { id: found.id, slug: found.slug, name: found.name }))
    }

    /// The thread to continue, which must have a run of this user, with the project of its last run; otherwise a new
    /// thread.
    async fn thread(&self, who: &Caller, thread_id: Option<Uuid>) -> Result<(Uuid, Option<ProjectRef>), Problem> {
        let Some(thread_id) = thread_id else { return Ok((self.inner.deps.ids.next(), None)) };
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        let last = store::last_of_thread(&mut session, thread_id).await?;
        let last = last.ok_or_else(|| Problem::not_found("thread"))?;
        let request: Option<RunRequest> = serde_json::from_str(&last.request).ok();
        Ok((thread_id, request.and_then(|request| request.project)))
    }

    fn new_run(&self, who: &Caller, thread_id: Uuid, request: &RunRequest) -> Result<NewRun, Problem> {
        let now = self.inner.deps.clock.now();
        Ok(NewRun {
            id: self.inner.deps.ids.next(),
            org: who.org(),
            user: who.user(),
            thread_id,
            question: request.ask.query.clone(),
            request: serde_json::to_string(request).map_err(Problem::internal)?,
            lease_owner: self.inner.owner,
            lease_until: now + self.lease(),
            created_at: now,
        })
    }

    fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.inner.config.lease).unwrap_or(TimeDelta::seconds(15))
    }

    fn local_buffer(&self, run_id: Uuid) -> Option<Arc<EventBuffer>> {
        self.live().get(&run_id).cloned()
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<EventBuffer>>> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn overloaded() -> Problem {
    Problem::unavailable("this server has reached its limit of concurrent questions")
}

fn fold_frames(frames: &[EventFrame]) -> Answer {
    fold(frames.iter().map(|frame| (frame.kind, frame.data())))
}
