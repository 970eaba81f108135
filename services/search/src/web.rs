//! Queries: to the engines, to the local index, or answered from what equal queries found a moment ago.

mod kept;

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

use self::kept::Kept;
use crate::{
    config::{Ages, Config},
    engines::{
        Access, Engine, EngineHealth, Engines, EnginesConfig, Fused, Fusion, Hit, Query, SearchOutage, Searxng,
        SearxngConfig, keyless,
    },
    local::{self, Local},
};

/// Fewer hits of the first choice than this, and the pages already read are searched too, as the keyless engines are.
const ENOUGH: usize = 3;
/// Completions are of no use to somebody who has typed on.
const SUGGEST_WITHIN: Duration = Duration::from_secs(2);

/// What one engine said to one query.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) engine: &'static str,
    /// The code of the failure when there is no list.
    pub(crate) outcome: Result<Vec<Hit>, &'static str>,
    pub(crate) elapsed: Duration,
    /// Found earlier, for an equal query.
    pub(crate) cached: bool,
}

/// Queries of one person, asked side by side.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) who: Arc<Caller>,
    pub(crate) queries: Vec<Query>,
    /// The queries carry private context: what they find is kept for the organisation alone.
    pub(crate) private: bool,
    /// Nobody is waited for longer.
    pub(crate) within: Duration,
}

/// Every engine of this server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web {
    engines: Engines,
    has_first_choice: bool,
    cache: Cache,
    clock: Clock,
    ages: Ages,
    db: Db,
}

impl Web {
    pub(crate) fn new(deps: &server::Deps, config: &Config) -> anyhow::Result<Self> {
        let clock = deps.clock.clone();
        let engine_clock: crate::engines::Clock = Arc::new(move || clock.now());
        let access = Access::new(&config.contact, Arc::clone(&engine_clock));
        let searxng = match &config.searxng {
            Some(base) => Some(Arc::new(Searxng::new(SearxngConfig::new(base), &access)?) as Arc<dyn Engine>),
            None => None,
        };
        let has_first_choice = searxng.is_some();
        let keyless = keyless(config.keyless.clone(), &access)?;
        Ok(Self {
            engines: Engines::new(searxng, keyless, EnginesConfig::default(), &engine_clock),
            has_first_choice,
            cache: deps.cache.clone(),
            clock: deps.clock.clone(),
            ages: config.queries,
            db: deps.db.clone(),
        })
    }

    /// Asks everyone; each report comes as soon as it is there. Dropping the stream gives up what is under way.
    pub(crate) fn search(&self, asked: &Asked) -> BoxStream<'static, Report> {
        let each = asked.queries.iter().map(|query| self.query(asked, query.clone()));
        stream::select_all(each.collect::<Vec<_>>()).boxed()
    }

    /// Completions of a text being typed.
    pub(crate) async fn suggest(&self, text: &str) -> Result<Vec<String>, SearchOutage> {
        self.engines.suggest(text, None, SUGGEST_WITHIN).await
    }

    /// How each engine is doing, the first choice first.
    pub(crate) fn health(&self) -> Vec<EngineHealth> {
        self.engines.health()
    }

    fn query(&self, asked: &Asked, query: Query) -> BoxStream<'static, Report> {
        let engines = self.engines_or_kept(asked.clone(), query.clone());
        if self.has_first_choice {
            return engines;
        }
        stream::select(stream::once(self.local(asked, query)), engines).boxed()
    }

    fn engines_or_kept(&self, asked: Asked, query: Query) -> BoxStream<'static, Report> {
        let web = self.clone();
        let until = Instant::now() + asked.within;
        let reports = stream! {
            let scope = if asked.private { asked.who.scope() } else { Scope::public() };
            let kept = web.kept(&scope, &query).await;
            if let Some(kept) = kept.as_ref().filter(|kept| web.age(kept) < web.ages.fresh) {
                for report in kept.reports(&web.names()) {
                    yield report;
                }
                return;
            }
            let mut found = Kept::new(web.clock.now());
            let within = until.saturating_duration_since(Instant::now());
            let mut engines = std::pin::pin!(web.engines.search(query.clone(), within));
            while let Some(report) = engines.next().await {
                let outcome = report.outcome.map(|found| found.hits.clone()).map_err(|error| error.code());
                if let Ok(hits) = &outcome {
                    found.add(report.engine, hits);
                    // Kept at each report: whoever asked may have enough before the last engine answers.
                    web.keep(&scope, &query, &found).await;
                }
                yield Report { engine: report.engine, outcome, elapsed: report.elapsed, cached: false };
            }
            if web.has_first_choice && found.hits() < ENOUGH {
                yield web.local(&asked, query.clone()).await;
            }
            if found.is_empty() && let Some(kept) = kept {
                for report in kept.reports(&web.names()) {
                    yield report;
                }
            }
        };
        reports.boxed()
    }

    fn local(&self, asked: &Asked, query: Query) -> BoxFuture<'static, Report> {
        let engine = Local { db: self.db.clone(), who: Arc::clone(&asked.who) };
        Box::pin(async move {
            let started = Instant::now();
            let found = if engine.serves(query.kind) { engine.search(&query).await } else { Ok(Default::default()) };
            let outcome = found.map(|found| found.hits).map_err(|error| error.code());
            Report { engine: local::NAME, outcome, elapsed: started.elapsed(), cached: false }
        })
    }

    async fn kept(&self, scope: &Scope, query: &Query) -> Option<Kept> {
        if self.ages.fresh.is_zero() {
            return None;
        }
        Kept::read(&self.cache.get(&kept::key(scope, query)).await?)
    }

    async fn keep(&self, scope: &Scope, query: &Query, found: &Kept) {
        if !self.ages.fresh.is_zero() && found.hits() > 0 {
            self.cache.set(kept::key(scope, query), found.write(), self.ages.fresh.max(self.ages.stale)).await;
        }
    }

    fn age(&self, kept: &Kept) -> Duration {
        (self.clock.now() - kept.at).to_std().unwrap_or_default()
    }

    fn names(&self) -> Vec<&'static str> {
        self.engines.health().into_iter().map(|health| health.name).collect()
    }
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Web")
    }
}

/// The reports on some queries, merged as they come.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// Its domain filters hold for the merged list.
    filters: Query,
    fusion: Fusion,
    pub(crate) reports: Vec<Report>,
    answered: bool,
    pub(crate) cached: bool,
}

impl Gathered {
    pub(crate) fn new(filters: Query) -> Self {
        Self { filters, fusion: Fusion::default(), reports: Vec::new(), answered: false, cached: false }
    }

    pub(crate) fn add(&mut self, report: Report) {
        if let Ok(hits) = &report.outcome {
            self.fusion.add(hits);
            // The local index always answers; that it knows nothing says nothing about the web.
            self.answered |= report.engine != local::NAME || !hits.is_empty();
        }
        self.cached |= report.cached;
        self.reports.push(report);
    }

    /// Best first.
    pub(crate) fn results(&self) -> Vec<Fused> {
        self.fusion.finish(&self.filters)
    }

    /// Engine and code of each failure when no engine answered, which is not the same as nothing found.
    pub(crate) fn outage(&self) -> Option<SearchOutage> {
        if self.answered {
            return None;
        }
        let failure = |report: &Report| Some((report.engine, report.outcome.as_ref().err().copied()?));
        Some(SearchOutage { failures: self.reports.iter().filter_map(failure).collect() })
    }
}
