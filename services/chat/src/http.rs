//! `/api/v1/chat`.

use access::{Caller, LOCAL_ORG};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base::Problem;
use cache::limits::{Allowance, LimitKey, Limits, PerMinute};
use kit::{IdempotencyKey, JsonBody, Validator, sse};
use server::http::exempt_from_limit;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    api::{Answer, AskRequest},
    runs::Runs,
};

/// What the handlers need besides the runs.
#[derive(Clone)]
pub(crate) struct HttpContext {
    pub(crate) limits: Limits,
    /// Questions per user; `None` for no limit.
    pub(crate) asks: Option<PerMinute>,
    pub(crate) drain: CancellationToken,
    pub(crate) closing: CancellationToken,
}

#[derive(Clone)]
struct Chat {
    runs: Runs,
    context: HttpContext,
}

pub(crate) fn routes(runs: Runs, context: HttpContext) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(get))
        .routes(routes!(events))
        .routes(routes!(cancel))
        .with_state(Chat { runs, context })
}

/// Ask a question. Responds with server-sent events (see the events of a run), or with one object if `"stream": false`.
#[utoipa::path(
    post, path = "/api/v1/chat", operation_id = "ask", tag = "chat", request_body = AskRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "requests with the same key get the same run")),
    responses(
        (status = 200, body = Answer, description = "the answer, or with `stream` its events as text/event-stream"),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)))]
async fn ask(
    State(chat): State<Chat>,
    who: Caller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(ask): JsonBody<AskRequest>,
) -> Result<Response, Problem> {
    // An answer takes as long as the model does; RUN_LIMIT bounds the number of concurrent runs.
    exempt_from_limit();
    check(&ask, chat.runs.has_model())?;
    let Some(allowance) = chat.context.acquire_ask(&who).await else { return answer(chat, &who, ask, key).await };
    let answered = match allowance.require("questions") {
        Ok(()) => answer(chat, &who, ask, key).await,
        Err(problem) => Err(problem),
    };
    let mut response = answered.into_response();
    allowance.tell("asks", &mut response);
    Ok(response)
}

impl HttpContext {
    /// Counts a question against the user's rate limit; `None` without a limit or without accounts.
    async fn acquire_ask(&self, who: &Caller) -> Option<Allowance> {
        let asks = self.asks.filter(|_| who.org != LOCAL_ORG)?;
        Some(self.limits.take(&LimitKey::person(who.org, who.user, "chat.asks"), asks).await)
    }
}

async fn answer(chat: Chat, who: &Caller, ask: AskRequest, key: Option<String>) -> Result<Response, Problem> {
    let stream = ask.stream;
    let started = chat.runs.start(who, ask, key).await?;
    if stream {
        let events = chat.runs.follow(who, started.run_id, 0).await?;
        return Ok(sse::response(events, chat.context.drain));
    }
    let answer = tokio::select! {
        answer = chat.runs.wait(who, started.run_id) => answer?,
        () = chat.context.closing.cancelled() => {
            let run = started.run_id;
            return Err(Problem::unavailable(format!("this server is stopping; the run {run} continues on another one")));
        }
    };
    let status = match &answer.error {
        Some(failure) if failure.code == "search_outage" || failure.code.starts_with("model") => {
            StatusCode::BAD_GATEWAY
        }
        Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
        None => StatusCode::OK,
    };
    Ok((status, Json(answer)).into_response())
}

/// Get a run, complete or in progress.
#[utoipa::path(
    get, path = "/api/v1/chat/runs/{id}", operation_id = "get_run", tag = "chat", params(("id" = Uuid, Path)),
    responses((status = 200, body = Answer), (status = 404, body = Problem)))]
async fn get(State(chat): State<Chat>, who: Caller, Path(id): Path<String>) -> Result<Json<Answer>, Problem> {
    Ok(Json(chat.runs.get(&who, run_id(&id)?).await?))
}

/// Follow the events of a run to its end: all of them, or those after `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/v1/chat/runs/{id}/events", operation_id = "follow_run", tag = "chat",
    params(("id" = Uuid, Path), ("Last-Event-ID" = Option<i64>, Header)),
    responses((status = 200, description = "text/event-stream"), (status = 404, body = Problem)))]
async fn events(
    State(chat): State<Chat>,
    who: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let last = headers.get("last-event-id").map(|value| value.to_str().ok().and_then(|text| text.parse::<i64>().ok()));
    let mut check = Validator::default();
    check.ensure(!matches!(last, Some(None)), "Last-Event-ID", "not the id of an event");
    check.finish()?;
    let events = chat.runs.follow(&who, run_id(&id)?, last.flatten().unwrap_or(0)).await?;
    Ok(sse::response(events, chat.context.drain))
}

/// Stop a run. Its stream ends with `done {status: "cancelled"}`.
#[utoipa::path(
    post, path = "/api/v1/chat/runs/{id}/cancel", operation_id = "cancel_run", tag = "chat",
    params(("id" = Uuid, Path)),
    responses((status = 202, description = "the run will stop, or had ended"), (status = 404, body = Problem)))]
async fn cancel(State(chat): State<Chat>, who: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    chat.runs.cancel(&who, run_id(&id)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Parses a run id; 404 if it is not an id.
fn run_id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::not_found("run"))
}

fn check(ask: &AskRequest, has_model: bool) -> Result<(), Problem> {
    let mut check = Validator::default();
    let length = ask.query.trim().chars().count();
    let has_no_nul = !ask.query.contains('\0');
    check.ensure((1..=8_000).contains(&length) && has_no_nul, "/query", "1 to 8,000 characters, none of them NUL");
    let without_sources = ask.sources.as_ref().is_some_and(Vec::is_empty);
    check.ensure(has_model || !without_sources, "/sources", "without a model (LLM_PROVIDER) an answer needs sources");
    let seconds = ask.budget.seconds.unwrap_or(1);
    check.ensure((1..=600).contains(&seconds), "/budget/seconds", "1 to 600");
    check.ensure(ask.budget.tokens != Some(0), "/budget/tokens", "at least 1");
    let cost_ok = ask.budget.cost.as_deref().is_none_or(|cost| llm::parse_micros(cost).is_ok());
    check.ensure(cost_ok, "/budget/cost", "a decimal amount such as 0.05");
    check.ensure(ask.filters.domains.len() <= 20, "/filters/domains", "at most 20 hosts");
    check.ensure(ask.filters.exclude_domains.len() <= 20, "/filters/exclude_domains", "at most 20 hosts");
    check.ensure(ask.file_ids.len() <= 100, "/file_ids", "at most 100 files");
    let locale_ok = ask.locale.as_deref().is_none_or(|locale| (2..=35).contains(&locale.len()));
    check.ensure(locale_ok, "/locale", "a language tag such as en or ru-RU");
    check.finish()
}
