//! Fake upstreams on loopback: a search engine with ten results per query, a web site, and a model that streams 100
//! tokens. The results of each question are registered before it is asked.

pub(crate) mod embeddings;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{Behaviour, FakeOpenAi, FakeSearxng, FakeWeb, Kind, Script, Step};

/// Pages that are requested repeatedly.
pub(crate) const POOL_PAGES: u64 = 2_000;
/// Pages an answer opens in the measured modes.
pub(crate) const PAGES_PER_ANSWER: u64 = 5;
const RESULTS: u64 = 10;

/// Response times of the upstreams.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Delays {
    pub(crate) search: Duration,
    pub(crate) page: Duration,
    pub(crate) first_token: Duration,
    pub(crate) between_tokens: Duration,
}

/// Which pages a question finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Unused pages of the pool, as long as there are some.
    Pool,
    /// Of every ten opened, nine from the pool and a new one.
    MostlyPool,
    /// Only pages that have never been requested.
    New,
}

/// A search engine, a web site and a model.
#[derive(Debug)]
pub(crate) struct Upstreams {
    web: FakeWeb,
    search: FakeSearxng,
    model: FakeOpenAi,
    question_count: AtomicU64,
    /// The first page that has never been requested.
    next_new: AtomicU64,
}

impl Upstreams {
    pub(crate) async fn start(delays: Delays) -> Self {
        let web = FakeWeb::start().await;
        let search = FakeSearxng::start(&web.url()).await;
        let Delays { first_token, between_tokens, .. } = delays;
        let script = Script { first_token, between_tokens, answer: Some(answer()), ..Script::default() };
        let upstreams = Self {
            web,
            search,
            model: FakeOpenAi::start(script).await,
            question_count: AtomicU64::new(0),
            next_new: AtomicU64::new(POOL_PAGES),
        };
        upstreams.delay(delays);
        upstreams
    }

    /// Sets the delays of searches and pages; those of the model stay.
    pub(crate) fn delay(&self, delays: Delays) {
        self.web.set_delay(delays.page);
        self.search.set_delay(delays.search);
    }

    /// The variables that configure `gooseek` to use these upstreams, without query cache. All pages are on one host that
    /// stands for many, so the limits per host are lifted.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = self.model_variables();
        variables.extend([
            ("SEARXNG_URL", self.search.url()),
            ("SEARCH_ENGINES", "none".to_owned()),
            ("SEARCH_CACHE_TTL", "0s".to_owned()),
            ("FETCH_ALLOW_CIDRS", "127.0.0.0/8".to_owned()),
            ("FETCH_PER_HOST", "4096".to_owned()),
        ]);
        variables
    }

    fn model_variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LLM_PROVIDER", "openai".to_owned()),
            ("OPENAI_BASE_URL", self.model.url()),
            ("CHAT_MODEL", "chat-model".to_owned()),
        ]
    }

    /// The base address of the model.
    pub(crate) fn model_url(&self) -> String {
        self.model.url()
    }

    /// A new question whose results are registered with the search engine.
    ///
    /// It has words that are on no page, so that the local index of pages already read finds nothing: it is searched
    /// beside SearXNG and would return other pages than the engine.
    pub(crate) fn question(&self, pages: Pages) -> String {
        let number = self.question_count.fetch_add(1, Relaxed);
        let found = self.pages(number, pages);
        let question = format!("Which architect surveyed {} before work was finished", FakeWeb::subject(found[0]));
        self.search.set_results(&question, found.into_iter().map(|page| self.result(page)).collect());
        question
    }

    fn pages(&self, number: u64, pages: Pages) -> Vec<u64> {
        let first = number * PAGES_PER_ANSWER;
        match pages {
            Pages::New => {
                let first = self.next_new.fetch_add(RESULTS, Relaxed);
                (first..first + RESULTS).collect()
            }
            Pages::Pool => (first..first + RESULTS).map(|page| page % POOL_PAGES).collect(),
            Pages::MostlyPool => {
                let mut found: Vec<u64> = (0..RESULTS).map(|rank| (number * 37 + rank * 211) % POOL_PAGES).collect();
                // Every second question opens one new page and four known ones.
                if number.is_multiple_of(2) {
                    found[0] = self.next_new.fetch_add(1, Relaxed);
                }
                found
            }
        }
    }

    fn result(&self, page: u64) -> Value {
        json!({"url": self.web.page(page), "title": FakeWeb::title(page), "content": FakeWeb::fact(page),
            "engine": "google", "engines": ["google"], "publishedDate": null})
    }

    /// Number of page requests.
    pub(crate) fn fetched(&self) -> u64 {
        self.web.opened().values().sum()
    }

    /// Makes the next `count` answers of the model stall after their first word, with the stream open.
    pub(crate) fn stall(&self, count: usize) {
        for _ in 0..count {
            self.model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("Hold "), Step::Stall]));
        }
    }

    /// Waits until the model holds `count` streams open.
    pub(crate) async fn wait_for_open_streams(&self, count: usize) {
        self.model.wait_for_open_streams(count).await;
    }
}

/// A hundred tokens, one word each, in ten sentences that cite the five sources by turns.
fn answer() -> String {
    let sentence = |n: u64| format!("The work was finished and rises above the square [{}].", n % PAGES_PER_ANSWER + 1);
    (0..10).map(sentence).collect::<Vec<_>>().join(" ")
}
