//! The events of a run as this process has them, and who watches it here.

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

/// A reader is handed events of about so many bytes at once: so much waits in memory for each who does not read.
const BATCH: usize = 32 * 1024;

/// A committed event, framed for the wire once for all who follow.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) wire: Bytes,
}

impl Frame {
    pub(crate) fn new(seq: i64, kind: &'static str, data: &str) -> Self {
        Self { seq, kind, wire: framed(seq, kind, data) }
    }

    /// An event of another process, which may know more kinds: such a one is passed on, and has no kind here.
    pub(crate) fn stored(seq: i64, kind: &str, data: &str) -> Self {
        let known = KINDS.into_iter().find(|known| *known == kind).unwrap_or_default();
        Self { seq, kind: known, wire: framed(seq, kind, data) }
    }

    /// The JSON inside the frame.
    pub(crate) fn data(&self) -> &str {
        let wire = std::str::from_utf8(&self.wire).unwrap_or_default();
        wire.split_once("data: ").map_or("", |(_, data)| data.trim_end())
    }
}

fn framed(seq: i64, kind: &str, data: &str) -> Bytes {
    let mut wire = BytesMut::with_capacity(data.len() + 48);
    sse::frame(&mut wire, Some(seq), kind, data);
    wire.freeze()
}

#[derive(Debug, Default)]
struct State {
    frames: Vec<Frame>,
    next: i64,
    closed: bool,
}

/// A run that goes on in this process, or the mirror of one that goes on in another.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) org: Uuid,
    pub(crate) id: Uuid,
    /// Cancelled by a person, or because nobody watches.
    pub(crate) cancel: CancellationToken,
    /// Cancelled when this process may not go on with the run: its log could not be written, or is another's now.
    pub(crate) lost: CancellationToken,
    state: Mutex<State>,
    changed: watch::Sender<i64>,
    watchers: watch::Sender<Watchers>,
}

#[derive(Debug, Clone, Copy)]
struct Watchers {
    count: usize,
    /// When there were some last.
    last: Instant,
}

impl Tail {
    /// A tail that continues after `committed` (empty for a new run).
    pub(crate) fn new(org: Uuid, id: Uuid, committed: Vec<Frame>) -> Arc<Self> {
        let last = committed.last().map_or(0, |frame| frame.seq);
        Arc::new(Self {
            org,
            id,
            cancel: CancellationToken::new(),
            lost: CancellationToken::new(),
            state: Mutex::new(State { frames: committed, next: last + 1, closed: false }),
            changed: watch::Sender::new(last),
            watchers: watch::Sender::new(Watchers { count: 0, last: Instant::now() }),
        })
    }

    /// Its log as other processes know it.
    pub(crate) fn key(&self) -> FeedKey {
        FeedKey::new(self.org, "chat.runs", self.id)
    }

    /// Takes the next sequence number; the writer calls it, in commit order.
    pub(super) fn number(&self, event: &Event) -> (Frame, String) {
        let data = event.data();
        let mut state = self.state();
        let seq = state.next;
        state.next += 1;
        (Frame::new(seq, event.kind(), &data), data)
    }

    /// Shows committed events to those who follow.
    pub(crate) fn publish(&self, frames: Vec<Frame>) {
        let Some((last, ends)) = frames.last().map(|frame| (frame.seq, is_terminal(frame.kind))) else { return };
        let mut state = self.state();
        state.frames.extend(frames);
        state.closed |= ends;
        drop(state);
        self.changed.send_replace(last);
    }

    /// Ends every stream without a terminal event: the log cannot be written, and a client that comes back will
    /// find out more.
    pub(super) fn abandon(&self) {
        self.close();
        self.lost.cancel();
    }

    /// Ends every stream where it is.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.send_replace(i64::MAX);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Closed, but not by the end of the run.
    pub(crate) fn is_broken_off(&self) -> bool {
        let state = self.state();
        state.closed && !state.frames.last().is_some_and(|frame| is_terminal(frame.kind))
    }

    /// The events so far.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        self.state().frames.clone()
    }

    /// The wire form of the events after `after`, as they are committed, to the end of the run. Whoever holds the
    /// stream watches the run.
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

    /// [`follow`](Self::follow), as events.
    pub(crate) fn follow_frames(self: Arc<Self>, after: i64) -> impl Stream<Item = Vec<Frame>> + Send {
        let watching = Watching::new(self.clone());
        async_stream::stream! {
            let _watching = watching;
            let mut changed = self.changed.subscribe();
            let mut after = after;
            loop {
                changed.mark_unchanged();
                let (fresh, closed) = self.after(after);
                if let Some(last) = fresh.last() {
                    after = last.seq;
                    yield fresh;
                } else if closed || changed.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    /// The next events after `after`, as many as may wait for a slow reader, and whether the run has ended.
    fn after(&self, after: i64) -> (Vec<Frame>, bool) {
        let state = self.state();
        let from = state.frames.partition_point(|frame| frame.seq <= after);
        let mut bytes = 0;
        let fresh = state.frames[from..].iter().take_while(|frame| {
            let fits = bytes < BATCH;
            bytes += frame.wire.len();
            fits
        });
        (fresh.cloned().collect(), state.closed)
    }

    /// Watches the run for as long as the result lives.
    pub(crate) fn watch(self: &Arc<Self>) -> Watching {
        Watching::new(self.clone())
    }

    /// Returns once nobody has watched here for `grace`.
    pub(crate) async fn unwatched(&self, grace: Duration) {
        let mut watchers = self.watchers.subscribe();
        // The sender lives in self, so neither wait can fail.
        while let Ok(last) = watchers.wait_for(|watchers| watchers.count == 0).await.map(|watchers| watchers.last) {
            let somebody = watchers.wait_for(|watchers| watchers.count > 0 || watchers.last > last);
            if tokio::time::timeout_at(last + grace, somebody).await.is_err() {
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody watches; dropped, they do not.
#[derive(Debug)]
pub(crate) struct Watching(Arc<Tail>);

impl Watching {
    fn new(tail: Arc<Tail>) -> Self {
        tail.watchers.send_modify(|watchers| watchers.count += 1);
        Self(tail)
    }
}

impl Drop for Watching {
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
        let (tail, grace) = (Tail::new(Uuid::nil(), Uuid::nil(), Vec::new()), Duration::from_secs(30));
        let watching = tail.watch();
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(watching);
        // Whoever asks late finds that some of it is over.
        tokio::time::sleep(Duration::from_secs(10)).await;
        let asked = Instant::now();
        tail.unwatched(grace).await;
        assert_eq!(asked.elapsed().as_secs(), 20);

        let visit = tail.watch();
        drop(visit);
        let asked = Instant::now();
        tail.unwatched(grace).await;
        assert_eq!(asked.elapsed().as_secs(), 30, "a short visit has a grace of its own");
    }
}
