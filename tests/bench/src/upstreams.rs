//! The outside world on loopback: a search engine with ten results a query, a web site, and a model that streams 100
//! tokens. Each question is told beforehand which pages the engine finds for it.

pub(crate) mod embeddings;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{Behaviour, FakeOpenAi, FakeSearxng, FakeWeb, Kind, Script, Step};

/// Pages that are asked for again and again.
pub(crate) const POOL: u64 = 2_000;
/// Pages a question opens in the modes that are measured.
pub(crate) const OPENED: u64 = 5;
const RESULTS: u64 = 10;

/// How long the outside world takes.
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
    /// Pages of the pool that no question has found before, while there are some.
    Pool,
    /// Of every ten opened, nine from the pool and one that nobody has asked for before.
    MostlyPool,
    /// Nobody has asked for any of them before.
    New,
}

/// A search engine, a web site and a model.
#[derive(Debug)]
pub(crate) struct Upstreams {
    web: FakeWeb,
    search: FakeSearxng,
    model: FakeOpenAi,
    asked: AtomicU64,
    /// The first page that nobody has asked for.
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
            asked: AtomicU64::new(0),
            next_new: AtomicU64::new(POOL),
        };
        upstreams.delay(delays);
        upstreams
    }

    /// How long searches and pages take from now on; the model keeps its pace.
    pub(crate) fn delay(&self, delays: Delays) {
        self.web.set_delay(delays.page);
        self.search.set_delay(delays.search);
    }

    /// The variables that point `gooseek` here, with the query cache off. All pages are on one host, which stands for
    /// many: the limits that spare a single host are lifted.
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

    /// A question nobody has asked, whose results are known to the engine.
    ///
    /// It holds words that no page has: too few are left for the index of pages already read, which would be asked
    /// beside SearXNG for the sake of the loopback pages alone, to find other pages than the engine.
    pub(crate) fn question(&self, pages: Pages) -> String {
        let number = self.asked.fetch_add(1, Relaxed);
        let found = self.pages(number, pages);
        let question = format!("Which architect surveyed {} before work was finished", FakeWeb::subject(found[0]));
        self.search.set_results(&question, found.into_iter().map(|page| self.result(page)).collect());
        question
    }

    fn pages(&self, number: u64, pages: Pages) -> Vec<u64> {
        let first = number * OPENED;
        match pages {
            Pages::New => {
                let first = self.next_new.fetch_add(RESULTS, Relaxed);
                (first..first + RESULTS).collect()
            }
            Pages::Pool => (first..first + RESULTS).map(|page| page % POOL).collect(),
            Pages::MostlyPool => {
                let mut found: Vec<u64> = (0..RESULTS).map(|place| (number * 37 + place * 211) % POOL).collect();
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

    /// How many pages were asked of the site.
    pub(crate) fn fetched(&self) -> u64 {
        self.web.opened().values().sum()
    }

    /// The next `count` answers of the model stop after their first word and stay open.
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
    let sentence = |n: u64| format!("The work was finished and rises above the square [{}].", n % OPENED + 1);
    (0..10).map(sentence).collect::<Vec<_>>().join(" ")
}
