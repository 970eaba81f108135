//! From a question to passages: the engines are asked side by side, pages are opened while results still arrive, and
//! nobody is waited for past the deadline.

mod leads;
mod ranking;

use std::{
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

pub(crate) use self::ranking::{Chosen, Ranked};
use self::{leads::Leads, ranking::Ranking};
use crate::{
    Search,
    engines::{Fused, Query, SearchOutage},
    pages::{OpenError, Opened, Pages},
    vectors::{Nearness, Question},
    web::{Asked, Gathered, Report},
};

/// Share of the time that the engines get; the rest belongs to the pages.
const ENGINES_SHARE: f32 = 0.6;
/// After the first list, others are waited for this long before their places are given to it.
const SETTLE: Duration = Duration::from_millis(250);
/// Pages opened from each list before that.
const EARLY: usize = 2;
/// A page that takes this share of the time gets a substitute beside it.
const SLOW_SHARE: f32 = 0.2;
/// Pages tried for each one wanted.
const TRIES: usize = 3;

/// What is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) asked: Asked,
    /// What passages are ranked against.
    pub(crate) question: String,
    /// Pages to open beside the given ones.
    pub(crate) pages: usize,
    /// Passages to choose from each page.
    pub(crate) passages: usize,
    /// Addresses to open whatever the engines find.
    pub(crate) urls: Vec<String>,
    pub(crate) exclude_urls: Vec<String>,
    /// No page is waited for past this.
    pub(crate) within: Duration,
}

/// What happened meanwhile.
#[derive(Debug)]
pub(crate) enum Event {
    Engine(Report),
    /// All lists merged; sent once.
    Results {
        results: Vec<Fused>,
        outage: bool,
        cached: bool,
    },
    Opened {
        opened: Opened,
        asked_url: String,
        passages: Vec<Chosen>,
        elapsed: Duration,
    },
    Failed {
        url: String,
        code: &'static str,
        elapsed: Duration,
    },
    /// Words alone rank some pages, for this reason; sent once.
    Degraded(String),
    Finished(Finished),
}

/// The end, sent once.
#[derive(Debug)]
pub(crate) struct Finished {
    /// No engine answered.
    pub(crate) outage: Option<SearchOutage>,
    pub(crate) reports: Vec<Report>,
    /// The chosen passages of all pages, best first, spread over the pages.
    pub(crate) ranking: Vec<Ranked>,
}

/// Looks for passages. Dropping the stream gives up what is under way.
pub(crate) fn find(search: &Search, wanted: Wanted) -> impl Stream<Item = Event> + Send + use<> {
    let mut hunt = Hunt::new(search, wanted);
    stream! {
        hunt.start();
        loop {
            while let Some(event) = hunt.events.pop_front() {
                yield event;
            }
            if hunt.is_over() {
                break;
            }
            hunt.step().await;
        }
        hunt.tell_results();
        let end = hunt.finished();
        hunt.events.push_back(end);
        while let Some(event) = hunt.events.pop_front() {
            yield event;
        }
    }
}

/// A page that was tried.
struct Attempt {
    number: usize,
    url: String,
    outcome: Result<Opened, OpenError>,
    /// How near its passages are to the question, or why nobody knows; nothing without a model.
    nearness: Nearness,
    elapsed: Duration,
}

/// A page under way.
struct Busy {
    given: bool,
    /// From then on it counts as slow.
    slow_at: Instant,
}

struct Hunt {
    pages: Pages,
    meaning: Option<Question>,
    wanted: Wanted,
    search: BoxStream<'static, Report>,
    searching: bool,
    gathered: Gathered,
    told: bool,
    leads: Leads,
    settle_at: Option<Instant>,
    deadline: Instant,
    attempts: FuturesUnordered<BoxFuture<'static, Attempt>>,
    busy: HashMap<usize, Busy>,
    tried: usize,
    opened: usize,
    ranking: Ranking,
    degraded: bool,
    events: VecDeque<Event>,
}

impl Hunt {
    fn new(search: &Search, mut wanted: Wanted) -> Self {
        wanted.asked.within = wanted.within.mul_f32(ENGINES_SHARE);
        let filters = wanted.asked.queries.first().cloned().unwrap_or_else(|| Query::new(""));
        let deadline = Instant::now() + wanted.within;
        let opened = wanted.pages + wanted.urls.len();
        let vectors = search.vectors.as_ref();
        Self {
            meaning: vectors.and_then(|vectors| vectors.question(&wanted.question, opened, deadline)),
            search: search.web.search(&wanted.asked),
            searching: true,
            gathered: Gathered::new(filters),
            told: wanted.asked.queries.is_empty(),
            leads: Leads::new(&wanted.exclude_urls),
            settle_at: None,
            deadline,
            attempts: FuturesUnordered::new(),
            busy: HashMap::new(),
            tried: 0,
            opened: 0,
            ranking: Ranking::new(&wanted.question, wanted.passages),
            degraded: false,
            events: VecDeque::new(),
            pages: search.pages.clone(),
            wanted,
        }
    }

