//! Writing: by a model that streams, or as an extract of the sources when there is none or it fails before its first word.

use futures::StreamExt;
use llm::{ChatRequest, Delta, FinishReason, LlmError, Message, Model, Phase, Usage};
use text::extractive::{self, AnswerOptions};
use tokio::time::Instant;

use super::{Context, Ended, extract, output::Output, prompt, started, understand::Understanding};
use crate::{
    api::{AnswerMode, Failure, Source},
    event::{Event, Step},
    store::Turn,
};

/// The longest answer, in tokens.
const MAX_ANSWER_TOKENS: u64 = 3_000;

/// Writes the answer, or what is left of it after an earlier process.
pub(super) async fn run(
    context: &Context,
    understanding: &Understanding,
    turns: &[Turn],
    sources: &[Source],
) -> Result<Ended, Failure> {
    let nowhere = context.job.ask.sources.as_ref().is_some_and(Vec::is_empty);
    match &context.model {
        Some(model) if !sources.is_empty() || nowhere => by_model(context, model, understanding, turns, sources).await,
        _ => by_extract(context, understanding, sources),
    }
}

async fn by_model(
    context: &Context,
    model: &Model,
    understanding: &Understanding,
    turns: &[Turn],
    sources: &[Source],
) -> Result<Ended, Failure> {
    if let Some(spent) = context.spent() {
        return short_of_budget(context, understanding, sources, spent);
    }
    let name = model.chat_models().next().map(|model| model.model.to_string()).unwrap_or_default();
    let step = started(context, "write", name);
    let begun = Instant::now();
    let said = context.progress().answer;
    let mut messages = prompt::messages(context, understanding, turns, sources);
    if !said.is_empty() {
        prompt::go_on(&mut messages, &said);
    }
    let prompt_tokens = estimate(&messages);
    let allowed = context.tokens_left().saturating_sub(prompt_tokens);
    if allowed == 0 {
        return short_of_budget(context, understanding, sources, "tokens");
    }
    let mut request = ChatRequest::new(messages);
    request.max_tokens = u32::try_from(allowed.min(MAX_ANSWER_TOKENS)).ok();
    request.deadline = Some(context.deadline);
    let written = stream(context, model, request, sources).await;
    let end = |status: &str, error: Option<&LlmError>| {
        context.emit(Event::Step(Step {
            status: status.to_owned(),
            ms: Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)),
            error: error.map(ToString::to_string),
            ..step.clone()
        }));
    };
    match written {
        Ok(FinishReason::Length) => {
            end("done", None);
            Ok(Ended::Partial("tokens".to_owned()))
        }
        Ok(_) => {
            end("done", None);
            Ok(Ended::Complete)
        }
        Err(error) => {
            end("failed", Some(&error));
            count_unfinished(context, prompt_tokens, &said);
            after_failure(context, understanding, sources, &said, &error)
        }
    }
}

/// Sends the model's text on. Dropped midway, the model's stream is closed.
async fn stream(
    context: &Context,
    model: &Model,
    request: ChatRequest,
    sources: &[Source],
) -> Result<FinishReason, LlmError> {
    let mut output = Output::after(context, sources);
    let mut answer = model.stream(request);
    while let Some(delta) = answer.next().await {
        match delta {
            Ok(Delta::Text(text)) => output.push(&text),
            Ok(Delta::Reasoning(_) | Delta::ToolCall(_)) => {}
            Ok(Delta::Finished { reason, usage, .. }) => {
                output.finish();
                context.count_model(&usage);
                return Ok(reason);
            }
            Err(error) => {
                output.finish();
                return Err(error);
            }
        }
    }
    output.finish();
    Err(LlmError::Interrupted)
}

/// What a broken stream cost is estimated, since its usage never came.
fn count_unfinished(context: &Context, prompt_tokens: u64, said_before: &str) {
    let said = context.progress().answer;
    let fresh = said.get(said_before.len()..).unwrap_or_default();
    if fresh.is_empty() {
        return;
    }
    let completion_tokens = llm::estimate_tokens(fresh);
    context.count_model(&Usage { prompt_tokens, completion_tokens, estimated: true, cost: None });
}

fn after_failure(
    context: &Context,
    understanding: &Understanding,
    sources: &[Source],
    said_before: &str,
    error: &LlmError,
) -> Result<Ended, Failure> {
    context.degrade("model", error);
    let said = context.progress().answer;
    let out_of_time = matches!(error, LlmError::Timeout { phase: Phase::Total });
    if said.len() > said_before.len() {
        // Sent text is never changed; what there is stands, and is honestly unfinished.
        return Ok(Ended::Partial(if out_of_time { "time" } else { error.code() }.to_owned()));
    }
    if !said_before.is_empty() {
        return Err(Failure {
            code: "interrupted".to_owned(),
            message: "the answer was interrupted and could not be continued".to_owned(),
            retryable: true,
        });
    }
    if sources.is_empty() {
        return Err(Failure {
            code: error.code().to_owned(),
            message: format!("the model did not answer: {error}"),
            retryable: error.is_retryable(),
        });
    }
    by_extract(context, understanding, sources)
}

/// With no budget for the model, an extract is an early and honest finish.
fn short_of_budget(
    context: &Context,
    understanding: &Understanding,
    sources: &[Source],
    spent: &str,
) -> Result<Ended, Failure> {
    let reason = spent.to_owned();
    context.degrade("model", format!("the budget's {spent} was spent before writing"));
    by_extract(context, understanding, sources).map(|_| Ended::Partial(reason))
}

/// The best supported sentences of the sources, word for word.
fn by_extract(context: &Context, understanding: &Understanding, sources: &[Source]) -> Result<Ended, Failure> {
    let step = started(context, "write", "extract");
    let begun = Instant::now();
    let passages = extract::passages(sources);
    let sentences = match context.job.ask.answer_mode {
        AnswerMode::Concise => 2,
        AnswerMode::Default => context.effort.sentences,
        AnswerMode::Detailed => context.effort.sentences * 2,
    };
    let options = AnswerOptions {
        max_sentences: sentences,
        context: &understanding.earlier,
        language: Some(understanding.language),
    };
    let pieces = extractive::compose(&extractive::answer(&understanding.asked, &passages, options));
    let said = context.progress().answer;
    if !pieces.concat().starts_with(&said) {
        return Err(Failure {
            code: "interrupted".to_owned(),
            message: "the answer was interrupted and could not be continued".to_owned(),
            retryable: true,
        });
    }
    let mut output = Output::again(context, sources);
    for piece in &pieces {
        output.push(piece);
    }
    output.finish();
    let ms = Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    context.emit(Event::Step(Step { status: "done".to_owned(), ms, ..step }));
    Ok(Ended::Complete)
}

fn estimate(messages: &[Message]) -> u64 {
    messages.iter().map(|message| llm::estimate_tokens(&message.content)).sum()
}
