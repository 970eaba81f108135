//! In-memory event buffer of a run, with the watchers of the run in this process.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use cache::live::FeedKey;
use futures::{Stream, StreamExt};
use kit::sse;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::event::{Event, KINDS, is_terminal};

/// Events of about this size are sent at once; it bounds the memory for each slow client.
const MAX_BATCH_BYTES: usize = 32 * 1024;

/// A committed event, encoded once as an SSE frame for all followers.
#[derive(Debug, Clone)]
pub(crate) struct EventFrame {
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) wire: Bytes,
}

impl EventFrame {
    pub(crate) fn new(seq: i64, kind: &'static str, data: &str) -> Self {
        Self { seq, kind, wire: encode(seq, kind, data) }
    }

    /// A stored event. One of an unknown kind, written by a newer version, is passed on with an empty kind.
    pub(crate) fn stored(seq: i64, kind: &str, data: &str) -> Self {
        let known = KINDS.into_iter().find(|known| *known == kind).unwrap_or_default();
        Self { seq, kind: known, wire: encode(seq, kind, data) }
    }

    /// The JSON data of the frame.
    pub(crate) fn data(&self) -> &str {
        let wire = std::str::from_utf8(&self.wire).unwrap_or_default();
        wire.split_once("data: ").map_or("", |(_, data)| data.trim_end())
    }
}

fn encode(seq: i64, kind: &str, data: &str) -> Bytes {
    let mut wire = BytesMut::with_capacity(data.len() + 48);
    sse::frame(&mut wire, Some(seq), kind, data);
    wire.freeze()
}

#[derive(Debug, Default)]
struct BufferState {
    frames: Vec<EventFrame>,
    next: i64,
    closed: bool,
}

/// The events of a run, which is running in this process or in another one.
#[derive(Debug)]
pub(crate) struct EventBuffer {
    pub(crate) org: Uuid,
    pub(crate) id: Uuid,
    /// Cancelled by the user, or because the run has no watchers.
    pub(crate) cancel: CancellationToken,
    /// Cancelled if this process must stop working on the run: its log cannot be written or another process has taken
    /// it over.
    pub(crate) lost: CancellationToken,
    state: Mutex<BufferState>,
    changed: watch::Sender<i64>,
    watchers: watch::Sender<Watchers>,
}

#[derive(Debug, Clone, Copy)]
struct Watchers {
    count: usize,
    /// When the last watcher left.
    last: Instant,
}

impl EventBuffer {
    /// A buffer that begins with the `committed` events (none for a new run).
    pub(crate) fn new(org: Uuid, id: Uuid, committed: Vec<EventFrame>) -> Arc<Self> {
        let last = committed.last().map_or(0, |frame| frame.seq);
        Arc::new(Self {
            org,
            id,
            cancel: CancellationToken::new(),
            lost: CancellationToken::new(),
            state: Mutex::new(BufferState { frames: committed, next: last + 1, closed: false }),
            changed: watch::Sender::new(last),
            watchers: watch::Sender::new(Watchers { count: 0, last: Instant::now() }),
        })
    }

    /// Key of its live feed for other processes.
    pub(crate) fn key(&self) -> FeedKey {
        FeedKey::new(self.org, "chat.runs", self.id)
    }

    /// Encodes an event with the next sequence number; called by the writer in commit order.
    pub(super) fn assign_seq(&self, event: &Event) -> (EventFrame, String) {
        let data = event.data();
        let mut state = self.state();
        let seq = state.next;
        state.next += 1;
        (EventFrame::new(seq, event.kind(), &data), data)
    }

    /// Adds committed events and wakes the followers.
    pub(crate) fn publish(&self, frames: Vec<EventFrame>) {
        let Some((last, ends)) = frames.last().map(|frame| (frame.seq, is_terminal(frame.kind))) else { return };
        let mut state = self.state();
        state.frames.extend(frames);
        state.closed |= ends;
        drop(state);
        self.changed.send_replace(last);
    }

    /// Ends every stream without a terminal event, because the log cannot be written; a client that reconnects gets the
    /// rest from the process that takes over.
    pub(super) fn abandon(&self) {
        self.close();
        self.lost.cancel();
    }

