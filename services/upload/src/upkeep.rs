//! Deletes what belongs to nobody: objects of uploads that were cut off, and what deleted files left behind.

use std::time::Duration;

use base::{Scope, SystemScope, tasks::Task, time::Clock};
use db::{Db, DbError};
use objects::Objects;
use tokio_util::sync::CancellationToken;

use crate::store;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks for such leftovers until the process stops.
pub(crate) fn task(db: Db, objects: Objects, clock: Clock) -> Task {
    Task::new("delete leftovers", move |system, stop: CancellationToken| {
        let (db, objects, clock) = (db.clone(), objects.clone(), clock.clone());
        async move {
            while !stop.is_cancelled() {
                if let Err(error) = pass(&db, &objects, &clock, &system).await {
                    tracing::warn!(%error, "leftovers could not be deleted");
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    })
}

/// The records go last, so that a crash in between repeats the pass.
async fn pass(db: &Db, objects: &Objects, clock: &Clock, system: &SystemScope) -> Result<(), DbError> {
    let scope = Scope::from(system.clone());
    let mut session = db.read(&scope).await?;
    let due = store::objects::due(&mut session, clock.now()).await?;
    drop(session);
    if due.is_empty() {
        return Ok(());
    }
    compact(db, &scope).await?;
    for loose in due {
        if let Err(error) = objects.delete(&system.on_behalf_of(loose.org, loose.owner), loose.id).await {
            tracing::warn!(%error, "an object could not be deleted");
            continue;
        }
        let mut session = db.begin(&scope).await?;
        store::objects::settle(&mut session, loose.org, loose.id).await?;
        session.commit().await?;
    }
    Ok(())
}

/// Rewrites the full-text index in small transactions, so that uploads go on meanwhile.
async fn compact(db: &Db, scope: &Scope) -> Result<(), DbError> {
    let mut start = true;
    loop {
        let mut session = db.begin(scope).await?;
        let done = store::search::compact(&mut session, start).await?;
        session.commit().await?;
        if done && !start {
            return Ok(());
        }
        start = false;
    }
}
