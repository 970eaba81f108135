//! The operator's routes: dead letters of every service of this process.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use common::{
    Problem,
    auth::Identity,
    bus::{DeadLetter, DeadLetters},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

type Letters = Arc<Vec<(&'static str, DeadLetters)>>;

pub(crate) fn routes(letters: Vec<(&'static str, DeadLetters)>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(replay))
        .routes(routes!(drop_letter))
        .with_state(Arc::new(letters))
}

/// A dead letter and whose outbox it is in.
#[derive(Serialize, ToSchema)]
struct Listed {
    service: &'static str,
    #[serde(flatten)]
    letter: DeadLetter,
}

/// Dead letters, the oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetterListing)]
struct Listing {
    items: Vec<Listed>,
}

/// Events of the organisation that a consumer could not take.
#[utoipa::path(
    get, path = "/api/v1/admin/bus/dead-letters", operation_id = "list_dead_letters", tag = "admin",
    responses((status = 200, body = Listing), (status = 403, body = Problem)))]
async fn list(State(letters): State<Letters>, who: Identity) -> Result<Json<Listing>, Problem> {
    who.require_admin()?;
    let mut items = Vec::new();
    for (service, letters) in letters.iter() {
        items.extend(letters.list(who.org).await?.into_iter().map(|letter| Listed { service, letter }));
    }
    Ok(Json(Listing { items }))
}

/// Deliver an event again.
#[utoipa::path(
    post, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}/replay", operation_id = "replay_dead_letter",
    tag = "admin", params(("id" = Uuid, Path), ("consumer" = String, Path)),
    responses((status = 202), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn replay(
    State(letters): State<Letters>,
    who: Identity,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (id, letters) = owning(&letters, &who, &id, &consumer).await?;
    letters.replay(id, &consumer).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Give an event up.
#[utoipa::path(
    delete, path = "/api/v1/admin/bus/dead-letters/{id}/{consumer}", operation_id = "drop_dead_letter", tag = "admin",
    params(("id" = Uuid, Path), ("consumer" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn drop_letter(
    State(letters): State<Letters>,
    who: Identity,
    Path((id, consumer)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (id, letters) = owning(&letters, &who, &id, &consumer).await?;
    letters.drop_letter(id, &consumer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The outbox with this letter of the admin's organisation.
async fn owning<'a>(
    letters: &'a Letters,
    who: &Identity,
    id: &str,
    consumer: &str,
) -> Result<(Uuid, &'a DeadLetters), Problem> {
    who.require_admin()?;
    let missing = || Problem::not_found("dead letter");
    let id: Uuid = id.parse().map_err(|_| missing())?;
    for (_, letters) in letters.iter() {
        let listed = letters.list(who.org).await?;
        if listed.iter().any(|letter| letter.id == id && letter.consumer == consumer) {
            return Ok((id, letters));
        }
    }
    Err(missing())
}
