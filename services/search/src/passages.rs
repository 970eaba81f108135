//! Passage search: queries the engines in parallel, opens pages while results are still arriving, and ranks their
//! passages, all within one deadline.

mod frontier;
mod ranking;

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use async_stream::stream;
use futures::{
    Stream, StreamExt,
    future::BoxFuture,
    stream::{BoxStream, FuturesUnordered},
};
use tokio::time::{Instant, sleep_until};

pub(crate) use self::ranking::{RankedPassage, SelectedPassage};
use self::{frontier::Frontier, ranking::PassageRanking};
use crate::{
    Search,
    engines::{FusedResult, Query, SearchOutage},
    pages::{OpenError, OpenedPage, PageCache},
    vectors::{ComparedQuestion, Similarities},
    web::{MergedReports, QueryReport, WebQuery},
};

/// Share of the time for the engines; the rest is for the pages.
const ENGINES_TIME_SHARE: f32 = 0.6;
/// Delay after the first list, in which pages are reserved for the lists of other engines.
const SETTLE_DELAY: Duration = Duration::from_millis(250);
/// Pages opened per list during that delay.
const EARLY_PAGES_PER_LIST: usize = 2;
/// If a page takes longer than this share of the time, another one is opened in parallel.
const SLOW_TIME_SHARE: f32 = 0.2;
/// Most pages tried, per page requested.
const MAX_TRIES_PER_PAGE: usize = 3;

/// A request for passages.
#[derive(Debug, Clone)]
pub(crate) struct PassagesRequest {
    pub(crate) web: WebQuery,
    /// Passages are ranked against it.
    pub(crate) question: String,
    /// Pages to open beside `urls`.
    pub(crate) pages: usize,
    /// Most passages per page.
    pub(crate) passages: usize,
    /// Addresses to open, whatever the engines find.
    pub(crate) urls: Vec<String>,
    pub(crate) exclude_urls: Vec<String>,
    /// For the whole search.
    pub(crate) timeout: Duration,
}

/// Progress of a passage search.
#[derive(Debug)]
pub(crate) enum SearchEvent {
    Engine(QueryReport),
    /// The merged lists; sent once.
    Results {
        results: Vec<FusedResult>,
        outage: bool,
        cached: bool,
    },
    Opened {
        opened: OpenedPage,
        requested_url: String,
        passages: Vec<SelectedPassage>,
        elapsed: Duration,
    },
    Failed {
        url: String,
        code: Cow<'static, str>,
        elapsed: Duration,
    },
    /// Some pages are ranked by BM25 alone, for this reason; sent once.
    Degraded(String),
    Finished(SearchFinished),
}

/// The end of a passage search.
#[derive(Debug)]
pub(crate) struct SearchFinished {
    /// Set if no engine answered.
    pub(crate) outage: Option<SearchOutage>,
    pub(crate) reports: Vec<QueryReport>,
    /// The selected passages of all pages, best first, spread over the pages.
    pub(crate) ranking: Vec<RankedPassage>,
}

/// Runs a passage search. Dropping the stream aborts running requests.
pub(crate) fn find(search: &Search, request: PassagesRequest) -> impl Stream<Item = SearchEvent> + Send + use<> {
    let mut passage_search = PassageSearch::new(search, request);
    stream! {
        passage_search.start();
        loop {
            while let Some(event) = passage_search.events.pop_front() {
                yield event;
            }
            if passage_search.is_over() {
                break;
            }
            passage_search.step().await;
        }
        passage_search.emit_results();
        let end = passage_search.finished();
        passage_search.events.push_back(end);
        while let Some(event) = passage_search.events.pop_front() {
            yield event;
        }
    }
}

/// The outcome of opening a page.
struct OpenAttempt {
    number: usize,
    url: String,
    outcome: Result<OpenedPage, OpenError>,
    /// Similarity of its passages to the question, or why it is unknown; empty without an embedding model.
    similarities: Similarities,
    elapsed: Duration,
}

/// A page that is being opened.
struct InFlight {
    /// One of the requested addresses.
    is_requested: bool,
    /// From this time on it counts as slow.
    slow_at: Instant,
}

struct PassageSearch {
    pages: PageCache,
    question: Option<ComparedQuestion>,
    request: PassagesRequest,
    reports: BoxStream<'static, QueryReport>,
    searching: bool,
    merged: MergedReports,
    results_sent: bool,
    frontier: Frontier,
    settle_at: Option<Instant>,
    deadline: Instant,
    attempts: FuturesUnordered<BoxFuture<'static, OpenAttempt>>,
    in_flight: HashMap<usize, InFlight>,
    tried: usize,
    opened: usize,
    ranking: PassageRanking,
    degraded: bool,
    events: VecDeque<SearchEvent>,
}

impl PassageSearch {
    fn new(search: &Search, mut request: PassagesRequest) -> Self {
        request.web.timeout = request.timeout.mul_f32(ENGINES_TIME_SHARE);
        let filters = request.web.queries.first().cloned().unwrap_or_else(|| Query::new(""));
        let deadline = Instant::now() + request.timeout;
        let max_opened = request.pages + request.urls.len();
        let vectors = search.vectors.as_ref();
        Self {
            question: vectors.and_then(|vectors| vectors.question(&request.question, max_opened, deadline)),
            reports: search.web.search(&request.web),
            searching: true,
            merged: MergedReports::new(filters),
            results_sent: request.web.queries.is_empty(),
            frontier: Frontier::new(&request.exclude_urls),
            settle_at: None,
            deadline,
            attempts: FuturesUnordered::new(),
            in_flight: HashMap::new(),
            tried: 0,
            opened: 0,
            ranking: PassageRanking::new(&request.question, request.passages),
            degraded: false,
            events: VecDeque::new(),
            pages: search.pages.clone(),
            request,
        }
    }

