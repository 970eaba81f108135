//! Files as people see them: taken in, listed, read, deleted.

mod file;
mod intake;

use std::sync::Arc;

use access::Caller;
use base::{
    Problem,
    problem::Code,
    time::{Clock, Ids},
};
use chrono::TimeDelta;
use db::{Db, DbError};
pub(crate) use file::{File, FilePage, FileText, Row, Stage};
pub(crate) use intake::{Admitted, Staged, too_large};
use kit::cursor::CursorKey;
use objects::Objects;
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use rpc::{Transport, retry};
use server::Deps;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::store;

const LIST: &str = "files";
/// What a deleted file leaves in the full-text index is rewritten after this, together with that of its neighbours.
const FORGET_AFTER: TimeDelta = TimeDelta::seconds(30);

/// The files of every tenant, each asked for in a person's name. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    db: Db,
    objects: Objects,
    clock: Clock,
    ids: Ids,
    cursors: CursorKey,
    projects: Transport,
    max_bytes: u64,
    wake: Arc<Notify>,
}

impl Files {
    pub(crate) fn new(deps: &Deps, max_bytes: u64, wake: Arc<Notify>) -> Self {
        Self {
            db: deps.db.clone(),
            objects: deps.objects.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            cursors: deps.cursor_key.clone(),
            projects: deps.peers.to("projects"),
            max_bytes,
            wake,
        }
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// The id of a project by slug or id; the 404 of projects-svc names near ones.
    pub(crate) async fn project(&self, who: &Caller, slug_or_id: &str) -> Result<Uuid, Problem> {
        let found = retry(&self.projects, || async {
            let message = ResolveRequest { slug_or_id: slug_or_id.to_owned() };
            ProjectsServiceClient::new(self.projects.clone()).resolve(who.request(message)).await
        });
        let project = found.await?.into_inner();
        project.id.parse().map_err(|_| Problem::internal("projects-svc sent an id that is none"))
    }

    /// Deletes an object nobody owns. What fails here is done by upkeep, from the record in `loose_objects`.
    async fn forget(&self, who: &Caller, id: Uuid) {
        if let Err(error) = self.objects.delete(&who.scope(), id).await {
            tracing::warn!(%error, "an object stays until it is due");
            return;
        }
        let forgotten: Result<(), DbError> = async {
            let mut session = self.db.begin(&who.scope()).await?;
            store::objects::settle(&mut session, who.org, id).await?;
            session.commit().await
        }
        .await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "the record of a deleted object stays until it is due");
        }
    }

    /// Newest first.
    pub(crate) async fn list(
        &self,
        who: &Caller,
        project: Option<Uuid>,
        limit: i64,
        cursor: Option<&str>,
    ) -> Result<FilePage, Problem> {
        let before: Option<Uuid> = cursor.map(|cursor| self.cursors.open(LIST, cursor)).transpose()?;
        let mut session = self.db.read(&who.scope()).await?;
        let mut rows = store::files::list(&mut session, who.org, project, before, limit + 1).await?;
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next_cursor = last.map(|row| self.cursors.seal(LIST, &row.id));
        Ok(FilePage { items: rows.into_iter().map(File::from).collect(), next_cursor })
    }

    pub(crate) async fn get(&self, who: &Caller, id: Uuid) -> Result<File, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let row = store::files::by_id(&mut session, who.org, id).await?;
        row.map(File::from).ok_or_else(missing)
    }

    /// 409 while the file has no text yet, or never will.
    pub(crate) async fn text(&self, who: &Caller, id: Uuid) -> Result<FileText, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        if let Some(stored) = store::content::text(&mut session, who.org, id).await? {
            return Ok(FileText {
                title: stored.title.unwrap_or(stored.name),
                url: None,
                fetched_at: stored.created_at,
                text: stored.text,
            });
        }
        let row = store::files::by_id(&mut session, who.org, id).await?.ok_or_else(missing)?;
        let detail = row.error.unwrap_or_else(|| "the file has not been read yet".to_owned());
        Err(Problem::new(Code::NoText, detail))
    }

    /// Deletes a file and all that was made from it.
    pub(crate) async fn delete(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        let mut session = self.db.begin(&who.scope()).await?;
        let place = store::files::delete(&mut session, who.org, id).await?.ok_or_else(missing)?;
        if let Some(first) = place.first_seq {
            let end = first + place.chunks;
            store::search::delete(&mut session, first, end).await?;
            store::vectors::delete(&mut session, first, end).await?;
            store::vectors::bump(&mut session, who.org, place.project).await?;
        }
        store::objects::loosen(&mut session, who.org, id, who.user, self.clock.now() + FORGET_AFTER).await?;
        session.commit().await?;
        if let Err(error) = self.objects.delete(&who.scope(), id).await {
            tracing::warn!(%error, "an object stays until it is due");
        }
        Ok(())
    }
}

fn missing() -> Problem {
    Problem::not_found("file")
}
