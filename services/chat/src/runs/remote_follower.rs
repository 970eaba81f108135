//! Follows runs of other processes. All followers of a run in this process share one event buffer, which is filled from
//! the run's live feed and, where that has gaps, from the database.

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
    log::{EventBuffer, EventFrame},
    store,
};

/// Interval of reading the database while the live feed is disconnected.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The same while the feed is connected: the process that works on the run may have lost its connection to Redis.
const CONNECTED_POLL_INTERVAL: Duration = Duration::from_secs(1);

impl Runs {
    /// The event buffer of a user's run in another process. It is updated until its last follower drops it.
    pub(super) fn remote_buffer(&self, who: &Caller, run_id: Uuid) -> Arc<EventBuffer> {
        let mut remote = self.inner.remote.lock().unwrap_or_else(PoisonError::into_inner);
        // An interrupted buffer is not shared with new followers.
        if let Some(buffer) = remote.get(&run_id).and_then(Weak::upgrade).filter(|buffer| !buffer.is_interrupted()) {
            return buffer;
        }
        remote.retain(|_, buffer| buffer.strong_count() > 0);
        let buffer = EventBuffer::new(who.org(), run_id, Vec::new());
        remote.insert(run_id, Arc::downgrade(&buffer));
        let follower = RemoteFollower {
            runs: self.clone(),
            scope: who.scope(),
            run_id,
            buffer: Arc::downgrade(&buffer),
            last_seq: 0,
            watch_renewed_at: None,
        };
        tokio::spawn(follower.run(buffer.key()));
        buffer
    }
}

/// Updates the buffer of one run.
struct RemoteFollower {
    runs: Runs,
    scope: Scope,
    run_id: Uuid,
    buffer: Weak<EventBuffer>,
    /// Sequence number of the last event in the buffer.
    last_seq: i64,
    watch_renewed_at: Option<Instant>,
}

impl RemoteFollower {
    async fn run(mut self, key: FeedKey) {
        let mut feed: Option<Follower> = None;
        while let Some(buffer) = self.buffer.upgrade() {
            if let Err(error) = self.read_database(&buffer).await {
                tracing::warn!(%error, "failed to read run events; its followers are disconnected");
                buffer.close();
            }
            if buffer.is_closed() {
                return;
            }
            drop(buffer);
            self.renew_watch().await;
            if let Some(local) = self.runs.local_buffer(self.run_id) {
                return self.copy_local(local).await;
            }
            let feed = feed.get_or_insert_with(|| self.runs.inner.deps.live.follow(key.clone(), self.last_seq));
            feed.seek(self.last_seq);
            self.read_feed(feed).await;
        }
    }

    /// Adds new events from the database.
    async fn read_database(&mut self, buffer: &EventBuffer) -> Result<(), DbError> {
        let mut session = self.runs.inner.deps.db.read(&self.scope).await?;
        // In this order, because the last event of an ended run is stored.
        let ended = store::has_ended(&mut session, self.run_id).await?;
        let events = store::events(&mut session, self.run_id, self.last_seq).await?;
        self.publish(buffer, events.iter().map(|(seq, kind, data)| EventFrame::stored(*seq, kind, data)).collect());
        if ended {
            buffer.close();
        }
        Ok(())
    }

    /// Adds events from the live feed until there is a gap, or no event for a poll interval.
    async fn read_feed(&mut self, feed: &mut Follower) {
        loop {
            let interval = if feed.is_connected() { CONNECTED_POLL_INTERVAL } else { POLL_INTERVAL };
            let Ok(entries) = tokio::time::timeout(interval, feed.next()).await else { return };
            let Some(buffer) = self.buffer.upgrade() else { return };
            let fresh: Vec<FeedEntry> = entries.into_iter().filter(|entry| entry.seq > self.last_seq).collect();
            let is_contiguous = fresh.iter().zip(self.last_seq + 1..).all(|(entry, seq)| entry.seq == seq);
            if !is_contiguous {
                return;
            }
            self.publish(
                &buffer,
                fresh.iter().map(|entry| EventFrame::stored(entry.seq, &entry.kind, &entry.data)).collect(),
            );
            if buffer.is_closed() {
                return;
            }
            drop(buffer);
            self.renew_watch().await;
        }
    }

    /// Adds the events of a run that this process has taken over.
    async fn copy_local(self, local: Arc<EventBuffer>) {
        let mut frames = pin!(local.follow_frames(self.last_seq));
        loop {
            let next = tokio::time::timeout(CONNECTED_POLL_INTERVAL, frames.next()).await;
            // The stream counts as a watcher of the run, so it is dropped once there are no followers.
            let Some(buffer) = self.buffer.upgrade() else { return };
            match next {
                Ok(Some(fresh)) => buffer.publish(fresh),
                Ok(None) => return buffer.close(),
                Err(_) => {}
            }
        }
    }

    fn publish(&mut self, buffer: &EventBuffer, fresh: Vec<EventFrame>) {
        if let Some(last) = fresh.last() {
            self.last_seq = last.seq;
            buffer.publish(fresh);
        }
    }

    /// Records that the run is watched, so that the process that works on it restarts the detach grace.
    async fn renew_watch(&mut self) {
        let grace = self.runs.inner.config.detach_grace;
        let renew_interval = grace / 4;
        if self.watch_renewed_at.is_some_and(|at| at.elapsed() < renew_interval) {
            return;
        }
        self.watch_renewed_at = Some(Instant::now());
        let deps = &self.runs.inner.deps;
        let until = deps.clock.now() + TimeDelta::from_std(grace + renew_interval).unwrap_or(TimeDelta::days(1));
        let renewed = async {
            let mut session = deps.db.begin(&self.scope).await?;
            store::watch(&mut session, self.run_id, until).await?;
            session.commit().await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(%error, "failed to record watcher of run; the run may be stopped");
        }
    }
}
