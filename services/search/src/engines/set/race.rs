//! One query running on several engines, with a hedged fallback.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};

use super::{EngineHandle, EngineReport, Engines, Query};

/// The running requests of a query, and the fallback engines that have not started.
pub(super) struct EngineRace {
    engines: Engines,
    query: Arc<Query>,
    until: Instant,
    hedge_at: Instant,
    running: FuturesUnordered<BoxFuture<'static, EngineReport>>,
    /// Started if the primary engine fails, is slow or finds too little; empty once started.
    fallback: Vec<Arc<EngineHandle>>,
}

impl EngineRace {
    pub(super) fn new(
        engines: Engines,
        query: Arc<Query>,
        first: Option<Arc<EngineHandle>>,
        fallback: Vec<Arc<EngineHandle>>,
        until: Instant,
    ) -> Self {
        let hedge_after: Duration = engines.config.hedge_after;
        let hedge_at = Instant::now() + hedge_after;
        let mut race = Self { engines, query, until, hedge_at, running: FuturesUnordered::new(), fallback };
        match first {
            Some(first) => race.start(&first),
            None => race.start_fallback(),
        }
        race
    }

    /// The next report, or `None` after the last.
    pub(super) async fn next(&mut self) -> Option<EngineReport> {
        let report = if self.fallback.is_empty() {
            self.running.next().await
        } else {
            match timeout_at(self.hedge_at, self.running.next()).await {
                Ok(report) => report,
                Err(_) => {
                    self.start_fallback();
                    self.running.next().await
                }
            }
        }?;
        if self.has_enough_hits(&report) {
            self.fallback.clear();
        } else {
            self.start_fallback();
        }
        Some(report)
    }

    fn has_enough_hits(&self, report: &EngineReport) -> bool {
        report.outcome.as_ref().is_ok_and(|found| found.hits.len() >= self.engines.config.min_hits)
    }

    fn start(&self, member: &Arc<EngineHandle>) {
        self.running.push(Box::pin(self.engines.query_engine(member, &self.query, self.until)));
    }

    fn start_fallback(&mut self) {
        for member in std::mem::take(&mut self.fallback) {
            self.start(&member);
        }
    }
}
