//! All engines together, with stub engines that answer when they are told to.

use std::{
    collections::VecDeque,
    future::{Future, pending},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use search_svc::engines::{
    Engine, EngineError, EngineReport, EngineResults, EngineStatus, Engines, EnginesConfig, Hit, Pace, Query,
    SearchKind, SearchOutage,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use super::TestClock;

/// Longer than any test takes on any machine.
const PATIENT: Duration = Duration::from_secs(60);
/// A deadline that a test wants to run out.
const SHORT: Duration = Duration::from_millis(150);

/// What a stub does when asked.
enum Step {
    Now(Result<EngineResults, EngineError>),
    /// After [`Stub::open`].
    Told(Result<EngineResults, EngineError>),
    Never,
}

/// An engine that follows a script, and then keeps finding nothing.
struct Stub {
    name: &'static str,
    script: Mutex<VecDeque<Step>>,
    pace: Option<Pace>,
    gate: Semaphore,
    calls: AtomicUsize,
    given_up: Arc<AtomicUsize>,
}

/// Counts a request that is dropped before its answer.
struct Watch {
    given_up: Arc<AtomicUsize>,
    answered: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.answered {
            self.given_up.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Stub {
    fn new(name: &'static str, script: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Self::paced(name, None, script)
    }

    fn paced(name: &'static str, pace: Option<Pace>, script: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self {
            name,
            script: Mutex::new(script.into_iter().collect()),
            pace,
            gate: Semaphore::new(0),
            calls: AtomicUsize::new(0),
            given_up: Arc::default(),
        })
    }

    /// Lets one request that waits to be told answer.
    fn open(&self) {
        self.gate.add_permits(1);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn given_up(&self) -> usize {
        self.given_up.load(Ordering::SeqCst)
    }
}

#[async_trait::async_trait]
impl Engine for Stub {
    fn name(&self) -> &'static str {
        self.name
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind != SearchKind::News
    }

    fn sites(&self) -> &[&str] {
        if self.name == "wikipedia" { &["wikipedia.org"] } else { &[] }
    }

    fn pace(&self) -> Option<Pace> {
        self.pace
    }

    async fn search(&self, _query: &Query) -> Result<EngineResults, EngineError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut watch = Watch { given_up: Arc::clone(&self.given_up), answered: false };
        let step = self.script.lock().unwrap().pop_front();
        let answer = match step {
            None => Ok(EngineResults::default()),
            Some(Step::Now(answer)) => answer,
            Some(Step::Told(answer)) => {
                self.gate.acquire().await.unwrap().forget();
                answer
            }
            Some(Step::Never) => pending().await,
        };
        watch.answered = true;
        answer
    }
}

/// Polls `future` while waiting for `condition`; the future must not end before.
async fn until(condition: impl Fn() -> bool, future: impl Future) {
    let met = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = met => {}
        _ = future => panic!("ended before the condition was met"),
        () = tokio::time::sleep(PATIENT) => panic!("the condition was never met"),
    }
}

fn finds(engine: &'static str, count: usize) -> Result<EngineResults, EngineError> {
    let hit = |rank: usize| Hit {
        url: format!("https://{engine}.org/{rank}"),
        title: String::new(),
        snippet: String::new(),
        published_at: None,
        engine,
        rank,
    };
    Ok(EngineResults { hits: (1..=count).map(hit).collect(), ..EngineResults::default() })
}

fn now_finds(engine: &'static str, count: usize) -> Step {
    Step::Now(finds(engine, count))
}

fn fails(error: EngineError) -> Step {
    Step::Now(Err(error))
}

/// A set that hedges after [`SHORT`].
fn set(primary: Option<&Arc<Stub>>, keyless: &[&Arc<Stub>], clock: &TestClock) -> Engines {
    let upcast = |stub: &Arc<Stub>| Arc::clone(stub) as Arc<dyn Engine>;
    let keyless = keyless.iter().map(|stub| upcast(stub)).collect();
    let config = EnginesConfig { engine_timeout: PATIENT, hedge_after: SHORT, min_hits: 3 };
    Engines::new(primary.map(upcast), keyless, config, &clock.clock())
}

async fn reports(engines: &Engines, deadline: Duration) -> Vec<EngineReport> {
    engines.search(Query::new("q"), deadline).collect().await
}

fn outcomes(reports: &[EngineReport]) -> Vec<(&str, Result<usize, &str>)> {
    let outcome = |report: &EngineReport| match &report.outcome {
        Ok(found) => Ok(found.hits.len()),
        Err(error) => Err(error.code()),
    };
    reports.iter().map(|report| (report.engine, outcome(report))).collect()
}

async fn code(engines: &Engines) -> Result<usize, &'static str> {
    let report = reports(engines, PATIENT).await.pop().unwrap();
    report.outcome.map(|found| found.hits.len()).map_err(|error| error.code())
}

