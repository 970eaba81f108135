//! Runs of other processes, followed from here: one mirror for all who follow the same run. It listens to the run's live log,
//! and looks into the database for what it did not hear.

use std::{
    pin::pin,
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use access::Caller;
use base::Scope;
use cache::live::{FeedEntry, FeedKey, Follower};
use chrono::TimeDelta;
use db::DbError;
use futures::StreamExt;
use tokio::time::Instant;
use uuid::Uuid;

use super::Runs;
use crate::{
    log::{Frame, Tail},
    store,
};

/// How often the database is asked for what is new while the live log is not heard.
const POLL: Duration = Duration::from_millis(200);
/// And while it is: the process that works on the run may have lost Redis.
const LOOK: Duration = Duration::from_secs(1);

impl Runs {
    /// The mirror of a person's run, which is kept up for as long as somebody holds it.
    pub(super) fn mirror(&self, who: &Caller, run_id: Uuid) -> Arc<Tail> {
        let mut mirrors = self.inner.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        // One that could not be kept up stays with those who hold it, to their end.
        if let Some(mirror) = mirrors.get(&run_id).and_then(Weak::upgrade).filter(|mirror| !mirror.is_broken_off()) {
            return mirror;
        }
        mirrors.retain(|_, mirror| mirror.strong_count() > 0);
        let mirror = Tail::new(who.org(), run_id, Vec::new());
        mirrors.insert(run_id, Arc::downgrade(&mirror));
        let (scope, kept) = (who.scope(), Arc::downgrade(&mirror));
        let keeping = Keeping { runs: self.clone(), scope, run_id, mirror: kept, last: 0, promised: None };
        tokio::spawn(keeping.run(mirror.key()));
        mirror
    }
}

/// The work of keeping one mirror.
struct Keeping {
    runs: Runs,
    scope: Scope,
    run_id: Uuid,
    mirror: Weak<Tail>,
    /// The number of the last event in it.
    last: i64,
    promised: Option<Instant>,
}

impl Keeping {
    async fn run(mut self, key: FeedKey) {
        let mut live: Option<Follower> = None;
        while let Some(mirror) = self.mirror.upgrade() {
            if let Err(error) = self.look(&mirror).await {
                tracing::warn!(%error, "a run cannot be followed");
                mirror.close();
            }
            if mirror.is_closed() {
                return;
            }
            drop(mirror);
            self.promise().await;
            if let Some(tail) = self.runs.tail(self.run_id) {
                return self.copy(tail).await;
            }
            let live = live.get_or_insert_with(|| self.runs.inner.deps.live.follow(key.clone(), self.last));
            live.seek(self.last);
            self.listen(live).await;
        }
    }

    /// Fills the mirror from the database.
    async fn look(&mut self, mirror: &Tail) -> Result<(), DbError> {
        let mut session = self.runs.inner.deps.db.read(&self.scope).await?;
        // In this order: once a run has ended, its last event is there.
        let ended = store::has_ended(&mut session, self.run_id).await?;
        let events = store::events(&mut session, self.run_id, self.last).await?;
        self.show(mirror, events.iter().map(|(seq, kind, data)| Frame::stored(*seq, kind, data)).collect());
        if ended {
            mirror.close();
        }
        Ok(())
    }

    /// Fills the mirror with what is heard, until something is missing or nothing was heard for a while.
    async fn listen(&mut self, live: &mut Follower) {
        loop {
            let patience = if live.is_connected() { LOOK } else { POLL };
            let Ok(entries) = tokio::time::timeout(patience, live.next()).await else { return };
            let Some(mirror) = self.mirror.upgrade() else { return };
            let fresh: Vec<FeedEntry> = entries.into_iter().filter(|entry| entry.seq > self.last).collect();
            let whole = fresh.iter().zip(self.last + 1..).all(|(entry, seq)| entry.seq == seq);
            if !whole {
                return;
            }
            self.show(&mirror, fresh.iter().map(|entry| Frame::stored(entry.seq, &entry.kind, &entry.data)).collect());
            if mirror.is_closed() {
                return;
            }
            drop(mirror);
            self.promise().await;
        }
    }

    /// Fills the mirror with the events of a run that this process has taken over.
    async fn copy(self, tail: Arc<Tail>) {
        let mut frames = pin!(tail.follow_frames(self.last));
        loop {
            let next = tokio::time::timeout(LOOK, frames.next()).await;
            // Who holds the stream of the run watches it, so it is let go when nobody follows any more.
            let Some(mirror) = self.mirror.upgrade() else { return };
            match next {
                Ok(Some(fresh)) => mirror.publish(fresh),
                Ok(None) => return mirror.close(),
                Err(_) => {}
            }
        }
    }

    fn show(&mut self, mirror: &Tail, fresh: Vec<Frame>) {
        if let Some(last) = fresh.last() {
            self.last = last.seq;
            mirror.publish(fresh);
        }
    }

    /// Tells the process that works on the run that somebody watches it here: the grace begins anew.
    async fn promise(&mut self) {
        let grace = self.runs.inner.config.detach_grace;
        let again = grace / 4;
        if self.promised.is_some_and(|promised| promised.elapsed() < again) {
            return;
        }
        self.promised = Some(Instant::now());
        let deps = &self.runs.inner.deps;
        let until = deps.clock.now() + TimeDelta::from_std(grace + again).unwrap_or(TimeDelta::days(1));
        let told = async {
            let mut session = deps.db.begin(&self.scope).await?;
            store::watch(&mut session, self.run_id, until).await?;
            session.commit().await
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, "the process that works on a run cannot be told that it is watched");
        }
    }
}
