//! The set of all engines: which of them a query is sent to, when the fallback starts, and their reports.

mod race;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use tokio::time::{Instant, sleep, timeout_at};

use self::race::EngineRace;
use super::{
    Engine, EngineClock, EngineError, EngineHealth, EngineResults, FusedResult, InstantAnswer, Query, ResultFusion,
    UnresponsiveSource, breaker::Breaker, pace::Pacer, query::on_site, singleflight::Singleflight,
};

/// Timeouts and thresholds of the set.
#[derive(Debug, Clone)]
pub struct EnginesConfig {
    /// Timeout of one engine.
    pub engine_timeout: Duration,
    /// The keyless engines start if the primary engine has not answered after this delay.
    pub hedge_after: Duration,
    /// The keyless engines start if the primary engine found fewer hits than this.
    pub min_hits: usize,
}

impl Default for EnginesConfig {
    fn default() -> Self {
        Self { engine_timeout: Duration::from_secs(5), hedge_after: Duration::from_millis(1200), min_hits: 3 }
    }
}

/// The result of one engine for one query.
#[derive(Debug, Clone)]
pub struct EngineReport {
    pub engine: &'static str,
    pub outcome: Result<Arc<EngineResults>, EngineError>,
    /// From the start of the search, or of this engine when it started later.
    pub elapsed: Duration,
}

/// The merged results of all engines.
#[derive(Debug, Clone, Default)]
pub struct SearchOutcome {
    /// Best first; empty if engines answered but none found anything.
    pub hits: Vec<FusedResult>,
    pub suggestions: Vec<String>,
    pub answers: Vec<InstantAnswer>,
    /// Engine and error code of each failure.
    pub failures: Vec<(&'static str, &'static str)>,
    /// Sources behind a metasearch engine that did not answer.
    pub unresponsive: Vec<UnresponsiveSource>,
}

/// No engine answered. This is an outage, not an empty result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SearchOutage {
    /// Engine and error code of each failure; empty if no engine serves the query.
    pub failures: Vec<(&'static str, &'static str)>,
}

impl fmt::Display for SearchOutage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failures.is_empty() {
            return write!(out, "no search engine serves this query");
        }
        let each: Vec<_> = self.failures.iter().map(|(engine, code)| format!("{engine} {code}")).collect();
        write!(out, "all search engines failed: {}", each.join(", "))
    }
}

/// An engine with its breaker and rate limiter.
struct EngineHandle {
    engine: Arc<dyn Engine>,
    breaker: Arc<Breaker>,
    pacer: Pacer,
}

