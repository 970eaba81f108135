//! The operator's routes: dead letters of every service of this process, and giving a broker again what it lost.

use std::sync::Arc;

use access::{Auth, Caller};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base::{
    Problem,
    problem::{Code, Violation},
};
use bus::{DeadLetter, DeadLetters, LetterKey, Relay};
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
    /// Held by the one that goes on.
    resyncing: Arc<Mutex<()>>,
    /// Without accounts there is one organisation, whose owner has the installation.
    has_accounts: bool,
}

pub(super) fn routes(assembly: &Server) -> OpenApiRouter {
    let bus = Bus {
        letters: Arc::new(assembly.dead_letters.clone()),
        relays: Arc::new(assembly.relays.clone()),
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

/// A dead letter and the service that told the event.
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

/// Events of the organisation that a consumer could not take.
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
    let after = listing.cursor.as_deref().map_or(Ok(LetterKey::start()), position)?;
    let mut items = Vec::new();
    for (service, letters) in bus.letters.iter() {
        let page = letters.list(who.org, &after, PAGE + 1).await?;
        items.extend(page.into_iter().map(|letter| Listed { service, letter }));
    }
    items.sort_by_key(|listed| listed.letter.key());
    let more = items.len() > PAGE;
    items.truncate(PAGE);
    let last = items.last().filter(|_| more).map(|last| last.letter.key());
    Ok(Json(Page { items, next_cursor: last.map(|key| format!("{}/{}", key.id, key.consumer)) }))
}

/// A cursor is the key of the last letter: an operator's list has nothing to hide.
fn position(cursor: &str) -> Result<LetterKey, Problem> {
    let key = cursor
        .split_once('/')
        .and_then(|(id, consumer)| Some(LetterKey { id: id.parse().ok()?, consumer: consumer.to_owned() }));
    key.ok_or_else(|| Problem::invalid(vec![Violation::new("cursor", "not a cursor this list gave out")]))
}

/// Deliver an event again.
#[utoipa::path(
    post, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}/replay", operation_id = "replay_dead_letter",
    tag = "admin", params(("id" = Uuid, Path), ("consumer" = String, Path)),
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn replay(
    State(bus): State<Bus>,
    who: Caller,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let key = key(&who, &id, consumer)?;
    for (_, letters) in bus.letters.iter() {
        if letters.replay(who.org, &key).await? {
            return Ok(StatusCode::ACCEPTED);
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
    let key = key(&who, &id, consumer)?;
    for (_, letters) in bus.letters.iter() {
        if letters.drop_letter(who.org, &key).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
        if !letters.is_nobodys(&key).await? {
            continue;
        }
        // It may be another organisation's, and nobody here answers for all of them.
        if bus.has_accounts {
            return Err(Problem::forbidden(
                "the organisation of this event is not known; replay it, or ask the operator",
            ));
        }
        if letters.drop_nobodys(&key).await? {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(missing())
}

fn key(who: &Caller, id: &str, consumer: String) -> Result<LetterKey, Problem> {
    who.require_admin()?;
    // It becomes part of a subject on the broker, where these mean more than themselves.
    if consumer.contains(|c: char| matches!(c, '*' | '>') || c.is_whitespace()) {
        return Err(missing());
    }
    Ok(LetterKey { id: id.parse().map_err(|_| missing())?, consumer })
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
