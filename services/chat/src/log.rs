//! The log of runs: every event is committed before it is sent, and what was sent is never changed.
//!
//! One writer commits for all runs at once, at most every 20 milliseconds, or at once for what somebody is waiting for
//! (the first event, the first text, the last). Pieces of text that meet in one commit become one event.
//! A [`Tail`] keeps the events of a run that goes on in this process; it may vanish, the database has them.

mod tail;
mod writer;

use std::sync::Arc;

use base::tasks::Task;
use bus::{EventRecord, Outbox};
use cache::live::LiveFeeds;
use db::Db;
pub(crate) use tail::{Frame, Tail};
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;
use writer::Writer;

use crate::{
    event::Event,
    store::{Ending, NewRun},
};

/// A write of one run, in the order in which it is asked for.
#[derive(Debug)]
pub(crate) enum Op {
    /// The run itself; first.
    Create(Box<NewRun>),
    Event(Event),
    /// A piece of the answer.
    Text(String),
    /// The last event, the state of the run and the fact for other services, in one transaction.
    Finish(Box<Finish>),
}

#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) event: Event,
    pub(crate) ending: Ending,
    pub(crate) fact: Option<EventRecord>,
}

struct Entry {
    tail: Arc<Tail>,
    op: Op,
    urgent: bool,
    committed: Option<oneshot::Sender<Result<(), LogError>>>,
}

/// The log could not be written, so the event was not sent either.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the log of runs cannot be written")]
pub(crate) struct LogError;

/// The way to the one writer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    entries: mpsc::UnboundedSender<Entry>,
}

impl Log {
    /// The log of the runs of `owner` and the task that writes it; without the task nothing is committed.
    pub(crate) fn new(db: Db, owner: Uuid, outbox: Outbox, live: LiveFeeds) -> (Self, Task) {
        let (entries, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let task = Task::new("run log", move |system, stop| {
            let writer =
                Writer { db: db.clone(), scope: system.into(), owner, outbox: outbox.clone(), live: live.clone() };
            let receiver = receiver.clone();
            async move { writer.run(&mut *receiver.lock().await, stop).await }
        });
        (Self { entries }, task)
    }

    /// Appends without waiting; `urgent` ends the collecting of the current commit.
    pub(crate) fn append(&self, tail: &Arc<Tail>, op: Op, urgent: bool) {
        // The writer outlives every Log, so the channel is open.
        let _ = self.entries.send(Entry { tail: tail.clone(), op, urgent, committed: None });
    }

    /// Appends and waits for the commit.
    pub(crate) async fn commit(&self, tail: &Arc<Tail>, op: Op) -> Result<(), LogError> {
        let (committed, done) = oneshot::channel();
        let entry = Entry { tail: tail.clone(), op, urgent: true, committed: Some(committed) };
        self.entries.send(entry).map_err(|_| LogError)?;
        done.await.map_err(|_| LogError)?
    }
}