type Requests = Singleflight<(&'static str, Arc<Query>), Result<Arc<EngineResults>, EngineError>>;

/// The engines of this server. Cheap to clone; clones share health and running requests.
#[derive(Clone)]
pub struct Engines {
    primary: Option<Arc<EngineHandle>>,
    keyless: Vec<Arc<EngineHandle>>,
    requests: Arc<Requests>,
    config: EnginesConfig,
}

impl Engines {
    /// The `keyless` engines are the fallback: they start if there is no `primary`, or it fails, is slow or finds too
    /// little. `clock` times suspensions.
    pub fn new(
        primary: Option<Arc<dyn Engine>>,
        keyless: Vec<Arc<dyn Engine>>,
        config: EnginesConfig,
        clock: &EngineClock,
    ) -> Self {
        let member = |engine: Arc<dyn Engine>| {
            let (breaker, pacer) = (Breaker::new(Arc::clone(clock)), Pacer::new(engine.pace()));
            Arc::new(EngineHandle { engine, breaker, pacer })
        };
        Self {
            primary: primary.map(member),
            keyless: keyless.into_iter().map(member).collect(),
            requests: Singleflight::new(),
            config,
        }
    }

    /// Queries the engines that serve `query`. Yields each report as it arrives and ends after the last one, at the
    /// latest after `deadline`, when the remaining engines are reported as timed out. Dropping the stream aborts the
    /// requests that no other caller shares.
    pub fn search(&self, query: Query, deadline: Duration) -> impl Stream<Item = EngineReport> + Send + use<> {
        let serves = |member: &&Arc<EngineHandle>| member.serves(&query);
        let first = self.primary.as_ref().filter(serves).cloned();
        let fallback = self.keyless.iter().filter(serves).cloned().collect();
        let race = EngineRace::new(self.clone(), Arc::new(query), first, fallback, Instant::now() + deadline);
        futures::stream::unfold(race, async |mut race| race.next().await.map(|report| (report, race)))
    }

    /// Runs [`Engines::search`] to its end, merges the lists and applies the domain filters.
    pub async fn collect(&self, query: Query, deadline: Duration) -> Result<SearchOutcome, SearchOutage> {
        let reports = self.search(query.clone(), deadline);
        let mut reports = std::pin::pin!(reports);
        let (mut outcome, mut fusion, mut answered) = (SearchOutcome::default(), ResultFusion::default(), false);
        while let Some(report) = reports.next().await {
            match report.outcome {
                Ok(found) => {
                    answered = true;
                    fusion.add(&found.hits);
                    outcome.suggestions.extend_from_slice(&found.suggestions);
                    outcome.answers.extend_from_slice(&found.answers);
                    outcome.unresponsive.extend_from_slice(&found.unresponsive);
                }
                Err(error) => outcome.failures.push((report.engine, error.code())),
            }
        }
        if !answered {
            return Err(SearchOutage { failures: outcome.failures });
        }
        outcome.hits = fusion.results(&query);
        Ok(outcome)
    }

    /// Completions of a partial query, from the first engine that returns some within `deadline`.
    pub async fn suggest(
        &self,
        text: &str,
        language: Option<&str>,
        deadline: Duration,
    ) -> Result<Vec<String>, SearchOutage> {
        let until = Instant::now() + deadline;
        let (mut failures, mut answered) = (Vec::new(), false);
        for member in self.primary.iter().chain(&self.keyless) {
            let request = member.engine.suggest(text, language);
            match member.guarded(until, request, |_| None).await {
                Ok(suggestions) if !suggestions.is_empty() => return Ok(suggestions),
                Ok(_) => answered = true,
                Err(EngineError::Unsupported) => {}
                Err(error) => failures.push((member.engine.name(), error.code())),
            }
        }
        if answered { Ok(Vec::new()) } else { Err(SearchOutage { failures }) }
    }

    /// Health of each engine, the primary one first.
    pub fn health(&self) -> Vec<EngineHealth> {
        let members = self.primary.iter().chain(&self.keyless);
        members.map(|member| member.breaker.health(member.engine.name())).collect()
    }

    /// Sends `query` to one engine; resolves at the latest at `until`.
    fn query_engine(
        &self,
        member: &Arc<EngineHandle>,
        query: &Arc<Query>,
        until: Instant,
    ) -> impl Future<Output = EngineReport> + Send + use<> {
        let started = Instant::now();
        let limit = until.min(started + self.config.engine_timeout);
        let request = Arc::clone(member).search(Arc::clone(query), limit);
        let engine = member.engine.name();
        let shared = self.requests.join(&(engine, Arc::clone(query)), request);
        async move {
            let outcome = match timeout_at(until, shared.clone()).await {
                Ok(outcome) => outcome.unwrap_or(Err(EngineError::Cut)),
                Err(_) => {
                    // The request's own timeout is not later. It is left to run into it, so that the breaker records
                    // the failure.
                    drop(tokio::spawn(shared));
                    Err(EngineError::Timeout)
                }
            };
            if let Err(error) = &outcome
                && let Some(remedy) = error.remedy()
            {
                tracing::warn!(engine, remedy, "search engine cannot serve; its results are missing");
            }
            let (elapsed, result) = (started.elapsed(), outcome.as_ref().map_or_else(EngineError::code, |_| "ok"));
            metrics::histogram!("gooseek_engine_seconds", "engine" => engine, "outcome" => result)
                .record(elapsed.as_secs_f64());
            EngineReport { engine, outcome, elapsed }
        }
    }
}

impl EngineHandle {
    fn serves(&self, query: &Query) -> bool {
        let sites = self.engine.sites();
        let anywhere = query.domains.is_empty() || sites.is_empty();
        let overlaps = |site: &str| query.domains.iter().any(|domain| on_site(site, domain) || on_site(domain, site));
        self.engine.serves(query.kind) && (anywhere || sites.iter().any(|site| overlaps(site)))
    }

    async fn search(self: Arc<Self>, query: Arc<Query>, until: Instant) -> Result<Arc<EngineResults>, EngineError> {
        let found = self.guarded(until, self.engine.search(&query), |found| found.pause).await?;
        Ok(Arc::new(found))
    }

    /// Runs a request if breaker and rate limiter permit it, and records the outcome.
    async fn guarded<T>(
        &self,
        until: Instant,
        request: impl Future<Output = Result<T, EngineError>>,
        pause: impl FnOnce(&T) -> Option<Duration>,
    ) -> Result<T, EngineError> {
        let permit = self.breaker.admit()?;
        let now = Instant::now();
        let wait = self.pacer.reserve(now, until.saturating_duration_since(now));
        let wait = wait.map_err(|wait| EngineError::Paced { wait })?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let sent = Instant::now();
        let outcome = timeout_at(until, request).await.unwrap_or(Err(EngineError::Timeout));
        permit.record(outcome.as_ref().map(pause), sent.elapsed());
        outcome
    }
}
