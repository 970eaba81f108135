//! The runs of this process: started, followed, cancelled, taken over.

mod mirror;
mod supervise;
mod takeover;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use access::{Caller, LOCAL_ORG, Rights};
use base::{Problem, problem::Code, tasks::Task};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::{StreamExt, stream::BoxStream};
use kit::tenant_limiter::TenantLimiter;
use llm::Model;
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use serde::{Deserialize, Serialize};
use server::Deps;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    api::{Answer, Ask, ProjectRef},
    callees::Callees,
    config::Config,
    event::{Event, RUNNING, RunStarted, fold},
    log::{Frame, Log, Op, Tail},
    store::{self, NewRun, RunRow},
};

/// What a run was asked to do, stored with it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) ask: Ask,
    pub(crate) project: Option<ProjectRef>,
    /// What its owner may do, wherever it goes on.
    pub(crate) rights: Rights,
}

/// Every run of every tenant. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Runs {
    inner: Arc<Inner>,
}

struct Inner {
    deps: Deps,
    callees: Callees,
    config: Config,
    /// Of the runs of this process.
    limiter: TenantLimiter,
    model: Option<Model>,
    log: Log,
    writer: Task,
    /// This process, as leases know it.
    owner: Uuid,
    live: Mutex<HashMap<Uuid, Arc<Tail>>>,
    /// Changes when a run begins in this process.
    begun: watch::Sender<()>,
    mirrors: Mutex<HashMap<Uuid, Weak<Tail>>>,
    /// Cancelled when this process stops: its runs are left for the next one.
    halt: CancellationToken,
}

/// A run that was started or found.
pub(crate) struct Started {
    pub(crate) run_id: Uuid,
}

impl Runs {
    pub(crate) fn new(deps: Deps, config: Config) -> anyhow::Result<Self> {
        let model = config.model.clone().map(Model::new).transpose()?;
        let callees = Callees::new(&deps.peers)?;
        let owner = deps.ids.next();
        let (log, writer) = Log::new(deps.db.clone(), owner, deps.outbox.clone(), deps.live.clone());
        let halt = CancellationToken::new();
        let limiter = TenantLimiter::with_reserve(config.run_limit, Some(LOCAL_ORG));
        let inner = Inner {
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
            mirrors: Mutex::default(),
            halt,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The writer of the log, the keeper of leases, and the one who takes over what others left.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        vec![self.inner.writer.clone(), self.lease_task(), self.takeover_task()]
    }

    /// Whether answers can be written by a model.
    pub(crate) fn has_model(&self) -> bool {
        self.inner.model.is_some()
    }

    /// Starts a run, or finds the one the same person started under the same key.
    pub(crate) async fn start(&self, who: &Caller, ask: Ask, key: Option<String>) -> Result<Started, Problem> {
        if let Some(key) = &key
            && let Some(run) = self.by_key(who, key).await?
        {
            return same_question(&run, &ask);
        }
        let permit = self.inner.limiter.try_acquire(Some(who.org())).ok_or_else(full)?;
        let (thread_id, job) = self.job(who, ask).await?;
        let run = self.new_run(who, thread_id, key.clone(), &job)?;
        let started = Event::Run(RunStarted {
            run_id: run.id,
            thread_id,
            question: job.ask.query.clone(),
            mode: job.ask.mode.as_str().to_owned(),
            project: job.project.clone(),
            created_at: run.created_at,
        });
        let (id, created_at) = (run.id, run.created_at);
        let tail = Tail::new(who.org(), id, Vec::new());
        self.live().insert(id, tail.clone());
        self.inner.begun.send_replace(());
        self.inner.log.append(&tail, Op::Create(Box::new(run)), false);
        let work = supervise::Run { tail, who: who.clone(), thread_id, job, created_at, before: None, _permit: permit };
        let asked = work.job.ask.clone();
        // A client that leaves now drops this call; what is stored must be worked on all the same.
        let begun = tokio::spawn(self.clone().begin(work, started).in_current_span()).await;
        if begun.is_ok_and(|stored| stored) {
            return Ok(Started { run_id: id });
        }
        // The same key from two connections at once: the other was first.
        if let Some(key) = &key
            && let Some(run) = self.by_key(who, key).await?
        {
            return same_question(&run, &asked);
        }
        Err(Problem::unavailable("the run could not be stored"))
    }

    /// The thread to go on with, or a new one, and what is to be done.
    async fn job(&self, who: &Caller, ask: Ask) -> Result<(Uuid, Job), Problem> {
        let (thread_id, its_project) = self.thread(who, ask.thread_id).await?;
        // A follow-up stays in its thread's project.
        let project = match (&ask.project, its_project) {
            (None, Some(project)) => Some(project),
            (asked, _) => self.resolve_project(who, asked.as_deref()).await?,
        };
        Ok((thread_id, Job { ask, project, rights: who.rights() }))
    }

    /// Stores the run's first event and starts the work; `false` when it cannot be stored.
    async fn begin(self, run: supervise::Run, started: Event) -> bool {
        if self.inner.log.commit(&run.tail, Op::Event(started)).await.is_err() {
            self.live().remove(&run.tail.id);
            return false;
        }
        self.supervise(run);
        true
    }

    /// The events of a person's run after `after`, as they come, to its end; 404 for anybody else's.
    pub(crate) async fn follow(
        &self,
        who: &Caller,
        run_id: Uuid,
        after: i64,
    ) -> Result<BoxStream<'static, Bytes>, Problem> {
        self.find(who, run_id).await?;
        let tail = self.tail(run_id).unwrap_or_else(|| self.mirror(who, run_id));
        Ok(tail.follow(after).boxed())
    }