    /// Ends every stream at its current event.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.send_replace(i64::MAX);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Whether it was closed before the end of the run.
    pub(crate) fn is_interrupted(&self) -> bool {
        let state = self.state();
        state.closed && !state.frames.last().is_some_and(|frame| is_terminal(frame.kind))
    }

    /// The events so far.
    pub(crate) fn frames(&self) -> Vec<EventFrame> {
        self.state().frames.clone()
    }

    /// SSE frames of the events after `after`, as they are committed, to the end of the run. The stream counts as a
    /// watcher of the run until it is dropped.
    pub(crate) fn follow(self: Arc<Self>, after: i64) -> impl Stream<Item = Bytes> + Send {
        self.follow_frames(after).map(|frames| match frames.as_slice() {
            [only] => only.wire.clone(),
            several => {
                let mut all = BytesMut::with_capacity(several.iter().map(|frame| frame.wire.len()).sum());
                several.iter().for_each(|frame| all.extend_from_slice(&frame.wire));
                all.freeze()
            }
        })
    }

    /// Like [`follow`](Self::follow), as events.
    pub(crate) fn follow_frames(self: Arc<Self>, after: i64) -> impl Stream<Item = Vec<EventFrame>> + Send {
        let guard = WatchGuard::new(self.clone());
        async_stream::stream! {
            let _guard = guard;
            let mut changed = self.changed.subscribe();
            let mut after = after;
            loop {
                changed.mark_unchanged();
                let (fresh, closed) = self.next_batch(after);
                if let Some(last) = fresh.last() {
                    after = last.seq;
                    yield fresh;
                } else if closed || changed.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    /// The next events after `after`, up to [`MAX_BATCH_BYTES`], and whether the buffer is closed.
    fn next_batch(&self, after: i64) -> (Vec<EventFrame>, bool) {
        let state = self.state();
        let from = state.frames.partition_point(|frame| frame.seq <= after);
        let mut bytes = 0;
        let fresh = state.frames[from..].iter().take_while(|frame| {
            let fits = bytes < MAX_BATCH_BYTES;
            bytes += frame.wire.len();
            fits
        });
        (fresh.cloned().collect(), state.closed)
    }

    /// Counts as a watcher of the run until the result is dropped.
    pub(crate) fn watch(self: &Arc<Self>) -> WatchGuard {
        WatchGuard::new(self.clone())
    }

    /// Returns once the run has had no watcher in this process for `grace`.
    pub(crate) async fn unwatched(&self, grace: Duration) {
        let mut watchers = self.watchers.subscribe();
        // The sender lives in self, so neither wait can fail.
        while let Ok(last) = watchers.wait_for(|watchers| watchers.count == 0).await.map(|watchers| watchers.last) {
            let new_watcher = watchers.wait_for(|watchers| watchers.count > 0 || watchers.last > last);
            if tokio::time::timeout_at(last + grace, new_watcher).await.is_err() {
                return;
            }
        }
    }

    /// Returns when the run has ended.
    pub(crate) async fn ended(&self) {
        let mut changed = self.changed.subscribe();
        while !self.state().closed {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, BufferState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as a watcher of a run until it is dropped.
#[derive(Debug)]
pub(crate) struct WatchGuard(Arc<EventBuffer>);

impl WatchGuard {
    fn new(buffer: Arc<EventBuffer>) -> Self {
        buffer.watchers.send_modify(|watchers| watchers.count += 1);
        Self(buffer)
    }
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.0.watchers.send_modify(|watchers| {
            watchers.count -= 1;
            watchers.last = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_grace_begins_when_the_last_watcher_leaves() {
        let (buffer, grace) = (EventBuffer::new(Uuid::nil(), Uuid::nil(), Vec::new()), Duration::from_secs(30));
        let guard = buffer.watch();
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(guard);
        // Part of the grace has passed already.
        tokio::time::sleep(Duration::from_secs(10)).await;
        let called_at = Instant::now();
        buffer.unwatched(grace).await;
        assert_eq!(called_at.elapsed().as_secs(), 20);

        let visit = buffer.watch();
        drop(visit);
        let called_at = Instant::now();
        buffer.unwatched(grace).await;
        assert_eq!(called_at.elapsed().as_secs(), 30, "a short visit has a grace of its own");
    }
}
