//! The one writer: collects, numbers, commits, publishes.

use std::{collections::HashSet, sync::Arc, time::Duration};

use base::Scope;
use bus::Outbox;
use cache::live::{FeedEntry, LiveFeeds};
use db::{Db, DbError, Session};
use tokio::{
    sync::{mpsc::UnboundedReceiver, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Entry, Finish, Frame, LogError, Op, Tail};
use crate::{
    event::Event,
    store::{self, EventRow},
};

/// Nothing waits longer than this for its commit.
const COLLECT: Duration = Duration::from_millis(20);
/// One commit takes at most this many writes.
const BATCH: usize = 1_024;
const ATTEMPTS: u32 = 4;

/// What the writer stands on.
pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) scope: Scope,
    /// Whose runs it writes.
    pub(super) owner: Uuid,
    pub(super) outbox: Outbox,
    pub(super) live: LiveFeeds,
}

impl Writer {
    pub(super) async fn run(self, entries: &mut UnboundedReceiver<Entry>, stop: CancellationToken) {
        loop {
            let first = tokio::select! {
                biased;
                entry = entries.recv() => entry,
                () = stop.cancelled() => None,
            };
            let Some(first) = first else { return };
            let mut prepared = prepare(collect(first, entries).await);
            self.commit_batch(&mut prepared).await;
            self.show_elsewhere(&prepared);
            prepared.publish();
        }
    }

    /// Other processes may have followers of these runs.
    fn show_elsewhere(&self, prepared: &Prepared) {
        for fresh in prepared.fresh.iter().filter(|fresh| !prepared.failed.contains(&fresh.tail.id)) {
            let key = fresh.tail.key();
            for frame in &fresh.frames {
                let entry = || FeedEntry { seq: frame.seq, kind: frame.kind.to_owned(), data: frame.data().to_owned() };
                self.live.append(&key, entry);
            }
        }
    }

    /// Commits a batch. One run that cannot be written (another process has taken it over and written its next event)
    /// must not hold up the others, so after a refusal each run is written on its own.
    async fn commit_batch(&self, prepared: &mut Prepared) {
        if self.commit_with_retries(prepared.writes.iter().collect()).await.is_ok() {
            return;
        }
        let runs: HashSet<Uuid> = prepared.writes.iter().map(Write::run).collect();
        for run in runs {
            let own = prepared.writes.iter().filter(|write| write.run() == run).collect();
            if self.commit_with_retries(own).await.is_err() {
                prepared.failed.insert(run);
            }
        }
    }

    async fn commit_with_retries(&self, writes: Vec<&Write>) -> Result<(), LogError> {
        let mut pause = Duration::from_millis(50);
        for attempt in 1..=ATTEMPTS {
            match self.commit(&writes).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, attempt, "writing the log of runs failed");
                    if attempt == ATTEMPTS || !matches!(error, DbError::Unavailable(_)) {
                        return Err(LogError);
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                }
            }
        }
        Err(LogError)
    }

    async fn commit(&self, writes: &[&Write]) -> Result<(), DbError> {
        let mut session = self.db.begin(&self.scope).await?;
        for write in writes {
            if let Write::Run(run) = write {
                store::insert_run(&mut session, run).await?;
            }
        }
        // A process that slept past its lease may not write into a run that another one has taken over.
        let runs: HashSet<Uuid> = writes.iter().map(|write| write.run()).collect();
        let runs: Vec<Uuid> = runs.into_iter().collect();
        if store::owned(&mut session, self.owner, &runs).await? < runs.len() {
            return Err(DbError::Inconsistent { table: "runs", detail: "a run is another process's now".to_owned() });
        }
        let mut events = Vec::with_capacity(writes.len());
        for write in writes {
            match write {
                Write::Run(_) => {}
                Write::Event(event) => events.push(event),
                Write::Finish(finish, id) => self.write_finish(&mut session, *id, finish).await?,
            }
        }
        store::insert_events(&mut session, &events).await?;
        session.commit().await
    }

    async fn write_finish(&self, session: &mut Session, id: Uuid, finish: &Finish) -> Result<(), DbError> {
        store::finish_run(session, id, &finish.ending).await?;
        if let Some(fact) = &finish.fact {
            self.outbox.publish_record(session, fact).await?;
        }
        Ok(())
    }
}

