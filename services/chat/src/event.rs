//! Events of a run, as stored in the log and sent to clients; see `docs/run-events.md`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::{Answer, Budget, Citation, Failure, ProjectRef, Source, Usage};

/// The status of an answer that is not finished.
pub(crate) const RUNNING: &str = "running";

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    Run(RunStarted),
    Plan(Plan),
    Step(Step),
    Sources { sources: Vec<Source> },
    Delta { text: String },
    Citation(Citation),
    Related { questions: Vec<String> },
    Usage(Usage),
    Done(Done),
    Error(Failed),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunStarted {
    pub(crate) run_id: Uuid,
    pub(crate) thread_id: Uuid,
    pub(crate) question: String,
    pub(crate) mode: String,
    pub(crate) project: Option<ProjectRef>,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The question, understandable without the thread.
    pub(crate) question: String,
    pub(crate) language: String,
    pub(crate) intent: String,
    pub(crate) sources: Vec<String>,
    pub(crate) queries: Vec<String>,
    pub(crate) round: u32,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) id: u32,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// Why a text that is written is less than it would have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) degraded: Vec<String>,
    pub(crate) budget: Budget,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Failed {
    #[serde(flatten)]
    pub(crate) failure: Failure,
    pub(crate) degraded: Vec<String>,
}

impl Event {
    /// The name in the log and on the wire.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Plan(_) => "plan",
            Self::Step(_) => "step",
            Self::Sources { .. } => "sources",
            Self::Delta { .. } => "delta",
            Self::Citation(_) => "citation",
            Self::Related { .. } => "related",
            Self::Usage(_) => "usage",
            Self::Done(_) => "done",
            Self::Error(_) => "error",
        }
    }

    /// Its data as one line of JSON.
    pub(crate) fn data(&self) -> String {
        serde_json::to_string(self).expect("events are plain data")
    }
}

/// The names of all events.
pub(crate) const KINDS: [&str; 10] =
    ["run", "plan", "step", "sources", "delta", "citation", "related", "usage", "done", "error"];

/// Whether an event of this kind is the last of its run.
pub(crate) fn is_terminal(kind: &str) -> bool {
    matches!(kind, "done" | "error")
}

/// Folds the events of a log into the answer. Events that cannot be parsed (written by a newer version) are skipped.
pub(crate) fn fold<'a>(events: impl IntoIterator<Item = (&'a str, &'a str)>) -> Answer {
    let mut answer = Answer { status: RUNNING.to_owned(), ..Answer::default() };
    for (kind, data) in events {
        if let Err(error) = apply(&mut answer, kind, data) {
            tracing::warn!(kind, %error, "failed to parse run event; it is left out of the answer");
        }
    }
    answer
}

fn apply(answer: &mut Answer, kind: &str, data: &str) -> serde_json::Result<()> {
    #[derive(Deserialize)]
    struct Sources {
        sources: Vec<Source>,
    }
    #[derive(Deserialize)]
    struct StepEnd {
        id: u32,
        kind: String,
        status: String,
        reason: Option<String>,
    }
    #[derive(Deserialize)]
    struct Delta {
        text: String,
    }
    #[derive(Deserialize)]
    struct Related {
        questions: Vec<String>,
    }
    match kind {
        "run" => {
            let started: RunStarted = serde_json::from_str(data)?;
            answer.run_id = started.run_id;
            answer.thread_id = started.thread_id;
            answer.question = started.question;
        }
        "step" => {
            let step: StepEnd = serde_json::from_str(data)?;
            answer.last_step = answer.last_step.max(step.id);
            if step.kind == "write" && step.status == "done" {
                answer.written = Some(step.reason);
            }
        }
        "sources" => {
            answer.sources = serde_json::from_str::<Sources>(data)?.sources;
            answer.researched = true;
        }
        "delta" => answer.answer.push_str(&serde_json::from_str::<Delta>(data)?.text),
        "citation" => {
            serde_json::from_str::<Citation>(data)?.put_into(&mut answer.citations);
        }
        "related" => answer.related = serde_json::from_str::<Related>(data)?.questions,
        "usage" => answer.usage = serde_json::from_str(data)?,
        "done" => {
            let done: Done = serde_json::from_str(data)?;
            answer.status = done.status;
            answer.reason = done.reason;
            answer.degraded = done.degraded;
            answer.budget = done.budget;
        }
        "error" => {
            let failed: Failed = serde_json::from_str(data)?;
            answer.status = "error".to_owned();
            answer.degraded = failed.degraded;
            answer.error = Some(failed.failure);
        }
        _ => {}
    }
    Ok(())
}
