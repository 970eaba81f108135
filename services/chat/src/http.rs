//! `/api/v1/chat`.

use access::{Allowed, Caller, LOCAL_ORG, action};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use base::Problem;
use cache::limits::{LimitKey, Limits, RateLimitDecision};
use idempotency::REPLAYED_HEADER;
use kit::{
    Id, IdempotencyKey, JsonBody, LastEventId, Resource, Validator,
    sse::{self, EventStream, ServerSentEvent},
};
use serde::Serialize;
use server::http::exempt_from_limit;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    api::{Answer, AskRequest, MAX_HOST_LENGTH},
    config::AskLimits,
    runs::{Runs, StartedRun},
};

/// What the rate limits count.
const COUNTED: &str = "chat.asks";

/// What the handlers need besides the runs.
#[derive(Clone)]
pub(crate) struct HttpContext {
    pub(crate) limits: Limits,
    pub(crate) ask_limits: AskLimits,
    pub(crate) insecure_http: bool,
    pub(crate) drain: CancellationToken,
    pub(crate) closing: CancellationToken,
}

#[derive(Clone)]
struct Chat {
    runs: Runs,
    context: HttpContext,
}

pub(crate) fn routes(runs: Runs, context: HttpContext) -> OpenApiRouter {
    kit::routes![ask, get, events, cancel, capabilities].with_state(Chat { runs, context })
}

/// Ask a question. Responds with server-sent events (see the events of a run), or with one object if `"stream": false`.
#[utoipa::path(
    post, path = "/api/v1/chat", operation_id = "ask",
    responses(
        (status = 200, content((Answer = "application/json"), (ServerSentEvent = "text/event-stream")),
            description = "The answer, or its events unless `stream` is false."),
        (status = 400, description = "The request has faults, each named; a `query` without any letter or digit, such as `???`, is one."),
        (status = 404, description = "The thread, project or file does not exist."),
        (status = 500, body = Answer, description = "The run or the server failed."),
        (status = 502, body = Answer, description = "The run failed because the model or all search engines failed.")))]
async fn ask(
    State(chat): State<Chat>,
    who: Allowed<action::Ask>,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(ask): JsonBody<AskRequest>,
) -> Result<Response, Problem> {
    // An answer takes as long as the model does; RUN_LIMIT bounds the number of concurrent runs.
    exempt_from_limit();
    check(&ask, chat.runs.has_model())?;
    let Some(decision) = chat.context.acquire_ask(&who).await else {
        return answer(chat, &who, ask, key.as_deref()).await;
    };
    let answered = match decision.ok_or_429("questions") {
        Ok(()) => answer(chat, &who, ask, key.as_deref()).await,
        Err(problem) => Err(problem),
    };
    let mut response = answered.into_response();
    decision.write_headers("asks", &mut response);
    Ok(response)
}

impl HttpContext {
    /// Counts a question against the limits of the user, its organisation and its address; `None` without limits or without
    /// accounts.
    async fn acquire_ask(&self, who: &Caller) -> Option<RateLimitDecision> {
        if who.org() == LOCAL_ORG {
            return None;
        }
        let AskLimits { user, organisation, address } = self.ask_limits;
        let address = who.client().address.zip(address);
        let limits = [
            user.map(|limit| (LimitKey::user(who.org(), who.user(), COUNTED), limit)),
            organisation.map(|limit| (LimitKey::organisation(who.org(), COUNTED), limit)),
            address.map(|(address, limit)| (LimitKey::address(address, COUNTED), limit)),
        ];
        self.limits.try_acquire_each(&limits.into_iter().flatten().collect::<Vec<_>>()).await
    }
}

async fn answer(chat: Chat, who: &Caller, ask: AskRequest, key: Option<&str>) -> Result<Response, Problem> {
    let stream = ask.stream;
    let started = chat.runs.start(who, ask, key).await?;
    let mut response = if stream {
        let events = chat.runs.follow(who, started.run_id, 0).await?;
        sse::response(events, chat.context.drain).into_response()
    } else {
        whole_answer(&chat, who, &started).await?
    };
    if started.is_replay {
        response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
    Ok(response)
}

async fn whole_answer(chat: &Chat, who: &Caller, started: &StartedRun) -> Result<Response, Problem> {
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
#[utoipa::path(get, path = "/api/v1/chat/runs/{id}", operation_id = "get_run")]
async fn get(State(chat): State<Chat>, who: Allowed<action::GetRun>, id: Id<Run>) -> Result<Json<Answer>, Problem> {
    chat.runs.get(&who, id.0).await.map(Json)
}

/// Follow the events of a run to its end: all of them, or those after `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/v1/chat/runs/{id}/events", operation_id = "follow_run",
    responses((status = 204, description = "The run has ended, and `Last-Event-ID` was its last event: nothing follows.")))]
