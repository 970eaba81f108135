//! Web queries: sent to the engines and the local index, or answered from the cache.

mod result_cache;

use std::{sync::Arc, time::Duration};

use access::Caller;
use async_stream::stream;
use base::{Scope, time::Clock};
use cache::Cache;
use db::Db;
use futures::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::time::Instant;

use self::result_cache::CachedResults;
use crate::{
    config::{CacheTtl, Config},
    engines::{
        Engine, EngineError, EngineHealth, Engines, EnginesConfig, FusedResult, Hit, Query, ResultFusion, SearchOutage,
        Searxng, UpstreamAccess, keyless,
    },
    local::{self, LocalIndex},
};

/// If the engines find fewer hits than this, the local index is searched too.
const MIN_HITS: usize = 3;
/// Short, because users type on.
const SUGGEST_TIMEOUT: Duration = Duration::from_secs(2);

/// The result of one engine, or the local index, for one query.
#[derive(Debug, Clone)]
pub(crate) struct QueryReport {
    pub(crate) engine: &'static str,
    pub(crate) outcome: Result<Vec<Hit>, EngineFailure>,
    pub(crate) elapsed: Duration,
    /// From the cache.
    pub(crate) cached: bool,
}

/// Why an engine gave no results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineFailure {
    /// A stable word.
    pub(crate) code: &'static str,
    /// What an operator can change about it.
    pub(crate) remedy: Option<String>,
}

impl From<&EngineError> for EngineFailure {
    fn from(error: &EngineError) -> Self {
        Self { code: error.code(), remedy: error.remedy() }
    }
}

/// Queries of one user that run in parallel.
#[derive(Debug, Clone)]
pub(crate) struct WebQuery {
    pub(crate) who: Arc<Caller>,
    pub(crate) queries: Vec<Query>,
    /// The queries contain private context: their results are cached for the organisation alone.
    pub(crate) private: bool,
    /// For all queries together.
    pub(crate) timeout: Duration,
}

/// All engines of this server with their cache. Cheap to clone.
#[derive(Clone)]
pub(crate) struct WebSearch {
    engines: Engines,
    has_primary: bool,
    cache: Cache,
    clock: Clock,
    cache_ttl: CacheTtl,
    db: Db,
}

impl WebSearch {
    pub(crate) fn new(deps: &server::Deps, config: &Config) -> anyhow::Result<Self> {
        let clock = deps.clock.clone();
        let engine_clock: crate::engines::EngineClock = Arc::new(move || clock.now());
        let access = UpstreamAccess::new(&config.contact, Arc::clone(&engine_clock));
        let searxng = match &config.searxng {
            Some(searxng) => Some(Arc::new(Searxng::new(searxng.clone(), &access)?) as Arc<dyn Engine>),
            None => None,
        };
        let has_primary = searxng.is_some();
        let keyless = keyless(config.keyless.clone(), &access)?;
        Ok(Self {
            engines: Engines::new(searxng, keyless, EnginesConfig::default(), &engine_clock),
            has_primary,
            cache: deps.cache.clone(),
            clock: deps.clock.clone(),
            cache_ttl: config.queries,
            db: deps.db.clone(),
        })
    }