#[tokio::test]
async fn answers_come_as_they_arrive_and_a_straggler_is_not_awaited() {
    let fast = Stub::new("fast", [now_finds("fast", 2)]);
    let late = Stub::new("late", [Step::Never]);
    let engines = set(None, &[&late, &fast], &TestClock::new());

    let mut stream = pin!(engines.search(Query::new("q"), SHORT));
    assert_eq!(outcomes(&[stream.next().await.unwrap()]), [("fast", Ok(2))]);
    let rest: Vec<_> = timeout(PATIENT, stream.collect()).await.unwrap();
    assert_eq!(outcomes(&rest), [("late", Err("timeout"))]);

    until(|| late.given_up() == 1, pending::<()>()).await;
    assert_eq!(engines.health()[0].last_error, Some("timeout"));
}

#[tokio::test]
async fn the_first_choice_is_asked_alone_when_it_finds_enough() {
    let (first, other) = (Stub::new("searxng", [now_finds("searxng", 5)]), Stub::new("other", []));
    let engines = set(Some(&first), &[&other], &TestClock::new());
    assert_eq!(outcomes(&reports(&engines, PATIENT).await), [("searxng", Ok(5))]);
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn the_others_start_when_the_first_choice_fails_or_finds_too_little() {
    for (step, expected) in [(fails(EngineError::Unreachable), Err("unreachable")), (now_finds("searxng", 1), Ok(1))] {
        let (first, other) = (Stub::new("searxng", [step]), Stub::new("other", [now_finds("other", 4)]));
        let engines = set(Some(&first), &[&other], &TestClock::new());
        assert_eq!(outcomes(&reports(&engines, PATIENT).await), [("searxng", expected), ("other", Ok(4))]);
    }
}

#[tokio::test]
async fn the_others_start_when_the_first_choice_dawdles() {
    let first = Stub::new("searxng", [Step::Told(finds("searxng", 9))]);
    let other = Stub::new("other", [now_finds("other", 4)]);
    let engines = set(Some(&first), &[&other], &TestClock::new());
    let mut stream = pin!(engines.search(Query::new("q"), PATIENT));
    assert_eq!(outcomes(&[stream.next().await.unwrap()]), [("other", Ok(4))]);
    first.open();
    assert_eq!(outcomes(&[stream.next().await.unwrap()]), [("searxng", Ok(9))]);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn all_failed_is_an_outage_and_nothing_found_is_not() {
    let broken = Stub::new("broken", [fails(EngineError::Unauthorized), fails(EngineError::Unauthorized)]);
    let hangs = Stub::new("hangs", [Step::Never]);
    let engines = set(Some(&broken), &[&hangs], &TestClock::new());
    let outage = engines.collect(Query::new("q"), SHORT).await.unwrap_err();
    assert_eq!(outage, SearchOutage { failures: vec![("broken", "unauthorized"), ("hangs", "timeout")] });
    assert_eq!(outage.to_string(), "all search engines failed: broken unauthorized, hangs timeout");

    let empty = Stub::new("empty", []);
    let engines = set(Some(&broken), &[&empty], &TestClock::new());
    let outcome = engines.collect(Query::new("q"), PATIENT).await.unwrap();
    assert_eq!((outcome.hits.len(), outcome.failures), (0, vec![("broken", "unauthorized")]));

    let nobody = engines.collect(Query::new("q").kind(SearchKind::News), PATIENT).await.unwrap_err();
    assert_eq!(nobody.to_string(), "no search engine serves this query");
}

#[tokio::test]
async fn engines_whose_sites_a_query_excludes_are_not_asked() {
    let (wikipedia, other) = (Stub::new("wikipedia", []), Stub::new("other", []));
    let engines = set(None, &[&wikipedia, &other], &TestClock::new());
    for (domain, calls) in [("example.org", 0), ("ru.wikipedia.org", 1), ("wikipedia.org", 2)] {
        let query = Query { domains: vec![domain.to_owned()], ..Query::new("q") };
        engines.collect(query, PATIENT).await.unwrap();
        assert_eq!(wikipedia.calls(), calls, "{domain}");
    }
    assert_eq!(other.calls(), 3);
}

#[tokio::test]
async fn equal_queries_at_the_same_time_are_sent_once() {
    let stub = Stub::new("stub", [Step::Told(finds("stub", 3)), now_finds("stub", 1)]);
    let engines = set(None, &[&stub], &TestClock::new());
    let ask = |engines: &Engines| Box::pin(engines.search(Query::new("q"), PATIENT));
    let streams = [ask(&engines), ask(&engines), ask(&engines.clone())];
    stub.open();
    for stream in streams {
        assert_eq!(outcomes(&stream.collect::<Vec<_>>().await), [("stub", Ok(3))]);
    }
    assert_eq!(stub.calls(), 1);

    assert_eq!(code(&engines).await, Ok(1));
    assert_eq!((stub.calls(), engines.health()[0].requests), (2, 2));
}

#[tokio::test]
async fn a_request_is_given_up_when_the_last_one_waiting_goes_away() {
    let stub = Stub::new("stub", [Step::Never]);
    let engines = set(None, &[&stub], &TestClock::new());
    let ask = || Box::pin(engines.search(Query::new("q"), PATIENT));
    let (one, mut two) = (ask(), ask());
    until(|| stub.calls() == 1, two.next()).await;
    drop(one);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stub.given_up(), 0);
    drop(two);
    until(|| stub.given_up() == 1, pending::<()>()).await;
    assert_eq!((stub.calls(), engines.health()[0].status), (1, EngineStatus::Unknown));
}

#[tokio::test]
async fn the_breaker_opens_lets_one_probe_through_and_closes() {
    let clock = TestClock::new();
    let broken = || EngineError::Upstream { status: 500 };
    let probe = Step::Told(Err(broken()));
    let stub = Stub::new("stub", [fails(broken()), fails(broken()), fails(broken()), probe, now_finds("stub", 2)]);
    let engines = set(None, &[&stub], &clock);
    for _ in 0..3 {
        assert_eq!(code(&engines).await, Err("upstream"));
    }
    assert_eq!(engines.health()[0].status, EngineStatus::Suspended);
    assert_eq!((code(&engines).await, stub.calls()), (Err("suspended"), 3));

    // Half open after five seconds: one request is let through; it fails, and the pause doubles.
    clock.forward(5);
    assert_eq!(engines.health()[0].status, EngineStatus::Failing);
    let mut probe = Box::pin(code(&engines));
    until(|| stub.calls() == 4, &mut probe).await;
    let refused = engines.collect(Query::new("other"), PATIENT).await.unwrap_err();
    assert_eq!(refused.failures, [("stub", "suspended")]);
    stub.open();
    assert_eq!(probe.await, Err("upstream"));
    clock.forward(9);
    assert_eq!((code(&engines).await, stub.calls()), (Err("suspended"), 4));

    clock.forward(1);
    assert_eq!(code(&engines).await, Ok(2));
    let health = engines.health().remove(0);
    assert_eq!((health.status, health.requests, health.failures), (EngineStatus::Up, 5, 4));
    assert_eq!((health.suspended_until, health.last_error), (None, Some("upstream")));
}

#[tokio::test]
async fn a_probe_given_up_leaves_room_for_the_next() {
    let clock = TestClock::new();
    let stub = Stub::new("stub", [fails(EngineError::Captcha), Step::Never, now_finds("stub", 2)]);
    let engines = set(None, &[&stub], &clock);
    assert_eq!(code(&engines).await, Err("captcha"));
    clock.forward(3600);
    until(|| stub.calls() == 2, code(&engines)).await;
    until(|| stub.given_up() == 1, pending::<()>()).await;
    assert_eq!(code(&engines).await, Ok(2));
}

#[tokio::test]
async fn each_kind_of_failure_has_its_own_suspension() {
    let limited = |retry_after| EngineError::RateLimited { retry_after, advice: None };
    for (error, seconds) in [
        (EngineError::Captcha, Some(3600)),
        (limited(None), Some(180)),
        (limited(Some(Duration::from_secs(42))), Some(42)),
        (limited(Some(Duration::from_secs(u64::MAX))), Some(24 * 3600)),
        (EngineError::Timeout, None),
        (EngineError::BadQuery { status: 400 }, None),
    ] {
        let clock = TestClock::new();
        let stub = Stub::new("stub", [fails(error.clone())]);
        let engines = set(None, &[&stub], &clock);
        assert_eq!(code(&engines).await, Err(error.code()));
        let until = engines.health()[0].suspended_until;
        let now = clock.clock()();
        assert_eq!(until.map(|until| (until - now).num_seconds()), seconds, "{error}");
        let ill = error.code() != "bad_query";
        assert_eq!(engines.health()[0].failures, u64::from(ill), "{error}");
    }
}

#[tokio::test]
async fn a_pause_asked_for_beside_an_answer_is_kept() {
    let clock = TestClock::new();
    let found = EngineResults { pause: Some(Duration::from_secs(10)), ..finds("stub", 1).unwrap() };
    let stub = Stub::new("stub", [Step::Now(Ok(found))]);
    let engines = set(None, &[&stub], &clock);
    assert_eq!(code(&engines).await, Ok(1));
    assert_eq!(code(&engines).await, Err("suspended"));
    clock.forward(10);
    assert_eq!(code(&engines).await, Ok(0));
    assert_eq!(engines.health()[0].failures, 0);
}

#[tokio::test]
async fn an_upstreams_pace_is_kept_by_waiting_or_by_not_asking() {
    let every = Duration::from_millis(60);
    let stub = Stub::paced("stub", Some(Pace { burst: 1, every }), []);
    let engines = set(None, &[&stub], &TestClock::new());
    let started = Instant::now();
    assert_eq!((code(&engines).await, code(&engines).await), (Ok(0), Ok(0)));
    assert!(started.elapsed() >= every, "the second waits its turn");

    let stub = Stub::paced("stub", Some(Pace { burst: 2, every: Duration::from_secs(3600) }), []);
    let engines = set(None, &[&stub], &TestClock::new());
    assert_eq!((code(&engines).await, code(&engines).await, code(&engines).await), (Ok(0), Ok(0), Err("paced")));
    assert_eq!((stub.calls(), engines.health()[0].failures), (2, 0));
}