async fn events(
    State(chat): State<Chat>,
    who: Allowed<action::FollowRun>,
    id: Id<Run>,
    LastEventId(last): LastEventId,
) -> Result<EventStream, Problem> {
    if let Some(last) = last
        && chat.runs.is_read_to_its_end(&who, id.0, last).await?
    {
        return Ok(sse::ended());
    }
    let events = chat.runs.follow(&who, id.0, last.unwrap_or(0)).await?;
    Ok(sse::response(events, chat.context.drain))
}

/// Stop a run. Its stream ends with `done {status: "cancelled"}`.
#[utoipa::path(
    post, path = "/api/v1/chat/runs/{id}/cancel", operation_id = "cancel_run",
    responses((status = 202, description = "The run will stop, or had ended.")))]
async fn cancel(State(chat): State<Chat>, who: Allowed<action::CancelRun>, id: Id<Run>) -> Result<StatusCode, Problem> {
    chat.runs.cancel(&who, id.0).await?;
    Ok(StatusCode::ACCEPTED)
}

/// What answers are made with.
#[derive(Debug, Serialize, ToSchema)]
struct Capabilities {
    /// The models that write, in the order in which they are asked. Without any, answers are extracts of the sources.
    #[schema(max_items = 100)]
    models: Vec<String>,
    /// Whether passwords and tokens cross the network unencrypted (`INSECURE_HTTP`), which a page should say.
    insecure_http: bool,
}

/// What answers are made with on this server.
#[utoipa::path(get, path = "/api/v1/chat/capabilities", operation_id = "get_capabilities")]
async fn capabilities(State(chat): State<Chat>, _: Allowed<action::GetCapabilities>) -> Json<Capabilities> {
    Json(Capabilities { models: chat.runs.models(), insecure_http: chat.context.insecure_http })
}

/// The resource of a run id in a path.
struct Run;

impl Resource for Run {
    const NAME: &'static str = "run";
}

fn check(ask: &AskRequest, has_model: bool) -> Result<(), Problem> {
    let mut check = Validator::default();
    let readable = ask.query.chars().any(char::is_alphanumeric) && !ask.query.contains('\0');
    let short = ask.query.chars().count() <= 8_000;
    check.ensure(readable && short, "/query", "1 to 8,000 characters, a letter or digit among them and no NUL");
    let without_sources = ask.sources.as_ref().is_some_and(Vec::is_empty);
    check.ensure(has_model || !without_sources, "/sources", "without a model (LLM_PROVIDER) an answer needs sources");
    let seconds = ask.budget.seconds.unwrap_or(1);
    check.ensure((1..=600).contains(&seconds), "/budget/seconds", "1 to 600");
    let tokens = ask.budget.tokens.unwrap_or(1);
    check.ensure((1..=1_000_000_000).contains(&tokens), "/budget/tokens", "1 to 1,000,000,000");
    let whole = |cost: &str| cost.find('.').unwrap_or(cost.len());
    let cost_ok = ask.budget.cost.as_deref().is_none_or(|cost| whole(cost) <= 12 && llm::parse_micros(cost).is_ok());
    check.ensure(cost_ok, "/budget/cost", "a decimal amount such as 0.05");
    for (hosts, pointer) in
        [(&ask.filters.domains, "/filters/domains"), (&ask.filters.exclude_domains, "/filters/exclude_domains")]
    {
        let short = hosts.len() <= 20 && hosts.iter().all(|host| host.chars().count() <= MAX_HOST_LENGTH);
        check.ensure(short, pointer, "at most 20 hosts of up to 253 characters");
    }
    let kinds_ok = ask.sources.as_ref().is_none_or(|kinds| kinds.len() <= 5);
    check.ensure(kinds_ok, "/sources", "at most 5 kinds");
    let project_ok = ask.project.as_ref().is_none_or(|project| project.chars().count() <= 200);
    check.ensure(project_ok, "/project", "longer than any slug");
    check.ensure(ask.file_ids.len() <= 100, "/file_ids", "at most 100 files");
    let locale_ok = ask.locale.as_deref().is_none_or(|locale| (2..=35).contains(&locale.chars().count()));
    check.ensure(locale_ok, "/locale", "a language tag such as en or ru-RU");
    check.finish()
}
