//! One query running on several engines.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};

use super::{EngineReport, Engines, Member, Query};

/// The engines still busy with a query, and those held back.
pub(super) struct Race {
    engines: Engines,
    query: Arc<Query>,
    until: Instant,
    hedge_at: Instant,
    busy: FuturesUnordered<BoxFuture<'static, EngineReport>>,
    /// Started when the first choice fails, dawdles or finds too little; empty once started.
    fallback: Vec<Arc<Member>>,
}

impl Race {
    pub(super) fn new(
        engines: Engines,
        query: Arc<Query>,
        first: Option<Arc<Member>>,
        fallback: Vec<Arc<Member>>,
        until: Instant,
    ) -> Self {
        let hedge_after: Duration = engines.config.hedge_after;
        let hedge_at = Instant::now() + hedge_after;
        let mut race = Self { engines, query, until, hedge_at, busy: FuturesUnordered::new(), fallback };
        match first {
            Some(first) => race.start(&first),
            None => race.start_fallback(),
        }
        race
    }

    /// The next report, or `None` after the last.
    pub(super) async fn next(&mut self) -> Option<EngineReport> {
        let report = if self.fallback.is_empty() {
            self.busy.next().await
        } else {
            match timeout_at(self.hedge_at, self.busy.next()).await {
                Ok(report) => report,
                Err(_) => {
                    self.start_fallback();
                    self.busy.next().await
                }
            }
        }?;
        if self.is_enough(&report) {
            self.fallback.clear();
        } else {
            self.start_fallback();
        }
        Some(report)
    }

    fn is_enough(&self, report: &EngineReport) -> bool {
        report.outcome.as_ref().is_ok_and(|found| found.hits.len() >= self.engines.config.enough)
    }

    fn start(&self, member: &Arc<Member>) {
        self.busy.push(Box::pin(self.engines.ask(member, &self.query, self.until)));
    }

    fn start_fallback(&mut self) {
        for member in std::mem::take(&mut self.fallback) {
            self.start(&member);
        }
    }
}
