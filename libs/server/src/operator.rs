//! The operator's routes: dead letters of every service of this process, and giving a broker again what it lost.

use std::sync::Arc;

use access::{Allowed, Auth, action};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base::{Problem, problem::Code};
use bus::{DeadLetter, DeadLetters, LetterKey, Relay};
use db::DbError;
use kit::{Page, PageOf, cursor::CursorKey};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::Server;

const LIST: &str = "dead letters";

#[derive(Clone)]
struct Bus {
    letters: Arc<Vec<(&'static str, DeadLetters)>>,
    relays: Arc<Vec<Relay>>,
    cursors: CursorKey,
    /// Held by the one that goes on.
    resyncing: Arc<Mutex<()>>,
    /// Without accounts there is one organisation, whose owner has the installation.
    has_accounts: bool,
}

pub(super) fn routes(server: &Server) -> OpenApiRouter {
    let bus = Bus {
        letters: Arc::new(server.dead_letters.clone()),
        relays: Arc::new(server.relays.clone()),
        cursors: server.cursors.clone(),
        resyncing: Arc::default(),
        has_accounts: !matches!(server.options.auth, Auth::LocalOwner),
    };
    kit::routes![list, replay, drop_letter, resync].with_state(bus)
}

/// A dead letter and the service that told the event.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedDeadLetter)]
struct Listed {
    service: &'static str,
    #[serde(flatten)]
    letter: DeadLetter,
}

/// Events of the organisation that a consumer could not take, the oldest first.
#[utoipa::path(get, path = "/api/v1/admin/bus/dead-letters", operation_id = "list_dead_letters")]
async fn list(
    State(bus): State<Bus>,
    who: Allowed<action::ListDeadLetters>,
    page: Page,
) -> Result<PageOf<Listed>, Problem> {
    let after: Option<(Uuid, String)> = bus.cursors.position(LIST, &page)?;
    let after = after.map_or_else(LetterKey::start, |(id, consumer)| LetterKey { id, consumer });
    let limit = usize::try_from(page.fetch_limit()).unwrap_or_default();
    let mut items = Vec::new();
    for (service, letters) in bus.letters.iter() {
        let found = letters.list(who.org(), &after, limit).await?;
        items.extend(found.into_iter().map(|letter| Listed { service, letter }));
    }
    items.sort_by_key(|listed| listed.letter.key());
    Ok(bus.cursors.page(LIST, &page, items, |last| {
        let key = last.letter.key();
        (key.id, key.consumer)
    }))
}

/// Deliver an event again.
#[utoipa::path(
    post, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}/replay", operation_id = "replay_dead_letter",
    params(("id" = Uuid, Path), ("consumer" = String, Path)),
    responses((status = 202, description = "It will be delivered."), (status = 404)))]
async fn replay(
    State(bus): State<Bus>,
    who: Allowed<action::ReplayDeadLetter>,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let key = key(&id, consumer)?;
    for (_, letters) in bus.letters.iter() {
        if letters.replay(who.org(), &key).await? {
            return Ok(StatusCode::ACCEPTED);
        }
    }
    Err(missing())
}

/// Give an event up.
#[utoipa::path(
    delete, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}", operation_id = "drop_dead_letter",
    params(("id" = Uuid, Path), ("consumer" = String, Path)), responses((status = 204), (status = 404)))]
async fn drop_letter(
    State(bus): State<Bus>,
    who: Allowed<action::DropDeadLetter>,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let key = key(&id, consumer)?;
    for (_, letters) in bus.letters.iter() {
        if letters.drop_letter(who.org(), &key).await? {
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

fn key(id: &str, consumer: String) -> Result<LetterKey, Problem> {
    // It becomes part of a subject on the broker, where these mean more than themselves.
    if consumer.contains(|c: char| matches!(c, '*' | '>') || c.is_whitespace() || c.is_control()) {
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
    post, path = "/api/v1/admin/bus/resync", operation_id = "resync_bus",
    responses((status = 202, body = Resync), (status = 409, description = "This process does it already.")))]
async fn resync(State(bus): State<Bus>, _: Allowed<action::ResyncBus>) -> Result<(StatusCode, Json<Resync>), Problem> {
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