    fn start(&mut self) {
        for url in std::mem::take(&mut self.wanted.urls) {
            if self.leads.claim(&url) {
                self.wanted.pages += 1;
                self.open(url, true);
            }
        }
    }

    fn is_over(&self) -> bool {
        if Instant::now() >= self.deadline {
            return true;
        }
        if self.opened >= self.wanted.pages && !self.busy.values().any(|busy| busy.given) {
            return true;
        }
        !self.searching && self.busy.is_empty()
    }

    /// Waits for whatever happens first.
    async fn step(&mut self) {
        let wake = self.wake();
        tokio::select! {
            biased;
            report = self.search.next(), if self.searching => self.hear(report),
            Some(attempt) = self.attempts.next(), if !self.attempts.is_empty() => self.settle(attempt),
            () = sleep_until(wake) => {}
        }
        self.open_leads();
    }

    /// When the next decision is due although nothing happens.
    fn wake(&self) -> Instant {
        let now = Instant::now();
        let slow = self.busy.values().map(|busy| busy.slow_at);
        let due = slow.chain(self.settle_at).filter(|at| *at > now).min();
        due.map_or(self.deadline, |at| at.min(self.deadline))
    }

    fn hear(&mut self, report: Option<Report>) {
        let Some(report) = report else {
            self.searching = false;
            self.tell_results();
            return;
        };
        if report.outcome.as_ref().is_ok_and(|hits| !hits.is_empty()) && self.settle_at.is_none() {
            self.settle_at = Some(Instant::now() + SETTLE);
        }
        self.events.push_back(Event::Engine(report.clone()));
        self.gathered.add(report);
        self.leads.renew(self.gathered.results());
    }

    fn tell_results(&mut self) {
        if !self.told {
            self.told = true;
            let (results, outage, cached) =
                (self.gathered.results(), self.gathered.outage().is_some(), self.gathered.cached);
            self.events.push_back(Event::Results { results, outage, cached });
        }
    }

    fn settle(&mut self, attempt: Attempt) {
        self.busy.remove(&attempt.number);
        let Attempt { url, outcome, nearness, elapsed, .. } = attempt;
        let opened = match outcome {
            // Two addresses may lead to one page.
            Ok(opened) if self.ranking.holds(&opened.page) => return,
            Ok(opened) => opened,
            Err(error) => {
                self.events.push_back(Event::Failed { url, code: error.code(), elapsed });
                return;
            }
        };
        self.opened += 1;
        let nearness = nearness.unwrap_or_else(|reason| {
            if !self.degraded {
                self.degraded = true;
                self.events.push_back(Event::Degraded(reason));
            }
            Vec::new()
        });
        let passages = self.ranking.add(Arc::clone(&opened.page), nearness);
        self.events.push_back(Event::Opened { opened, asked_url: url, passages, elapsed });
    }

    /// Fills the places of pages that failed, of slow ones, and those still free.
    fn open_leads(&mut self) {
        let now = Instant::now();
        let settled = !self.searching || self.settle_at.is_some_and(|at| at <= now);
        let lists =
            self.gathered.reports.iter().filter(|report| report.outcome.as_ref().is_ok_and(|hits| !hits.is_empty()));
        let places = if settled { self.wanted.pages } else { self.wanted.pages.min(EARLY * lists.count()) };
        let mut awaited = self.busy.values().filter(|busy| busy.slow_at > now).count();
        while self.opened + awaited < places && self.tried < TRIES * self.wanted.pages {
            let Some(url) = self.leads.next() else { return };
            self.open(url, false);
            awaited += 1;
        }
    }

    fn open(&mut self, url: String, given: bool) {
        let (number, started) = (self.tried, Instant::now());
        self.tried += 1;
        self.busy.insert(number, Busy { given, slow_at: started + self.wanted.within.mul_f32(SLOW_SHARE) });
        let (pages, who, deadline) = (self.pages.clone(), Arc::clone(&self.wanted.asked.who), self.deadline);
        let meaning = self.meaning.clone();
        self.attempts.push(Box::pin(async move {
            let opening = pages.open(&who, &url, deadline);
            let (outcome, nearness) = match &meaning {
                Some(meaning) => meaning.compared(opening).await,
                None => (opening.await, Ok(Vec::new())),
            };
            Attempt { number, url, outcome, nearness, elapsed: started.elapsed() }
        }));
    }

    fn finished(&mut self) -> Event {
        Event::Finished(Finished {
            outage: self.gathered.outage().filter(|_| !self.wanted.asked.queries.is_empty()),
            reports: std::mem::take(&mut self.gathered.reports),
            ranking: self.ranking.finish(),
        })
    }
}
