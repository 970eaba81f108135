//! The log of runs: every event is committed before it is sent, and sent events never change.
//!
//! One writer commits for all runs together: every 20 milliseconds, or immediately for urgent writes (the first event,
//! the first text and the last event). Text of a run within one commit becomes one event. An [`EventBuffer`] has the
//! events of a run in memory; the database remains the source of truth.

mod event_buffer;
mod writer;

use std::sync::Arc;

use audit::Record;
use base::tasks::Task;
use bus::{EventRecord, Outbox};
use cache::live::LiveFeeds;
use db::Db;
pub(crate) use event_buffer::{EventBuffer, EventFrame};
use idempotency::Attempt;
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;
use writer::Writer;

use crate::{
    event::Event,
    store::{NewRun, RunResult},
};

/// A write to the log of one run. Writes of a run are committed in order.
#[derive(Debug)]
pub(crate) enum LogOp {
    /// The run itself; must be the first.
    Create(Box<CreateOp>),
    Event(Event),
    /// A chunk of the answer.
    Text(String),
    /// The last event, the state of the run and the event for other services, in one transaction.
    Finish(Box<FinishOp>),
}

/// The beginning of a run.
#[derive(Debug)]
pub(crate) struct CreateOp {
    pub(crate) run: NewRun,
    /// Completed with the id of the run.
    pub(crate) attempt: Attempt,
    pub(crate) record: Record,
}

/// The end of a run.
#[derive(Debug)]
pub(crate) struct FinishOp {
    pub(crate) event: Event,
    pub(crate) result: RunResult,
    /// Published to other services.
    pub(crate) bus_event: Option<EventRecord>,
}

struct LogWrite {
    buffer: Arc<EventBuffer>,
    op: LogOp,
    urgent: bool,
    committed: Option<oneshot::Sender<Result<(), LogError>>>,
}

/// A write was not committed, so its event was not sent either.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to write run log")]
pub(crate) struct LogError;

/// Handle to the writer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    writes: mpsc::UnboundedSender<LogWrite>,
}

impl Log {
    /// The log of the runs of process `owner` and its writer task; without the task nothing is committed.
    pub(crate) fn new(db: Db, owner: Uuid, outbox: Outbox, live: LiveFeeds) -> (Self, Task) {
        let (writes, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let task = Task::new("run log", move |system, stop| {
            let writer =
                Writer { db: db.clone(), scope: system.into(), owner, outbox: outbox.clone(), live: live.clone() };
            let receiver = receiver.clone();
            async move { writer.run(&mut *receiver.lock().await, stop).await }
        });
        (Self { writes }, task)
    }

    /// Appends without waiting; `urgent` starts the commit immediately.
    pub(crate) fn append(&self, buffer: &Arc<EventBuffer>, op: LogOp, urgent: bool) {
        // The writer outlives every Log, so the channel is open.
        let _ = self.writes.send(LogWrite { buffer: buffer.clone(), op, urgent, committed: None });
    }

    /// Appends and waits until it is committed.
    pub(crate) async fn commit(&self, buffer: &Arc<EventBuffer>, op: LogOp) -> Result<(), LogError> {
        let (committed, done) = oneshot::channel();
        let write = LogWrite { buffer: buffer.clone(), op, urgent: true, committed: Some(committed) };
        self.writes.send(write).map_err(|_| LogError)?;
        done.await.map_err(|_| LogError)?
    }
}
