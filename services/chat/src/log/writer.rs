//! Writer of the run log: batches writes, assigns sequence numbers, commits and publishes.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::http::StatusCode;
use base::Scope;
use bus::Outbox;
use cache::live::{FeedEntry, LiveFeeds};
use db::{Db, DbError, Session};
use idempotency::AttemptError;
use tokio::{
    sync::{mpsc::UnboundedReceiver, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{CreateOp, EventBuffer, EventFrame, FinishOp, LogError, LogOp, LogWrite};
use crate::{
    event::Event,
    store::{self, EventRow},
};

/// A write waits at most this long for its commit to start.
const MAX_COMMIT_DELAY: Duration = Duration::from_millis(20);
/// Writes per commit.
const MAX_BATCH_WRITES: usize = 1_024;
const MAX_ATTEMPTS: u32 = 4;

/// The writer task.
pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) scope: Scope,
    /// This process; it holds the leases of the runs.
    pub(super) owner: Uuid,
    pub(super) outbox: Outbox,
    pub(super) live: LiveFeeds,
}

impl Writer {
    pub(super) async fn run(self, writes: &mut UnboundedReceiver<LogWrite>, stop: CancellationToken) {
        loop {
            let first = tokio::select! {
                biased;
                write = writes.recv() => write,
                () = stop.cancelled() => None,
            };
            let Some(first) = first else { return };
            let mut prepared = prepare(collect(first, writes).await);
            self.commit_batch(&mut prepared).await;
            self.publish_to_feed(&prepared);
            prepared.publish();
        }
    }

    /// Publishes committed events to the live feed for followers in other processes.
    fn publish_to_feed(&self, prepared: &PreparedBatch) {
        for committed in prepared.committed.iter().filter(|committed| !prepared.failed.contains(&committed.buffer.id)) {
            let key = committed.buffer.key();
            for frame in &committed.frames {
                let entry = || FeedEntry { seq: frame.seq, kind: frame.kind.to_owned(), data: frame.data().to_owned() };
                self.live.append(&key, entry);
            }
        }
    }

    /// Commits a batch. If it fails, each run is committed on its own, so that one run that cannot be written (because
    /// another process has taken it over) does not block the others.
    async fn commit_batch(&self, prepared: &mut PreparedBatch) {
        if self.commit_with_retries(prepared.writes.iter().collect()).await.is_ok() {
            return;
        }
        let runs: HashSet<Uuid> = prepared.writes.iter().map(DbWrite::run).collect();
        for run in runs {
            let own = prepared.writes.iter().filter(|write| write.run() == run).collect();
            if self.commit_with_retries(own).await.is_err() {
                prepared.failed.insert(run);
            }
        }
    }

    async fn commit_with_retries(&self, writes: Vec<&DbWrite>) -> Result<(), LogError> {
        let mut delay = Duration::from_millis(50);
        for attempt in 1..=MAX_ATTEMPTS {
            match self.commit(&writes).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, attempt, "failed to write run log; affected runs are taken over if retries fail");
                    if attempt == MAX_ATTEMPTS || !matches!(error, DbError::Unavailable(_)) {
                        return Err(LogError);
                    }
                    tokio::time::sleep(delay).await;
                    delay *= 3;
                }
            }
        }
        Err(LogError)
    }

    async fn commit(&self, writes: &[&DbWrite]) -> Result<(), DbError> {
        let mut session = self.db.begin(&self.scope).await?;
        for write in writes {
            if let DbWrite::Run(create) = write {
                write_create(&mut session, create).await?;
            }
        }
        // A process whose lease has expired must not write to a run that another one has taken over.
        let runs: HashSet<Uuid> = writes.iter().map(|write| write.run()).collect();
        let runs: Vec<Uuid> = runs.into_iter().collect();
        if store::owned(&mut session, self.owner, &runs).await? < runs.len() {
            return Err(DbError::Inconsistent {
                table: "runs",
                detail: "a run has been taken over by another process".to_owned(),
            });
        }
        let mut events = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                DbWrite::Run(_) => {}
                DbWrite::Event(event) => events.push(event),
                DbWrite::Finish(finish, id) => self.write_finish(&mut session, *id, finish).await?,
            }
        }
        store::insert_events(&mut session, &events).await?;
        session.commit().await
    }

    async fn write_finish(&self, session: &mut Session, id: Uuid, finish: &FinishOp) -> Result<(), DbError> {
        store::finish_run(session, id, &finish.result).await?;
        if let Some(event) = &finish.bus_event {
            self.outbox.publish_record(session, event).await?;
        }
        Ok(())
    }
}

