//! All engines together: who is asked for a query, when the fallback starts, and what everyone said.

mod race;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use futures::{Stream, StreamExt};
use tokio::time::{Instant, sleep, timeout_at};

use self::race::Race;
use super::{
    Answer, Clock, Engine, EngineError, EngineHealth, Found, Fused, Fusion, Query, Unresponsive, breaker::Breaker,
    flight::Flights, pace::Pacer, query::on_site,
};

/// How patient the set is.
#[derive(Debug, Clone)]
pub struct EnginesConfig {
    /// The longest one engine is waited for.
    pub engine_timeout: Duration,
    /// The keyless engines start when the first choice has not answered after this long.
    pub hedge_after: Duration,
    /// The keyless engines start when the first choice found fewer hits than this.
    pub enough: usize,
}

impl Default for EnginesConfig {
    fn default() -> Self {
        Self { engine_timeout: Duration::from_secs(5), hedge_after: Duration::from_millis(1200), enough: 3 }
    }
}

/// What one engine said to one query.
#[derive(Debug, Clone)]
pub struct EngineReport {
    pub engine: &'static str,
    pub outcome: Result<Arc<Found>, EngineError>,
    /// From the start of the search, or of this engine when it started later.
    pub elapsed: Duration,
}

/// What all engines found together.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Best first; empty when at least one engine answered and nobody found anything.
    pub hits: Vec<Fused>,
    pub suggestions: Vec<String>,
    pub answers: Vec<Answer>,
    /// Engines that did not answer, with the code of why.
    pub failures: Vec<(&'static str, &'static str)>,
    /// Sources behind a metasearch engine that did not answer.
    pub unresponsive: Vec<Unresponsive>,
}

/// No engine answered: the web is out of reach, which is not the same as nothing found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SearchOutage {
    /// Engine and code of each failure; empty when no engine serves the query at all.
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

/// An engine with what is known about it.
struct Member {
    engine: Arc<dyn Engine>,
    breaker: Arc<Breaker>,
    pacer: Pacer,
}

type Requests = Flights<(&'static str, Arc<Query>), Result<Arc<Found>, EngineError>>;

/// The engines of this server. Cheap to clone; clones share health and requests on their way.
#[derive(Clone)]
pub struct Engines {
    primary: Option<Arc<Member>>,
    keyless: Vec<Arc<Member>>,
    requests: Arc<Requests>,
    config: EnginesConfig,
}

impl Engines {
    /// `primary` is asked first, the `keyless` ones when it fails, dawdles or finds too little, or when there is no
    /// primary. `clock` times suspensions.
    pub fn new(
        primary: Option<Arc<dyn Engine>>,
        keyless: Vec<Arc<dyn Engine>>,
        config: EnginesConfig,
        clock: &Clock,
    ) -> Self {
        let member = |engine: Arc<dyn Engine>| {
            let (breaker, pacer) = (Breaker::new(Arc::clone(clock)), Pacer::new(engine.pace()));
            Arc::new(Member { engine, breaker, pacer })
        };
        Self {
            primary: primary.map(member),
            keyless: keyless.into_iter().map(member).collect(),
            requests: Flights::new(),
            config,
        }
    }

    /// Asks the engines that serve the query. Each report is handed out as soon as it is there; the stream ends when
    /// everyone has reported, at the latest after `deadline`, when those still busy are reported as timed out.
    /// Dropping the stream gives up the requests that nobody else waits for.
    pub fn search(&self, query: Query, deadline: Duration) -> impl Stream<Item = EngineReport> + Send + use<> {
        let serves = |member: &&Arc<Member>| member.serves(&query);
        let first = self.primary.as_ref().filter(serves).cloned();
        let fallback = self.keyless.iter().filter(serves).cloned().collect();
        let race = Race::new(self.clone(), Arc::new(query), first, fallback, Instant::now() + deadline);
        futures::stream::unfold(race, async |mut race| race.next().await.map(|report| (report, race)))
    }

    /// [`Engines::search`] to its end, with the lists merged and the domain filters applied.
    pub async fn collect(&self, query: Query, deadline: Duration) -> Result<Outcome, SearchOutage> {
        let reports = self.search(query.clone(), deadline);
        let mut reports = std::pin::pin!(reports);
        let (mut outcome, mut fusion, mut answered) = (Outcome::default(), Fusion::default(), false);
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
        outcome.hits = fusion.finish(&query);
        Ok(outcome)
    }

    /// Completions of a text being typed, from the first engine that has some within `deadline`.
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

    /// How each engine is doing, the first choice first.
    pub fn health(&self) -> Vec<EngineHealth> {
        let members = self.primary.iter().chain(&self.keyless);
        members.map(|member| member.breaker.health(member.engine.name())).collect()
    }

    /// One engine's report on `query`, which comes at the latest at `until`.
    fn ask(
        &self,
        member: &Arc<Member>,
        query: &Arc<Query>,
        until: Instant,
    ) -> impl Future<Output = EngineReport> + Send + use<> {
        let started = Instant::now();
        let limit = until.min(started + self.config.engine_timeout);
        let request = Arc::clone(member).search(Arc::clone(query), limit);
        let engine = member.engine.name();
        let flight = self.requests.join(&(engine, Arc::clone(query)), request);
        async move {
            let outcome = match timeout_at(until, flight.clone()).await {
                Ok(outcome) => outcome.unwrap_or(Err(EngineError::Cut)),
                Err(_) => {
                    // Its own limit is not later; left to end by itself, it notes the failure.
                    drop(tokio::spawn(flight));
                    Err(EngineError::Timeout)
                }
            };
            EngineReport { engine, outcome, elapsed: started.elapsed() }
        }
    }
}

impl Member {
    fn serves(&self, query: &Query) -> bool {
        let sites = self.engine.sites();
        let anywhere = query.domains.is_empty() || sites.is_empty();
        let overlaps = |site: &str| query.domains.iter().any(|domain| on_site(site, domain) || on_site(domain, site));
        self.engine.serves(query.kind) && (anywhere || sites.iter().any(|site| overlaps(site)))
    }

    async fn search(self: Arc<Self>, query: Arc<Query>, until: Instant) -> Result<Arc<Found>, EngineError> {
        let found = self.guarded(until, self.engine.search(&query), |found| found.pause).await?;
        Ok(Arc::new(found))
    }

    /// Runs a request if the breaker and the upstream's pace let it, and notes how it went.
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
