//! Writes the answer: streamed from a model, or extractive if there is no model or it fails before its first text.

use futures::StreamExt;
use llm::{ChatRequest, Delta, FinishReason, LlmError, Message, Model, Phase, Usage};
use text::extractive::{self, AnswerOptions};
use tokio::time::Instant;

use super::{
    Context, RunOutcome, extract,
    judge::{self, OpenCitation},
    output::AnswerOutput,
    prompt, started,
    understand::Understanding,
};
use crate::{
    api::{AnswerMode, Failure, Source},
    event::{Event, Step},
    store::Turn,
};

/// Longest answer in tokens.
const MAX_ANSWER_TOKENS: u64 = 3_000;

/// Writes the answer, or the rest of it if an earlier process has sent a part.
pub(super) async fn run(
    context: &Context,
    understanding: &Understanding,
    turns: &[Turn],
    sources: &[Source],
) -> Result<RunOutcome, Failure> {
    let without_sources = context.run_request.ask.sources.as_ref().is_some_and(Vec::is_empty);
    match &context.model {
        Some(model) if !sources.is_empty() || without_sources => {
            write_with_model(context, model, understanding, turns, sources).await
        }
        _ => write_extractive(context, understanding, sources),
    }
}

async fn write_with_model(
    context: &Context,
    model: &Model,
    understanding: &Understanding,
    turns: &[Turn],
    sources: &[Source],
) -> Result<RunOutcome, Failure> {
    if let Some(exhausted) = context.exhausted_budget() {
        return write_over_budget(context, understanding, sources, exhausted);
    }
    let name = model.chat_models().next().map(|model| model.model.to_string()).unwrap_or_default();
    let step = started(context, "write", name);
    let started_at = Instant::now();
    let sent_before = context.progress().answer;
    let mut messages = prompt::messages(context, understanding, turns, sources);
    if !sent_before.is_empty() {
        prompt::continue_answer(&mut messages, &sent_before);
    }
    let prompt_tokens = estimate(&messages);
    let allowed = context.tokens_left().saturating_sub(prompt_tokens);
    if allowed == 0 {
        return write_over_budget(context, understanding, sources, "tokens");
    }
    let mut request = ChatRequest::new(messages);
    request.max_tokens = u32::try_from(allowed.min(MAX_ANSWER_TOKENS)).ok();
    request.deadline = Some(context.deadline);
    let (outcome, open) = stream(context, model, request, sources).await;
    let end = |status: &str, reason: Option<String>, error: Option<&LlmError>| {
        context.emit(Event::Step(Step {
            status: status.to_owned(),
            ms: Some(u64::try_from(started_at.elapsed().as_millis()).unwrap_or(u64::MAX)),
            reason,
            error: error.map(ToString::to_string),
            ..step.clone()
        }));
    };
    match outcome {
        Ok(reason) => {
            let outcome = outcome_of(reason);
            let missing = match &outcome {
                RunOutcome::Partial(missing) => Some(missing.clone()),
                _ => None,
            };
            // From here on a process that takes the run over does not write any more.
            end("done", missing, None);
            judge::run(context, model, sources, &open).await;
            Ok(outcome)
        }
        Err(error) => {
            if matches!(error, LlmError::NoText { .. }) && !sent_before.is_empty() {
                // Asked to go on behind a text that was whole, the model had nothing to add.
                end("done", None, None);
                return Ok(RunOutcome::Complete);
            }
            end("failed", None, Some(&error));
            count_interrupted(context, prompt_tokens, &sent_before);
            after_failure(context, understanding, sources, &sent_before, &error)
        }
    }
}

/// Streams the model's text to the log, and returns the citations that rules could not settle. Dropping the future closes the
/// model's stream.
async fn stream(
    context: &Context,
    model: &Model,
    request: ChatRequest,
    sources: &[Source],
) -> (Result<FinishReason, LlmError>, Vec<OpenCitation>) {
    let mut output = AnswerOutput::resume_after(context, sources);
    let mut answer = model.stream(request);
    let mut end = Err(LlmError::Interrupted);
    while let Some(delta) = answer.next().await {
        match delta {
            Ok(Delta::Text(text)) => output.push(&text),
            Ok(Delta::ToolCall(_)) => {}
            Ok(Delta::Finished { reason, usage, .. }) => {
                context.count_model(&usage);
                end = Ok(reason);
            }
            Err(error) => end = Err(error),
        }
    }
    (end, output.finish())
}

