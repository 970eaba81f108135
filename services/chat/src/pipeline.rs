//! From question to answer: understand → research → rank → write and verify → related.

mod context;
mod extract;
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

/// How a run ended, when it ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    Complete,
    /// With the reason, e.g. a spent budget.
    Partial(String),
    Cancelled,
}

/// Works a run to its end. What an earlier process had logged is not done again.
pub(crate) async fn run(context: &Context) -> Result<Ended, Failure> {
    let turns = context.turns().await;
    let mut understanding = understand::at_a_glance(&context.job.ask, &turns);
    if !context.is_researched() {
        research::run(context, &mut understanding, &turns).await?;
    }
    let sources = context.sources();
    let writing = write::run(context, &understanding, &turns, &sources);
    let (ended, questions) = related::beside(context, &understanding, &sources, writing).await;
    let ended = ended?;
    context.emit(Event::Related { questions });
    context.emit(Event::Usage(context.usage()));
    Ok(ended)
}

/// A step as it starts.
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