    /// The run as far as it has come.
    pub(crate) async fn get(&self, who: &Caller, run_id: Uuid) -> Result<Answer, Problem> {
        self.find(who, run_id).await?;
        if let Some(tail) = self.tail(run_id) {
            return Ok(fold_frames(&tail.frames()));
        }
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        let events = store::events(&mut session, run_id, 0).await?;
        Ok(fold(events.iter().map(|(_, kind, data)| (kind.as_str(), data.as_str()))))
    }

    /// Waits for the end of a run and returns the whole answer. Dropped earlier, the run is no longer watched.
    pub(crate) async fn wait(&self, who: &Caller, run_id: Uuid) -> Result<Answer, Problem> {
        if let Some(tail) = self.tail(run_id) {
            let _watching = tail.watch();
            tail.ended().await;
            let answer = self.get(who, run_id).await?;
            if answer.status != RUNNING {
                return Ok(answer);
            }
        }
        // It goes on at another process, or will when that has taken it over.
        let mirror = self.mirror(who, run_id);
        let _watching = mirror.watch();
        mirror.ended().await;
        let answer = self.get(who, run_id).await?;
        if answer.status == RUNNING {
            let detail = format!("the answer is not finished here; follow the run {run_id}");
            return Err(Problem::unavailable(detail));
        }
        Ok(answer)
    }

    /// Stops a run, here or in whichever process it is. Stopping one that has ended changes nothing.
    pub(crate) async fn cancel(&self, who: &Caller, run_id: Uuid) -> Result<(), Problem> {
        self.find(who, run_id).await?;
        // Stored first: a wish that was acknowledged outlives this process.
        let mut session = self.inner.deps.db.begin(&who.scope()).await?;
        store::request_cancel(&mut session, run_id).await?;
        session.commit().await?;
        if let Some(tail) = self.tail(run_id) {
            tail.cancel.cancel();
        }
        Ok(())
    }

    async fn find(&self, who: &Caller, run_id: Uuid) -> Result<RunRow, Problem> {
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        let run = store::run(&mut session, run_id).await?;
        run.ok_or_else(|| Problem::not_found("run"))
    }

    async fn by_key(&self, who: &Caller, key: &str) -> Result<Option<RunRow>, Problem> {
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        Ok(store::run_by_key(&mut session, key).await?)
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

    /// The thread to go on with, which must have a run of this person, and that run's project; else a new thread.
    async fn thread(&self, who: &Caller, thread_id: Option<Uuid>) -> Result<(Uuid, Option<ProjectRef>), Problem> {
        let Some(thread_id) = thread_id else { return Ok((self.inner.deps.ids.next(), None)) };
        let mut session = self.inner.deps.db.read(&who.scope()).await?;
        let last = store::last_of_thread(&mut session, thread_id).await?;
        let last = last.ok_or_else(|| Problem::not_found("thread"))?;
        let job: Option<Job> = serde_json::from_str(&last.request).ok();
        Ok((thread_id, job.and_then(|job| job.project)))
    }

    fn new_run(&self, who: &Caller, thread_id: Uuid, key: Option<String>, job: &Job) -> Result<NewRun, Problem> {
        let now = self.inner.deps.clock.now();
        Ok(NewRun {
            id: self.inner.deps.ids.next(),
            org: who.org(),
            user: who.user(),
            thread_id,
            idempotency_key: key,
            question: job.ask.query.clone(),
            request: serde_json::to_string(job).map_err(Problem::internal)?,
            lease_owner: self.inner.owner,
            lease_until: now + self.lease(),
            created_at: now,
        })
    }

    fn lease(&self) -> TimeDelta {
        TimeDelta::from_std(self.inner.config.lease).unwrap_or(TimeDelta::seconds(15))
    }

    fn tail(&self, run_id: Uuid) -> Option<Arc<Tail>> {
        self.live().get(&run_id).cloned()
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Tail>>> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full() -> Problem {
    Problem::unavailable("this server answers as many questions at once as it may")
}

fn fold_frames(frames: &[Frame]) -> Answer {
    fold(frames.iter().map(|frame| (frame.kind, frame.data())))
}

/// A key names one request; another one under it is a mistake of the client.
fn same_question(run: &RunRow, ask: &Ask) -> Result<Started, Problem> {
    let stored: Option<Job> = serde_json::from_str(&run.request).ok();
    if stored.is_some_and(|job| Ask { stream: ask.stream, ..job.ask } == *ask) {
        return Ok(Started { run_id: run.id });
    }
    Err(Problem::new(Code::IdempotencyKeyReused, "this Idempotency-Key was used for another request"))
}
