//! The events of a run in this process, and who watches it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use common::http::sse;
use futures::Stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::event::{Event, KINDS, is_terminal};

/// A committed event, framed for the wire once for all who follow.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) wire: Bytes,
}

impl Frame {
    pub(crate) fn new(seq: i64, kind: &'static str, data: &str) -> Self {
        Self { seq, kind, wire: Self::stored(seq, kind, data) }
    }

    /// An event read from the database; one of a kind this version does not know is left out.
    pub(crate) fn read(seq: i64, kind: &str, data: &str) -> Option<Self> {
        let kind = KINDS.into_iter().find(|known| *known == kind)?;
        Some(Self::new(seq, kind, data))
    }

    /// The wire form of a stored event of any kind.
    pub(crate) fn stored(seq: i64, kind: &str, data: &str) -> Bytes {
        let mut wire = BytesMut::with_capacity(data.len() + 48);
        sse::frame(&mut wire, Some(seq), kind, data);
        wire.freeze()
    }

    /// The JSON inside the frame.
    pub(crate) fn data(&self) -> &str {
        let wire = std::str::from_utf8(&self.wire).unwrap_or_default();
        wire.split_once("data: ").map_or("", |(_, data)| data.trim_end())
    }
}

#[derive(Debug, Default)]
struct State {
    frames: Vec<Frame>,
    next: i64,
    closed: bool,
}

/// A run that goes on in this process.
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
    watchers: watch::Sender<usize>,
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
            watchers: watch::Sender::new(0),
        })
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
    pub(super) fn publish(&self, frames: Vec<Frame>) {
        let Some(last) = frames.last().map(|frame| (frame.seq, is_terminal(frame.kind))) else { return };
        let mut state = self.state();
        state.frames.extend(frames);
        state.closed |= last.1;
        drop(state);
        self.changed.send_replace(last.0);
    }

    /// Ends every stream without a terminal event: the log cannot be written, and a client that comes back will
    /// find out more.
    pub(super) fn abandon(&self) {
        self.state().closed = true;
        self.changed.send_replace(i64::MAX);
        self.lost.cancel();
    }

    /// The events so far.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        self.state().frames.clone()
    }

    /// The wire form of the events after `after`, as they are committed, to the end of the run. Whoever holds the
    /// stream watches the run.
    pub(crate) fn follow(self: Arc<Self>, after: i64) -> impl Stream<Item = Bytes> + Send {
        let watching = Watching::new(self.clone());
        async_stream::stream! {
            let _watching = watching;
            let mut changed = self.changed.subscribe();
            let mut after = after;
            loop {
                changed.mark_unchanged();
                let (batch, last, closed) = self.after(after);
                after = last;
                if !batch.is_empty() {
                    yield batch;
                }
                if closed {
                    return;
                }
                if changed.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    fn after(&self, after: i64) -> (Bytes, i64, bool) {
        let state = self.state();
        let from = state.frames.partition_point(|frame| frame.seq <= after);
        let fresh = &state.frames[from..];
        let last = fresh.last().map_or(after, |frame| frame.seq);
        let wire = match fresh {
            [only] => only.wire.clone(),
            several => {
                let mut all = BytesMut::with_capacity(several.iter().map(|frame| frame.wire.len()).sum());
                several.iter().for_each(|frame| all.extend_from_slice(&frame.wire));
                all.freeze()
            }
        };
        (wire, last, state.closed)
    }

    /// Watches the run for as long as the result lives.
    pub(crate) fn watch(self: &Arc<Self>) -> Watching {
        Watching::new(self.clone())
    }

    /// Whether somebody watches at this process.
    pub(crate) fn is_watched(&self) -> bool {
        *self.watchers.borrow() > 0
    }

    /// Returns once nobody has watched for `grace`.
    pub(crate) async fn unwatched(&self, grace: Duration) {
        let mut watchers = self.watchers.subscribe();
        loop {
            // The sender lives in self, so neither wait can fail.
            let _ = watchers.wait_for(|count| *count == 0).await;
            if tokio::time::timeout(grace, watchers.wait_for(|count| *count > 0)).await.is_err() {
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
        tail.watchers.send_modify(|count| *count += 1);
        Self(tail)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.watchers.send_modify(|count| *count -= 1);
    }
}
