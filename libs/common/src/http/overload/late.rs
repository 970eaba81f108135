//! Bodies that come slowly: whoever waits for a client's bytes is not busy, and gives up the place.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::takes_long;

/// A body that is not whole after this long is late.
const WHOLE: Duration = Duration::from_secs(1);

/// A body whose reader has no place any more when it is late.
pub(in crate::http) struct Late {
    body: Body,
    /// From when it was first waited for until it is late.
    patience: Option<Pin<Box<Sleep>>>,
    is_late: bool,
}

impl Late {
    pub(in crate::http) fn new(body: Body) -> Self {
        Self { body, patience: None, is_late: false }
    }
}

impl HttpBody for Late {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() && !self.is_late {
            let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(WHOLE)));
            if patience.as_mut().poll(context).is_ready() {
                self.is_late = true;
                takes_long();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
