//! The operator's routes: dead letters of every service of this process, and giving a broker again what it lost.

use std::sync::Arc;

use access::{Action, Allowed, Caller, action};
use audit::Object;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use base::{Problem, Scope, SystemScope, problem::Code};
use bus::{DeadLetter, DeadLetterKey, Relay};
use db::{Db, DbError};
use kit::{Page, PageOf, cursor::CursorKey};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::{Administered, Server};

const LIST: &str = "dead letters";

#[derive(Clone)]
struct Bus {
    services: Arc<Vec<Administered>>,
    relays: Arc<Vec<Relay>>,
    dbs: Arc<Vec<Db>>,
    cursors: CursorKey,
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

pub(super) fn routes(server: &Server) -> OpenApiRouter {
    let bus = Bus {
        services: Arc::new(server.administered.clone()),
        relays: Arc::new(server.relays.iter().map(|(_, relay)| relay.clone()).collect()),
        dbs: Arc::new(server.dbs.clone()),
        cursors: server.cursors.clone(),
        resyncing: Arc::default(),
        has_accounts: !matches!(server.options.auth, crate::AuthOption::LocalOwner),
    };
    kit::routes![list, replay, drop_letter, resync].with_state(bus)
}

/// A dead letter and the service that has it.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedDeadLetter)]
struct Listed {
    service: &'static str,
    #[serde(flatten)]
    letter: DeadLetter,
}

/// Events of the organisation that a consumer could not handle, the oldest first.
#[utoipa::path(get, path = "/api/v1/admin/bus/dead-letters", operation_id = "list_dead_letters")]
async fn list(
    State(bus): State<Bus>,
    who: Allowed<action::ListDeadLetters>,
    page: Page,
) -> Result<PageOf<Listed>, Problem> {
    let after: Option<(Uuid, String)> = bus.cursors.position(LIST, &page)?;
    let after = after.map_or_else(DeadLetterKey::start, |(id, consumer)| DeadLetterKey { id, consumer });
    let limit = usize::try_from(page.fetch_limit()).unwrap_or_default();
    let scope = bus.scope(&who);
    let mut items = Vec::new();
    for Administered { service, letters, .. } in bus.services.iter() {
        let found = letters.list(&scope, &after, limit).await?;
        items.extend(found.into_iter().map(|letter| Listed { service, letter }));
    }
    items.sort_by_key(|listed| listed.letter.key());
    Ok(bus.cursors.page(LIST, &page, items, |last| {
        let key = last.letter.key();
        (key.id, key.consumer)
    }))
}

/// Hand an event to its consumer again.
#[utoipa::path(
    post, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}/replay", operation_id = "replay_dead_letter",
    params(("id" = Uuid, Path), ("consumer" = String, Path, max_length = 200)),
    responses((status = 204, description = "Its consumer has handled it; an event that no broker took is delivered again."), (status = 404),
        (status = 409, description = "Its consumer failed again; the dead letter stays.")))]
async fn replay(
    State(bus): State<Bus>,
    who: Allowed<action::ReplayDeadLetter>,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (scope, key) = (bus.scope(&who), key(&id, consumer)?);
    for Administered { letters, audit, .. } in bus.services.iter() {
        let record = audit.prepare(&who, Action::ReplayDeadLetter, audited(&key));
        if letters.recording(record.event()).replay(&scope, &key).await? {
            record.committed();
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(missing())
}

/// Give an event up.
#[utoipa::path(
    delete, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}", operation_id = "drop_dead_letter",
    params(("id" = Uuid, Path), ("consumer" = String, Path, max_length = 200)), responses((status = 204), (status = 404)))]
async fn drop_letter(
    State(bus): State<Bus>,
    who: Allowed<action::DropDeadLetter>,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (scope, key) = (bus.scope(&who), key(&id, consumer)?);
    for Administered { letters, audit, .. } in bus.services.iter() {
        let record = audit.prepare(&who, Action::DropDeadLetter, audited(&key));
        if letters.recording(record.event()).drop_letter(&scope, &key).await? {
            record.committed();
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(missing())
}

fn key(id: &str, consumer: String) -> Result<DeadLetterKey, Problem> {
    Ok(DeadLetterKey { id: id.parse().map_err(|_| missing())?, consumer })
}

fn audited(key: &DeadLetterKey) -> Object {
    Object::new("dead letter", format!("{}/{}", key.id, key.consumer))
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
async fn resync(
    State(bus): State<Bus>,
    who: Allowed<action::ResyncBus>,
) -> Result<(StatusCode, Json<Resync>), Problem> {
    let Ok(only) = bus.resyncing.clone().try_lock_owned() else {
        return Err(Problem::new(Code::ResyncRunning, "this process publishes all events again already"));
    };
    // It has no single commit, so that it is recorded before it begins, in the first service of the process.
    if let (Some(Administered { audit, .. }), Some(db)) = (bus.services.first(), bus.dbs.first()) {
        let mut session = db.begin(&who.scope()).await?;
        audit.record(&mut session, &who, Action::ResyncBus, Object::new("bus", "events")).await?;
        session.commit().await?;
    }
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
