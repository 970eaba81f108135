//! The operator's routes: dead letters of every service of this process, and giving a broker again what it lost.

use std::sync::Arc;

use access::{Auth, Caller};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base::{
    Problem, Scope, SystemScope,
    problem::{Code, Violation},
};
use bus::{DeadLetter, DeadLetterKey, DeadLetters, Relay};
use db::DbError;
use kit::QueryParams;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Server;

/// Letters of a page.
const PAGE: usize = 100;

#[derive(Clone)]
struct Bus {
    letters: Arc<Vec<(&'static str, DeadLetters)>>,
    relays: Arc<Vec<Relay>>,
    /// Held while one is running.
    resyncing: Arc<Mutex<()>>,
    /// Without accounts there is one organisation, and its owner operates the installation.
    has_accounts: bool,
}

impl Bus {
    /// Whose dead letters the caller manages. Those whose organisation cannot be read may be anybody's, so only the operator
    /// of the installation sees them.
    #[expect(clippy::disallowed_methods, reason = "without accounts the caller operates the installation")]
    fn scope(&self, who: &Caller) -> Scope {
        if self.has_accounts { who.scope() } else { SystemScope::new().into() }
    }
}

pub(super) fn routes(assembly: &Server) -> OpenApiRouter {
    let bus = Bus {
        letters: Arc::new(assembly.dead_letters.clone()),
        relays: Arc::new(assembly.relays.iter().map(|(_, relay)| relay.clone()).collect()),
        resyncing: Arc::default(),
        has_accounts: !matches!(assembly.options.auth, Auth::LocalOwner),
    };
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(replay))
        .routes(routes!(drop_letter))
        .routes(routes!(resync))
        .with_state(bus)
}

/// A dead letter and the service that has it.
#[derive(Serialize, ToSchema)]
struct Listed {
    service: &'static str,
    #[serde(flatten)]
    letter: DeadLetter,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of dead letters, the oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetterListing)]
struct Page {
    items: Vec<Listed>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Events of the organisation that a consumer could not handle.
#[utoipa::path(
    get, path = "/api/v1/admin/bus/dead-letters", operation_id = "list_dead_letters", tag = "admin",
    params(Listing),
    responses((status = 200, body = Page), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn list(
    State(bus): State<Bus>,
    who: Caller,
    QueryParams(listing): QueryParams<Listing>,
) -> Result<Json<Page>, Problem> {
    who.require_admin()?;
    let after = listing.cursor.as_deref().map_or(Ok(DeadLetterKey::start()), position)?;
    let scope = bus.scope(&who);
    let mut items = Vec::new();
    for (service, letters) in bus.letters.iter() {
        let page = letters.list(&scope, &after, PAGE + 1).await?;
        items.extend(page.into_iter().map(|letter| Listed { service, letter }));
    }
    items.sort_by_key(|listed| listed.letter.key());
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let last = items.last().filter(|_| more).map(|last| last.letter.key());
    Ok(Json(Page { items, next_cursor: last.map(|key| format!("{}/{}", key.id, key.consumer)) }))
}

/// A cursor is the key of the last letter: an operator's list has nothing to hide.
fn position(cursor: &str) -> Result<DeadLetterKey, Problem> {
    let key = cursor
        .split_once('/')
        .and_then(|(id, consumer)| Some(DeadLetterKey { id: id.parse().ok()?, consumer: consumer.to_owned() }));
    key.ok_or_else(|| Problem::invalid(vec![Violation::new("cursor", "not a cursor this list gave out")]))
}

/// Hand an event to its consumer again.
#[utoipa::path(
    post, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}/replay", operation_id = "replay_dead_letter",
    tag = "admin", params(("id" = Uuid, Path), ("consumer" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "The consumer failed again; the dead letter stays.", body = Problem)))]
async fn replay(
    State(bus): State<Bus>,
    who: Caller,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    who.require_admin()?;
    let (scope, key) = (bus.scope(&who), key(&id, consumer)?);
    for (_, letters) in bus.letters.iter() {
        if letters.replay(&scope, &key).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(missing())
}

/// Give an event up.
#[utoipa::path(
    delete, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}", operation_id = "drop_dead_letter", tag = "admin",
    params(("id" = Uuid, Path), ("consumer" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn drop_letter(
    State(bus): State<Bus>,
    who: Caller,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    who.require_admin()?;
    let (scope, key) = (bus.scope(&who), key(&id, consumer)?);
    for (_, letters) in bus.letters.iter() {
        if letters.drop_letter(&scope, &key).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(missing())
}

fn key(id: &str, consumer: String) -> Result<DeadLetterKey, Problem> {
    Ok(DeadLetterKey { id: id.parse().map_err(|_| missing())?, consumer })
}

fn missing() -> Problem {
    Problem::not_found("dead letter")
}

/// How much is published again.
#[derive(Serialize, ToSchema)]
struct Resync {
    events: u64,
}

/// Publish every event that is still kept once more, after the broker lost some. One at a time.
#[utoipa::path(
    post, path = "/api/v1/admin/bus/resync", operation_id = "resync_bus", tag = "admin",
    responses((status = 202, body = Resync), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn resync(State(bus): State<Bus>, who: Caller) -> Result<(StatusCode, Json<Resync>), Problem> {
    who.require_admin()?;
    let Ok(only) = bus.resyncing.clone().try_lock_owned() else {
        return Err(Problem::new(Code::ResyncRunning, "this process publishes all events again already"));
    };
    // It may take a while, and goes on when nobody waits for its end any more.
    let resync = tokio::spawn(async move {
        let _only = only;
        let mut events = 0;
        for relay in bus.relays.iter() {
            events += relay.resync().await?;
        }
        Ok::<_, DbError>(events)
    });
    let events = resync.await.map_err(Problem::internal)??;
    Ok((StatusCode::ACCEPTED, Json(Resync { events })))
}