async fn collect(first: Entry, entries: &mut UnboundedReceiver<Entry>) -> Vec<Entry> {
    let until = Instant::now() + COLLECT;
    let mut urgent = first.urgent;
    let mut batch = vec![first];
    while batch.len() < BATCH {
        let next = if urgent {
            // Whatever is there already goes along; nothing more is waited for.
            entries.try_recv().ok()
        } else {
            tokio::time::timeout_at(until, entries.recv()).await.ok().flatten()
        };
        let Some(entry) = next else { break };
        urgent |= entry.urgent;
        batch.push(entry);
    }
    batch
}

enum Write {
    Run(Box<store::NewRun>),
    Event(EventRow),
    Finish(Box<Finish>, Uuid),
}

impl Write {
    fn run(&self) -> Uuid {
        match self {
            Self::Run(run) => run.id,
            Self::Event(event) => event.run_id,
            Self::Finish(_, id) => *id,
        }
    }
}

/// The committed events of one run in this batch.
struct Fresh {
    tail: Arc<Tail>,
    frames: Vec<Frame>,
}

#[derive(Default)]
struct Prepared {
    writes: Vec<Write>,
    fresh: Vec<Fresh>,
    waiting: Vec<(Uuid, oneshot::Sender<Result<(), LogError>>)>,
    /// Runs whose writes were refused.
    failed: HashSet<Uuid>,
}

fn prepare(batch: Vec<Entry>) -> Prepared {
    let mut prepared = Prepared::default();
    let mut texts: Vec<(Arc<Tail>, String)> = Vec::new();
    for entry in batch {
        let Entry { tail, op, committed, .. } = entry;
        prepared.waiting.extend(committed.map(|committed| (tail.id, committed)));
        let pending = texts.iter().position(|(with_text, _)| with_text.id == tail.id);
        if let Op::Text(piece) = op {
            match pending {
                Some(index) => texts[index].1.push_str(&piece),
                None => texts.push((tail, piece)),
            }
            continue;
        }
        if let Some(index) = pending {
            let (tail, text) = texts.swap_remove(index);
            prepared.event(&tail, &Event::Delta { text });
        }
        match op {
            Op::Create(run) => prepared.writes.push(Write::Run(run)),
            Op::Event(event) => prepared.event(&tail, &event),
            Op::Finish(finish) => {
                prepared.event(&tail, &finish.event);
                prepared.writes.push(Write::Finish(finish, tail.id));
            }
            Op::Text(_) => {}
        }
    }
    for (tail, text) in texts {
        prepared.event(&tail, &Event::Delta { text });
    }
    prepared
}

impl Prepared {
    fn event(&mut self, tail: &Arc<Tail>, event: &Event) {
        let (frame, data) = tail.number(event);
        let row = EventRow { org: tail.org, run_id: tail.id, seq: frame.seq, kind: frame.kind, data };
        self.writes.push(Write::Event(row));
        match self.fresh.iter_mut().find(|fresh| fresh.tail.id == tail.id) {
            Some(fresh) => fresh.frames.push(frame),
            None => self.fresh.push(Fresh { tail: tail.clone(), frames: vec![frame] }),
        }
    }

    fn publish(self) {
        for fresh in self.fresh {
            if self.failed.contains(&fresh.tail.id) {
                fresh.tail.abandon();
            } else {
                fresh.tail.publish(fresh.frames);
            }
        }
        for (run, waiting) in self.waiting {
            let outcome = if self.failed.contains(&run) { Err(LogError) } else { Ok(()) };
            // Who no longer waits does not want to know.
            let _ = waiting.send(outcome);
        }
    }
}
