//! Context of a run: its request, limits, log and progress.

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

use super::RunOutcome;

use crate::{
    api::{Answer, Budget, Citation, Cost, Source, SourceKind, Usage},
    callees::Callees,
    event::Event,
    log::{EventBuffer, Log, LogOp},
    mode::ModeLimits,
    runs::RunRequest,
    store::{self, Turn},
};

/// Earlier turns used to understand a follow-up question.
const MAX_TURNS: i64 = 4;

/// What has been logged so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) answer: String,
    pub(crate) sources: Vec<Source>,
    pub(crate) citations: Vec<Citation>,
    pub(crate) degraded: Vec<String>,
    researched: bool,
    written: Option<Option<String>>,
    model: llm::Usage,
    searches: u32,
    pages: u32,
}

impl Progress {
    /// The progress of an earlier process.
    pub(crate) fn of(earlier: &Answer) -> Self {
        Self {
            answer: earlier.answer.clone(),
            sources: earlier.sources.clone(),
            citations: earlier.citations.clone(),
            degraded: earlier.degraded.clone(),
            researched: earlier.researched,
            written: earlier.written.clone(),
            ..Self::default()
        }
    }
}

/// A run that is worked on.
pub(crate) struct Context {
    pub(crate) run_request: RunRequest,
    pub(crate) who: Caller,
    pub(crate) callees: Callees,
    pub(crate) model: Option<Model>,
    pub(crate) clock: Clock,
    pub(crate) limits: ModeLimits,
    /// End of the time budget.
    pub(crate) deadline: Instant,
    budget: Budget,
    cost_limit: Option<i64>,
    db: Db,
    log: Log,
    buffer: Arc<EventBuffer>,
    thread_id: Uuid,
    started_at: Instant,
    steps: AtomicU32,
    progress: Mutex<Progress>,
    /// Cancelled when the answer has its first text.
    first_text: CancellationToken,
}

impl Context {
    #[expect(clippy::too_many_arguments, reason = "called once, by the supervisor that has them all")]
    pub(crate) fn new(
        deps: &Deps,
        callees: Callees,
        model: Option<Model>,
        log: Log,
        run_request: &RunRequest,
        who: &Caller,
        buffer: Arc<EventBuffer>,
        thread_id: Uuid,
        earlier: Option<&Answer>,
    ) -> Self {
        let mut limits = run_request.ask.mode.limits();
        let request = &run_request.ask.budget;
        limits.seconds = request.seconds.unwrap_or(limits.seconds);
        limits.tokens = request.tokens.unwrap_or(limits.tokens);
        let budget = Budget { seconds: limits.seconds, tokens: limits.tokens, cost: request.cost.clone() };
        let started_at = Instant::now();
        let last_step = earlier.map_or(0, |earlier| earlier.last_step);
        let progress = earlier.map(Progress::of).unwrap_or_default();
        let first_text = CancellationToken::new();
        if !progress.answer.is_empty() {
            first_text.cancel();
        }
        Self {
            who: who.clone(),
            callees,
            clock: deps.clock.clone(),
            db: deps.db.clone(),
            model,
            limits,
            deadline: started_at + Duration::from_secs(limits.seconds.into()),
            cost_limit: request.cost.as_deref().and_then(|cost| llm::parse_micros(cost).ok()),
            budget,
            log,
            run_request: run_request.clone(),
            buffer,
            thread_id,
            started_at,
            steps: AtomicU32::new(last_step),
            progress: Mutex::new(progress),
            first_text,
        }
    }

    /// Logs an event; it is sent after its commit.
    pub(crate) fn emit(&self, event: Event) {
        match &event {
            Event::Sources { sources } => self.lock().sources.clone_from(sources),
            Event::Citation(citation) => citation.clone().put_into(&mut self.lock().citations),
            _ => {}
        }
        self.log.append(&self.buffer, LogOp::Event(event), false);
    }

    /// Logs a chunk of the answer. The first one is urgent, because the user waits for it.
    pub(crate) fn append_text(&self, mut text: String) {
        // Postgres rejects NUL, which is invisible anyway.
        text.retain(|c| c != '\0');
        if text.is_empty() {
            return;
        }
        let mut progress = self.lock();
        let first = progress.answer.is_empty();
        progress.answer.push_str(&text);
        drop(progress);
        self.first_text.cancel();
        self.log.append(&self.buffer, LogOp::Text(text), first);
    }

    /// Returns when the answer has its first text.
    pub(crate) async fn first_text_sent(&self) {
        self.first_text.cancelled().await;
    }

    /// Records that a part failed or is missing, and why; the answer continues without it.
    pub(crate) fn degrade(&self, part: &str, reason: impl std::fmt::Display) {
        let note = format!("{part}: {reason}");
        let mut progress = self.lock();
        if !progress.degraded.contains(&note) {
            progress.degraded.push(note);
        }
    }

    /// What the answer has to do without so far.
    pub(crate) fn degraded(&self) -> Vec<String> {
        self.lock().degraded.clone()
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

    /// The budget that is exhausted: `time`, `tokens` or `cost`.
    pub(crate) fn exhausted_budget(&self) -> Option<&'static str> {
        if Instant::now() >= self.deadline {
            return Some("time");
        }
        let progress = self.lock();
        if progress.model.prompt_tokens + progress.model.completion_tokens >= self.limits.tokens {
            return Some("tokens");
        }
        let cost = progress.model.cost.map_or(0, |cost| cost.micros);
        self.cost_limit.is_some_and(|limit| cost >= limit).then_some("cost")
    }

    /// Tokens left in the budget.
    pub(crate) fn tokens_left(&self) -> u64 {
        let progress = self.lock();
        self.limits.tokens.saturating_sub(progress.model.prompt_tokens + progress.model.completion_tokens)
    }

    pub(crate) fn progress(&self) -> Progress {
        self.lock().clone()
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        self.lock().sources.clone()
    }

    /// Whether research is complete, in this process or an earlier one.
    /// How an earlier process ended the text, if it has.
    pub(crate) fn written(&self) -> Option<RunOutcome> {
        let reason = self.lock().written.clone()?;
        Some(reason.map_or(RunOutcome::Complete, RunOutcome::Partial))
    }

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
            seconds: (self.started_at.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0,
        }
    }

    pub(crate) fn budget(&self) -> Budget {
        self.budget.clone()
    }

    pub(crate) fn next_step(&self) -> u32 {
        self.steps.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether the question searches sources of this kind.
    pub(crate) fn searches(&self, kind: SourceKind) -> bool {
        match &self.run_request.ask.sources {
            Some(sources) => sources.contains(&kind),
            None => matches!(kind, SourceKind::Web | SourceKind::Files),
        }
    }

    /// The earlier turns of the thread.
    pub(crate) async fn turns(&self) -> Vec<Turn> {
        let turns = async {
            let mut session = self.db.read(&self.who.scope()).await?;
            store::turns(&mut session, self.thread_id, self.buffer.id, MAX_TURNS).await
        };
        match turns.await {
            Ok(turns) => turns,
            Err(error) => {
                tracing::warn!(%error, "failed to read thread; question is answered without earlier turns");
                self.degrade("thread", "earlier turns could not be read");
                Vec::new()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