/// Why an answer with text is less than it would have been, if it is.
fn outcome_of(reason: FinishReason) -> RunOutcome {
    let missing = match reason {
        FinishReason::Stop | FinishReason::ToolCalls => return RunOutcome::Complete,
        FinishReason::Length => "tokens",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Repetition => "repetition",
    };
    RunOutcome::Partial(missing.to_owned())
}

/// Estimates the usage of an interrupted stream, which has not reported it.
fn count_interrupted(context: &Context, prompt_tokens: u64, sent_before: &str) {
    let sent = context.progress().answer;
    let new_text = sent.get(sent_before.len()..).unwrap_or_default();
    if new_text.is_empty() {
        return;
    }
    let completion_tokens = llm::estimate_tokens(new_text);
    context.count_model(&Usage { prompt_tokens, completion_tokens, estimated: true, cost: None });
}

fn after_failure(
    context: &Context,
    understanding: &Understanding,
    sources: &[Source],
    sent_before: &str,
    error: &LlmError,
) -> Result<RunOutcome, Failure> {
    context.degrade("model", error);
    let sent = context.progress().answer;
    let out_of_time = matches!(error, LlmError::Timeout { phase: Phase::Total });
    if sent.len() > sent_before.len() {
        // Sent text never changes, so the answer ends as partial.
        return Ok(RunOutcome::Partial(if out_of_time { "time" } else { error.code() }.to_owned()));
    }
    if !sent_before.is_empty() {
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
    write_extractive(context, understanding, sources)
}

/// Writes an extractive answer, because the budget for the model is exhausted; the run ends as partial.
fn write_over_budget(
    context: &Context,
    understanding: &Understanding,
    sources: &[Source],
    exhausted: &str,
) -> Result<RunOutcome, Failure> {
    let reason = exhausted.to_owned();
    context.degrade("model", format!("the budget's {exhausted} was spent before writing"));
    write_extractive(context, understanding, sources).map(|_| RunOutcome::Partial(reason))
}

/// Writes an extractive answer: sentences of the sources, word for word.
fn write_extractive(
    context: &Context,
    understanding: &Understanding,
    sources: &[Source],
) -> Result<RunOutcome, Failure> {
    let step = started(context, "write", "extract");
    let started_at = Instant::now();
    let passages = extract::passages(sources);
    let sentences = match context.run_request.ask.answer_mode {
        AnswerMode::Concise => 2,
        AnswerMode::Default => context.limits.sentences,
        AnswerMode::Detailed => context.limits.sentences * 2,
    };
    let options = AnswerOptions {
        max_sentences: sentences,
        context: &understanding.earlier,
        language: Some(understanding.language),
    };
    let answer = extractive::answer(&understanding.asked, &passages, options);
    let parts = extractive::parts(&answer);
    let sent = context.progress().answer;
    if !parts.iter().map(|part| part.text.as_str()).collect::<String>().starts_with(&sent) {
        return Err(Failure {
            code: "interrupted".to_owned(),
            message: "the answer was interrupted and could not be continued".to_owned(),
            retryable: true,
        });
    }
    let mut output = AnswerOutput::replay(context, sources);
    for part in &parts {
        output.push_part(part, &answer, &passages);
    }
    output.finish();
    let ms = Some(u64::try_from(started_at.elapsed().as_millis()).unwrap_or(u64::MAX));
    context.emit(Event::Step(Step { status: "done".to_owned(), ms, ..step }));
    Ok(RunOutcome::Complete)
}

fn estimate(messages: &[Message]) -> u64 {
    messages.iter().map(|message| llm::estimate_tokens(&message.content)).sum()
}
