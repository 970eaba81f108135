//! The operator's routes: dead letters of every service of this process.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use common::{
    Problem,
    auth::Identity,
    bus::{DeadLetter, DeadLetters},
};
use serde::Serialize;
use uuid::Uuid;

type Letters = Arc<Vec<(&'static str, DeadLetters)>>;

pub(crate) fn routes(letters: Vec<(&'static str, DeadLetters)>) -> Router {
    Router::new()
        .route("/api/v1/admin/bus/dead-letters", get(list))
        .route("/api/v1/admin/bus/dead-letters/{id}/{consumer}/replay", post(replay))
        .route("/api/v1/admin/bus/dead-letters/{id}/{consumer}", axum::routing::delete(drop_letter))
        .with_state(Arc::new(letters))
}

#[derive(Serialize)]
struct Listed {
    service: &'static str,
    #[serde(flatten)]
    letter: DeadLetter,
}

#[derive(Serialize)]
struct Listing {
    items: Vec<Listed>,
}

async fn list(State(letters): State<Letters>, who: Identity) -> Result<Json<Listing>, Problem> {
    who.require_admin()?;
    let mut items = Vec::new();
    for (service, letters) in letters.iter() {
        // An admin sees the letters of their own organisation.
        let own = letters.list().await?.into_iter().filter(|letter| letter.org == who.org);
        items.extend(own.map(|letter| Listed { service, letter }));
    }
    Ok(Json(Listing { items }))
}

async fn replay(
    State(letters): State<Letters>,
    who: Identity,
    Path((id, consumer)): Path<(Uuid, String)>,
) -> Result<StatusCode, Problem> {
    let letters = owning(&letters, &who, id, &consumer).await?;
    letters.replay(id, &consumer).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn drop_letter(
    State(letters): State<Letters>,
    who: Identity,
    Path((id, consumer)): Path<(Uuid, String)>,
) -> Result<StatusCode, Problem> {
    let letters = owning(&letters, &who, id, &consumer).await?;
    letters.drop_letter(id, &consumer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The outbox with this letter of the admin's organisation.
async fn owning<'a>(
    letters: &'a Letters,
    who: &Identity,
    id: Uuid,
    consumer: &str,
) -> Result<&'a DeadLetters, Problem> {
    who.require_admin()?;
    for (_, letters) in letters.iter() {
        let listed = letters.list().await?;
        if listed.iter().any(|letter| letter.id == id && letter.consumer == consumer && letter.org == who.org) {
            return Ok(letters);
        }
    }
    Err(Problem::not_found("dead letter"))
}