async fn write_create(session: &mut Session, create: &CreateOp) -> Result<(), DbError> {
    store::insert_run(session, &create.run).await?;
    create.record.write(session).await?;
    match create.attempt.complete(session, StatusCode::OK, &create.run.id).await {
        Ok(()) => Ok(()),
        Err(AttemptError::Db(error)) => Err(error),
        Err(error) => Err(DbError::Inconsistent { table: "idempotency_keys", detail: error.to_string() }),
    }
}

async fn collect(first: LogWrite, writes: &mut UnboundedReceiver<LogWrite>) -> Vec<LogWrite> {
    let until = Instant::now() + MAX_COMMIT_DELAY;
    let mut urgent = first.urgent;
    let mut batch = vec![first];
    while batch.len() < MAX_BATCH_WRITES {
        let next = if urgent {
            // Take what is queued already, but do not wait for more.
            writes.try_recv().ok()
        } else {
            tokio::time::timeout_at(until, writes.recv()).await.ok().flatten()
        };
        let Some(write) = next else { break };
        urgent |= write.urgent;
        batch.push(write);
    }
    batch
}

enum DbWrite {
    Run(Box<CreateOp>),
    Event(EventRow),
    Finish(Box<FinishOp>, Uuid),
}

impl DbWrite {
    fn run(&self) -> Uuid {
        match self {
            Self::Run(create) => create.run.id,
            Self::Event(event) => event.run_id,
            Self::Finish(_, id) => *id,
        }
    }
}

/// The events of one run in a batch, published after the commit.
struct BatchEvents {
    buffer: Arc<EventBuffer>,
    frames: Vec<EventFrame>,
}

#[derive(Default)]
struct PreparedBatch {
    writes: Vec<DbWrite>,
    committed: Vec<BatchEvents>,
    waiting: Vec<(Uuid, oneshot::Sender<Result<(), LogError>>)>,
    /// Runs whose writes failed.
    failed: HashSet<Uuid>,
}

fn prepare(batch: Vec<LogWrite>) -> PreparedBatch {
    let mut prepared = PreparedBatch::default();
    let mut texts: Vec<(Arc<EventBuffer>, String)> = Vec::new();
    for write in batch {
        let LogWrite { buffer, op, committed, .. } = write;
        prepared.waiting.extend(committed.map(|committed| (buffer.id, committed)));
        let pending = texts.iter().position(|(with_text, _)| with_text.id == buffer.id);
        if let LogOp::Text(chunk) = op {
            match pending {
                Some(index) => texts[index].1.push_str(&chunk),
                None => texts.push((buffer, chunk)),
            }
            continue;
        }
        if let Some(index) = pending {
            let (buffer, text) = texts.swap_remove(index);
            prepared.event(&buffer, &Event::Delta { text });
        }
        match op {
            LogOp::Create(run) => prepared.writes.push(DbWrite::Run(run)),
            LogOp::Event(event) => prepared.event(&buffer, &event),
            LogOp::Finish(finish) => {
                prepared.event(&buffer, &finish.event);
                prepared.writes.push(DbWrite::Finish(finish, buffer.id));
            }
            LogOp::Text(_) => {}
        }
    }
    for (buffer, text) in texts {
        prepared.event(&buffer, &Event::Delta { text });
    }
    prepared
}

impl PreparedBatch {
    fn event(&mut self, buffer: &Arc<EventBuffer>, event: &Event) {
        let (frame, data) = buffer.assign_seq(event);
        let row = EventRow { org: buffer.org, run_id: buffer.id, seq: frame.seq, kind: frame.kind, data };
        self.writes.push(DbWrite::Event(row));
        match self.committed.iter_mut().find(|events| events.buffer.id == buffer.id) {
            Some(events) => events.frames.push(frame),
            None => self.committed.push(BatchEvents { buffer: buffer.clone(), frames: vec![frame] }),
        }
    }

    fn publish(self) {
        for events in self.committed {
            if self.failed.contains(&events.buffer.id) {
                events.buffer.abandon();
            } else {
                events.buffer.publish(events.frames);
            }
        }
        for (run, waiting) in self.waiting {
            let outcome = if self.failed.contains(&run) { Err(LogError) } else { Ok(()) };
            // The receiver is dropped if the caller no longer waits.
            let _ = waiting.send(outcome);
        }
    }
}
