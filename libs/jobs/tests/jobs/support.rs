//! A service that notes what its jobs did, in as many processes as a test starts.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use base::Scope;
use db::{DbError, Session, execute, fetch_all, fetch_one};
use jobs::{EnqueueOptions, Job, JobContext, JobError, JobHandler, JobRunner, Jobs};
use serde::{Deserialize, Serialize};
use server::Deps;
use testkit::service::{World, idle, one_migration};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// Longer than anything takes on a busy machine.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Longer than a lease, and than the delay after a first failure.
pub(crate) const AFTER_LEASE: Duration = Duration::from_secs(30);

/// What jobs did.
const EFFECTS: &str = "CREATE TABLE effects (note TEXT NOT NULL)";

/// Writes `note` into the table `effects` together with its completion.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) note: String,
}

impl Job for Note {
    const KIND: &'static str = "worker.note";
    const ATTEMPT_LIMIT: i64 = 3;
}

/// What the handler does before it writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behaviour {
    /// Notes of the jobs that were begun, in order.
    pub(crate) begun: Arc<Mutex<Vec<String>>>,
    /// Reasons to fail, for one try each.
    pub(crate) failures: Arc<Mutex<Vec<JobError>>>,
    /// Tries wait for a permit.
    pub(crate) gate: Option<Arc<Semaphore>>,
}

impl Behaviour {
    /// Every try fails with one of these, the last first, until there are none left.
    pub(crate) fn failing(failures: Vec<JobError>) -> Self {
        Self { failures: Arc::new(Mutex::new(failures)), ..Self::default() }
    }

    /// No try ends before [`open`](Self::open).
    pub(crate) fn gated() -> Self {
        Self { gate: Some(Arc::new(Semaphore::new(0))), ..Self::default() }
    }

    pub(crate) fn open(&self, tries: usize) {
        self.gate.as_ref().unwrap().add_permits(tries);
    }

    pub(crate) fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }
}

#[async_trait]
impl JobHandler<Note> for Behaviour {
    async fn run(&self, context: &JobContext, job: Note) -> Result<(), JobError> {
        self.begun.lock().unwrap().push(job.note.clone());
        if let Some(gate) = &self.gate {
            gate.acquire().await.unwrap().forget();
        }
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return Err(failure);
        }
        let mut session = context.begin().await?;
        write(&mut session, &job.note).await?;
        context.complete(&mut session).await?;
        Ok(session.commit().await?)
    }

    async fn on_dead(
        &self,
        _context: &JobContext,
        session: &mut Session,
        job: Note,
        reason: &str,
    ) -> Result<(), DbError> {
        write(session, &format!("{} is dead: {reason}", job.note)).await
    }
}

async fn write(session: &mut Session, note: &str) -> Result<(), DbError> {
    execute!(session, unscoped: "INSERT INTO effects (note) VALUES ($1)", note)?;
    Ok(())
}

/// One process of the service. Dropped, its jobs stop where they stand, as if it had been killed.
pub(crate) struct Worker {
    pub(crate) deps: Deps,
    handle: JoinHandle<()>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Worker {
    /// Begins with what waits already.
    pub(crate) async fn start(world: &World, jobs: Jobs) -> Self {
        let deps = deps(world).await;
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let handle = JobRunner::new(deps.jobs.clone(), jobs).task().start(&tracker, stop.clone());
        Self { deps, handle, tracker, stop }
    }

    /// Up to two notes at once.
    pub(crate) async fn noting(world: &World, behaviour: &Behaviour) -> Self {
        Self::start(world, Jobs::default().handle(2, behaviour.clone())).await
    }

    /// Stops in order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// What a process of the service is built from.
pub(crate) async fn deps(world: &World) -> Deps {
    world.deps(&idle("worker", one_migration(EFFECTS))).await
}

pub(crate) fn note(text: &str) -> Note {
    Note { note: text.to_owned() }
}

/// Enqueues a note for `org` in a transaction of its own.
pub(crate) async fn enqueue(deps: &Deps, org: Uuid, text: &str) {
    enqueue_with(deps, org, text, EnqueueOptions::default()).await;
}

pub(crate) async fn enqueue_with(deps: &Deps, org: Uuid, text: &str, options: EnqueueOptions<'_>) -> bool {
    let mut session = deps.db.begin(&tenant(org)).await.unwrap();
    let is_added = deps.jobs.enqueue_with(&mut session, &note(text), options).await.unwrap();
    session.commit().await.unwrap();
    is_added
}

/// The only user of an organisation.
pub(crate) fn tenant(org: Uuid) -> Scope {
    testkit::tenant(org, org)
}

fn system() -> Scope {
    Scope::from(testkit::system())
}

/// What jobs have written, in order.
pub(crate) async fn effects(deps: &Deps) -> Vec<String> {
    let mut session = deps.db.read(&system()).await.unwrap();
    let rows: Vec<(String,)> = fetch_all!(&mut session, any: "SELECT note FROM effects").unwrap();
    rows.into_iter().map(|(note,)| note).collect()
}

/// Rows of the queue in this state.
pub(crate) async fn in_state(deps: &Deps, state: &str) -> i64 {
    let mut session = deps.db.read(&system()).await.unwrap();
    let (count,): (i64,) = fetch_one!(&mut session, any: "SELECT COUNT(*) FROM jobs WHERE state = $1", state).unwrap();
    count
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let reached = tokio::time::timeout(TEST_TIMEOUT, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(reached.await.is_ok(), "not reached: {what}");
}