    fn start(&mut self) {
        for url in std::mem::take(&mut self.request.urls) {
            if self.frontier.claim(&url) {
                self.request.pages += 1;
                self.open(url, true);
            }
        }
    }

    fn is_over(&self) -> bool {
        if Instant::now() >= self.deadline {
            return true;
        }
        if self.opened >= self.request.pages && !self.in_flight.values().any(|page| page.is_requested) {
            return true;
        }
        !self.searching && self.in_flight.is_empty()
    }

    /// Waits for the next report, opened page or timer, and handles it.
    async fn step(&mut self) {
        let wakeup = self.next_wakeup();
        tokio::select! {
            biased;
            report = self.reports.next(), if self.searching => self.on_report(report),
            Some(attempt) = self.attempts.next(), if !self.attempts.is_empty() => self.on_attempt(attempt),
            () = sleep_until(wakeup) => {}
        }
        self.open_next_pages();
    }

    /// The next time at which a page becomes slow or the settle delay ends, at the latest the deadline.
    fn next_wakeup(&self) -> Instant {
        let now = Instant::now();
        let slow = self.in_flight.values().map(|page| page.slow_at);
        let due = slow.chain(self.settle_at).filter(|at| *at > now).min();
        due.map_or(self.deadline, |at| at.min(self.deadline))
    }

    fn on_report(&mut self, report: Option<QueryReport>) {
        let Some(report) = report else {
            self.searching = false;
            self.emit_results();
            return;
        };
        if report.outcome.as_ref().is_ok_and(|hits| !hits.is_empty()) && self.settle_at.is_none() {
            self.settle_at = Some(Instant::now() + SETTLE_DELAY);
        }
        self.events.push_back(SearchEvent::Engine(report.clone()));
        self.merged.add(report);
        self.frontier.update(self.merged.results());
    }

    fn emit_results(&mut self) {
        if !self.results_sent {
            self.results_sent = true;
            let (results, outage, cached) = (self.merged.results(), self.merged.outage().is_some(), self.merged.cached);
            self.events.push_back(SearchEvent::Results { results, outage, cached });
        }
    }

    fn on_attempt(&mut self, attempt: OpenAttempt) {
        self.in_flight.remove(&attempt.number);
        let OpenAttempt { url, outcome, similarities, elapsed, .. } = attempt;
        let opened = match outcome {
            // Two addresses may lead to one page.
            Ok(opened) if self.ranking.contains(&opened.page) => return,
            Ok(opened) => opened,
            Err(error) => {
                self.events.push_back(SearchEvent::Failed { url, code: error.code(), elapsed });
                return;
            }
        };
        self.opened += 1;
        let similarities = similarities.unwrap_or_else(|reason| {
            if !self.degraded {
                self.degraded = true;
                self.events.push_back(SearchEvent::Degraded(reason));
            }
            Vec::new()
        });
        let passages = self.ranking.add(Arc::clone(&opened.page), similarities);
        self.events.push_back(SearchEvent::Opened { opened, requested_url: url, passages, elapsed });
    }

    /// Opens pages until enough are open or in flight; failed and slow ones do not count.
    fn open_next_pages(&mut self) {
        let now = Instant::now();
        let settled = !self.searching || self.settle_at.is_some_and(|at| at <= now);
        let lists =
            self.merged.reports.iter().filter(|report| report.outcome.as_ref().is_ok_and(|hits| !hits.is_empty()));
        let target =
            if settled { self.request.pages } else { self.request.pages.min(EARLY_PAGES_PER_LIST * lists.count()) };
        let mut in_time = self.in_flight.values().filter(|page| page.slow_at > now).count();
        while self.opened + in_time < target && self.tried < MAX_TRIES_PER_PAGE * self.request.pages {
            let Some(url) = self.frontier.next() else { return };
            self.open(url, false);
            in_time += 1;
        }
    }

    fn open(&mut self, url: String, is_requested: bool) {
        let (number, started) = (self.tried, Instant::now());
        self.tried += 1;
        self.in_flight.insert(
            number,
            InFlight { is_requested, slow_at: started + self.request.timeout.mul_f32(SLOW_TIME_SHARE) },
        );
        let (pages, who, deadline) = (self.pages.clone(), Arc::clone(&self.request.web.who), self.deadline);
        let question = self.question.clone();
        self.attempts.push(Box::pin(async move {
            let opening = pages.open(&who, &url, deadline);
            let (outcome, similarities) = match &question {
                Some(question) => question.open_and_compare(opening).await,
                None => (opening.await, Ok(Vec::new())),
            };
            OpenAttempt { number, url, outcome, similarities, elapsed: started.elapsed() }
        }));
    }

    fn finished(&mut self) -> SearchEvent {
        SearchEvent::Finished(SearchFinished {
            outage: self.merged.outage().filter(|_| !self.request.web.queries.is_empty()),
            reports: std::mem::take(&mut self.merged.reports),
            ranking: self.ranking.finish(),
        })
    }
}
