//! What a run has at hand, and how far it has come.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use access::Caller;
use base::time::Clock;
use db::Db;
use llm::Model;
use server::Deps;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    api::{Answer, Budget, Citation, Cost, Source, SourceKind, Usage},
    callees::Callees,
    event::Event,
    log::{Log, Op, Tail},
    mode::Effort,
    runs::Job,
    store::{self, Turn},
};

/// Earlier turns a follow-up question is understood with.
const TURNS: i64 = 4;

/// What has been sent so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) answer: String,
    pub(crate) sources: Vec<Source>,
    pub(crate) citations: Vec<Citation>,
    pub(crate) degraded: Vec<String>,
    researched: bool,
    model: llm::Usage,
    searches: u32,
    pages: u32,
}

impl Progress {
    /// How far an earlier process had come.
    pub(crate) fn of(before: &Answer) -> Self {
        Self {
            answer: before.answer.clone(),
            sources: before.sources.clone(),
            citations: before.citations.clone(),
            degraded: before.degraded.clone(),
            researched: before.researched,
            ..Self::default()
        }
    }
}

/// One run being worked on.
pub(crate) struct Context {
    pub(crate) job: Job,
    pub(crate) who: Caller,
    pub(crate) callees: Callees,
    pub(crate) model: Option<Model>,
    pub(crate) clock: Clock,
    pub(crate) effort: Effort,
    /// The budget's seconds end here.
    pub(crate) deadline: Instant,
    budget: Budget,
    cost_limit: Option<i64>,
    db: Db,
    log: Log,
    tail: Arc<Tail>,
    thread_id: Uuid,
    began: Instant,
    steps: AtomicU32,
    progress: Mutex<Progress>,
    /// Cancelled when the answer has its first text.
    begun: CancellationToken,
}

impl Context {
    #[expect(clippy::too_many_arguments, reason = "called once, by the supervisor that has them all")]
    pub(crate) fn new(
        deps: &Deps,
        callees: Callees,
        model: Option<Model>,
        log: Log,
        job: &Job,
        who: &Caller,
        tail: Arc<Tail>,
        thread_id: Uuid,
        before: Option<&Answer>,
    ) -> Self {
        let mut effort = job.ask.mode.effort();
        let request = &job.ask.budget;
        effort.seconds = request.seconds.unwrap_or(effort.seconds);
        effort.tokens = request.tokens.unwrap_or(effort.tokens);
        let budget = Budget { seconds: effort.seconds, tokens: effort.tokens, cost: request.cost.clone() };
        let began = Instant::now();
        let last_step = before.map_or(0, |before| before.last_step);
        let progress = before.map(Progress::of).unwrap_or_default();
        let begun = CancellationToken::new();
        if !progress.answer.is_empty() {
            begun.cancel();
        }
        Self {
            who: who.clone(),
            callees,
            clock: deps.clock.clone(),
            db: deps.db.clone(),
            model,
            effort,
            deadline: began + Duration::from_secs(effort.seconds.into()),
            cost_limit: request.cost.as_deref().and_then(|cost| llm::parse_micros(cost).ok()),
            budget,
            log,
            job: job.clone(),
            tail,
            thread_id,
            began,
            steps: AtomicU32::new(last_step),
            progress: Mutex::new(progress),
            begun,
        }
    }

    /// Logs an event; it is sent after its commit.
    pub(crate) fn emit(&self, event: Event) {
        match &event {
            Event::Sources { sources } => self.lock().sources.clone_from(sources),
            Event::Citation(citation) => self.lock().citations.push(citation.clone()),
            _ => {}
        }
        self.log.append(&self.tail, Op::Event(event), false);
    }

    /// Logs a piece of the answer. The first goes out at once: it is what a person waits for.
    pub(crate) fn say(&self, mut text: String) {
        // Postgres keeps no NUL, and no reader sees one.
        text.retain(|c| c != '\0');
        if text.is_empty() {
            return;
        }
        let mut progress = self.lock();
        let first = progress.answer.is_empty();
        progress.answer.push_str(&text);
        drop(progress);
        self.begun.cancel();
        self.log.append(&self.tail, Op::Text(text), first);
    }

    /// Returns when the answer has its first text.
    pub(crate) async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Notes a part the answer goes on without.
    pub(crate) fn degrade(&self, part: &str, reason: impl std::fmt::Display) {
        let note = format!("{part}: {reason}");
        let mut progress = self.lock();
        if !progress.degraded.contains(&note) {
            progress.degraded.push(note);
        }
    }

    pub(crate) fn count_search(&self) {
        self.lock().searches += 1;
    }

    pub(crate) fn count_page(&self) {
        self.lock().pages += 1;
    }

    pub(crate) fn count_model(&self, usage: &llm::Usage) {
        self.lock().model.add(usage);
    }

    /// Which part of the budget is spent, if one is.
    pub(crate) fn spent(&self) -> Option<&'static str> {
        if Instant::now() >= self.deadline {
            return Some("time");
        }
        let progress = self.lock();
        if progress.model.prompt_tokens + progress.model.completion_tokens >= self.effort.tokens {
            return Some("tokens");
        }
        let cost = progress.model.cost.map_or(0, |cost| cost.micros);
        self.cost_limit.is_some_and(|limit| cost >= limit).then_some("cost")
    }

    /// Tokens the budget still has.
    pub(crate) fn tokens_left(&self) -> u64 {
        let progress = self.lock();
        self.effort.tokens.saturating_sub(progress.model.prompt_tokens + progress.model.completion_tokens)
    }

    pub(crate) fn progress(&self) -> Progress {
        self.lock().clone()
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        self.lock().sources.clone()
    }

    /// Whether research is over, in this process or an earlier one.
    pub(crate) fn is_researched(&self) -> bool {
        let progress = self.lock();
        progress.researched || !progress.answer.is_empty()
    }

    pub(crate) fn usage(&self) -> Usage {
        let progress = self.lock();
        let cost = progress.model.cost;
        Usage {
            prompt_tokens: progress.model.prompt_tokens,
            completion_tokens: progress.model.completion_tokens,
            total_tokens: progress.model.prompt_tokens + progress.model.completion_tokens,
            cost: cost.map(|cost| Cost { amount: cost.amount(), currency: cost.currency.as_str().to_owned() }),
            searches: progress.searches,
            pages_opened: progress.pages,
            seconds: (self.began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0,
        }
    }

    pub(crate) fn budget(&self) -> Budget {
        self.budget.clone()
    }

    pub(crate) fn next_step(&self) -> u32 {
        self.steps.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Where this question looks.
    pub(crate) fn looks_in(&self, kind: SourceKind) -> bool {
        match &self.job.ask.sources {
            Some(sources) => sources.contains(&kind),
            None => matches!(kind, SourceKind::Web | SourceKind::Files),
        }
    }

    /// The thread so far, without this question.
    pub(crate) async fn turns(&self) -> Vec<Turn> {
        let turns = async {
            let mut session = self.db.read(&self.who.scope()).await?;
            store::turns(&mut session, self.thread_id, self.tail.id, TURNS).await
        };
        match turns.await {
            Ok(turns) => turns,
            Err(error) => {
                tracing::warn!(%error, "the thread cannot be read");
                self.degrade("thread", "earlier turns could not be read");
                Vec::new()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
