//! From question to answer: understand → research → rank → write and verify → related.

mod context;
mod extract;
mod judge;
mod output;
mod prompt;
mod rank;
mod related;
mod research;
mod understand;
mod write;

pub(crate) use context::{Context, Progress};

use crate::{
    api::Failure,
    event::{Event, Step},
};

/// How a run ended without a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunOutcome {
    Complete,
    /// With the reason, e.g. a spent budget.
    Partial(String),
    Cancelled,
}

/// Works on a run to its end. What an earlier process has logged is not repeated.
pub(crate) async fn run(context: &Context) -> Result<RunOutcome, Failure> {
    let turns = context.turns().await;
    let mut understanding =
        understand::without_model(&context.run_request.ask, &turns, context.clock.now().date_naive());
    if !context.is_researched() {
        research::run(context, &mut understanding, &turns).await?;
    }
    let sources = context.sources();
    let writing = async {
        match context.written() {
            Some(outcome) => Ok(outcome),
            None => write::run(context, &understanding, &turns, &sources).await,
        }
    };
    let (outcome, questions) = related::run_beside(context, &understanding, &sources, writing).await;
    let outcome = outcome?;
    context.emit(Event::Related { questions });
    context.emit(Event::Usage(context.usage()));
    Ok(outcome)
}

/// Emits the start of a step.
fn started(context: &Context, kind: &str, title: impl Into<String>) -> Step {
    let step = Step {
        id: context.next_step(),
        kind: kind.to_owned(),
        status: "started".to_owned(),
        title: title.into(),
        ..Step::default()
    };
    context.emit(Event::Step(step.clone()));
    step
}