    /// Runs the queries on all engines and yields each report as it arrives. Dropping the stream aborts running
    /// requests.
    pub(crate) fn search(&self, request: &WebQuery) -> BoxStream<'static, QueryReport> {
        let each = request.queries.iter().map(|query| self.query(request, query.clone()));
        stream::select_all(each.collect::<Vec<_>>()).boxed()
    }

    /// Completions of a partial query.
    pub(crate) async fn suggest(&self, text: &str) -> Result<Vec<String>, SearchOutage> {
        self.engines.suggest(text, None, SUGGEST_TIMEOUT).await
    }

    /// Health of each engine, the primary one first.
    pub(crate) fn health(&self) -> Vec<EngineHealth> {
        self.engines.health()
    }

    fn query(&self, request: &WebQuery, query: Query) -> BoxStream<'static, QueryReport> {
        let engines = self.engines_or_cache(request.clone(), query.clone());
        if self.has_primary {
            return engines;
        }
        stream::select(stream::once(self.local(request, query)), engines).boxed()
    }

    fn engines_or_cache(&self, request: WebQuery, query: Query) -> BoxStream<'static, QueryReport> {
        let web = self.clone();
        let until = Instant::now() + request.timeout;
        let reports = stream! {
            let scope = if request.private { request.who.scope() } else { Scope::public() };
            let cached = web.cached(&scope, &query).await;
            if let Some(cached) = cached.as_ref().filter(|cached| web.age(cached) < web.cache_ttl.fresh) {
                for report in cached.reports(&web.engine_names()) {
                    yield report;
                }
                return;
            }
            let mut found = CachedResults::new(web.clock.now());
            let timeout = until.saturating_duration_since(Instant::now());
            let mut engines = std::pin::pin!(web.engines.search(query.clone(), timeout));
            while let Some(report) = engines.next().await {
                let outcome = report.outcome.map(|found| found.hits.clone()).map_err(|error| EngineFailure::from(&error));
                if let Ok(hits) = &outcome {
                    found.add(report.engine, hits);
                    // Stored at each report, because the caller may drop the stream before the last engine answers.
                    web.store_in_cache(&scope, &query, &found).await;
                }
                yield QueryReport { engine: report.engine, outcome, elapsed: report.elapsed, cached: false };
            }
            if web.has_primary && found.hits() < MIN_HITS {
                yield web.local(&request, query.clone()).await;
            }
            if found.is_empty() && let Some(cached) = cached {
                for report in cached.reports(&web.engine_names()) {
                    yield report;
                }
            }
        };
        reports.boxed()
    }

    fn local(&self, request: &WebQuery, query: Query) -> BoxFuture<'static, QueryReport> {
        let engine = LocalIndex { db: self.db.clone(), who: Arc::clone(&request.who) };
        Box::pin(async move {
            let started = Instant::now();
            let found = if engine.serves(query.kind) { engine.search(&query).await } else { Ok(Default::default()) };
            let outcome = found.map(|found| found.hits).map_err(|error| EngineFailure::from(&error));
            QueryReport { engine: local::NAME, outcome, elapsed: started.elapsed(), cached: false }
        })
    }

    async fn cached(&self, scope: &Scope, query: &Query) -> Option<CachedResults> {
        if self.cache_ttl.fresh.is_zero() {
            return None;
        }
        CachedResults::read(&self.cache.get(&result_cache::key(scope, query)).await?)
    }

    async fn store_in_cache(&self, scope: &Scope, query: &Query, found: &CachedResults) {
        if !self.cache_ttl.fresh.is_zero() && found.hits() > 0 {
            self.cache
                .set(result_cache::key(scope, query), found.write(), self.cache_ttl.fresh.max(self.cache_ttl.stale))
                .await;
        }
    }

    fn age(&self, cached: &CachedResults) -> Duration {
        (self.clock.now() - cached.at).to_std().unwrap_or_default()
    }

    fn engine_names(&self) -> Vec<&'static str> {
        self.engines.health().into_iter().map(|health| health.name).collect()
    }
}

impl std::fmt::Debug for WebSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebSearch")
    }
}

/// The reports of some queries, merged as they arrive.
#[derive(Debug)]
pub(crate) struct MergedReports {
    /// Its domain filters apply to the merged list.
    filters: Query,
    fusion: ResultFusion,
    pub(crate) reports: Vec<QueryReport>,
    answered: bool,
    pub(crate) cached: bool,
}

impl MergedReports {
    pub(crate) fn new(filters: Query) -> Self {
        Self { filters, fusion: ResultFusion::default(), reports: Vec::new(), answered: false, cached: false }
    }

    pub(crate) fn add(&mut self, report: QueryReport) {
        if let Ok(hits) = &report.outcome {
            self.fusion.add(hits);
            // The local index always answers, so an empty list from it does not count as an answer.
            self.answered |= report.engine != local::NAME || !hits.is_empty();
        }
        self.cached |= report.cached;
        self.reports.push(report);
    }

    /// Best first.
    pub(crate) fn results(&self) -> Vec<FusedResult> {
        self.fusion.results(&self.filters)
    }

    /// The failures if no engine answered, as opposed to nothing found.
    pub(crate) fn outage(&self) -> Option<SearchOutage> {
        if self.answered {
            return None;
        }
        let failure = |report: &QueryReport| Some((report.engine, report.outcome.as_ref().err()?.code));
        Some(SearchOutage { failures: self.reports.iter().filter_map(failure).collect() })
    }
}
