//! Files as users see them: received, listed, read, deleted.

mod file;
mod receive;

use std::ops::Range;

use ::jobs::{EnqueueOptions, JobQueue};
use access::{Action, CachedDirectory, Caller};
use audit::{Audit, Object};
use base::{
    Problem,
    problem::Code,
    time::{Clock, Ids},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use db::{Db, DbError, Session};
pub(crate) use file::{File, FileText, Original, Row, Stage};
use futures::stream::BoxStream;
use idempotency::IdempotencyKeys;
use kit::{Page, PageOf, Resource, cursor::CursorKey};
use objects::{ObjectError, Objects};
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use quota::Quota;
pub(crate) use receive::{Origin, Staged, UploadOutcome, plain_path, too_large};
use rpc::{PeerError, Transport, retry};
use server::Deps;
use uuid::Uuid;

use crate::{
    jobs::{COMPACT_DELAY, CompactIndex, DeleteObject},
    store,
};

/// The files of every organisation; each call is made for one caller. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    db: Db,
    objects: Objects,
    clock: Clock,
    ids: Ids,
    cursors: CursorKey,
    projects: Transport,
    max_bytes: u64,
    jobs: JobQueue,
    keys: IdempotencyKeys,
    quota: Quota,
    audit: Audit,
    directory: CachedDirectory,
}

impl Files {
    pub(crate) fn new(deps: &Deps, max_bytes: u64) -> Result<Self, PeerError> {
        Ok(Self {
            db: deps.db.clone(),
            objects: deps.objects.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            cursors: deps.cursor_key.clone(),
            projects: deps.peers.to("projects")?,
            max_bytes,
            jobs: deps.jobs.clone(),
            keys: deps.idempotency.clone(),
            quota: deps.quota.clone(),
            audit: deps.audit.clone(),
            directory: deps.directory.clone(),
        })
    }

    pub(crate) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// The id of a project, by slug or id, in which `who` may do `action`; the 404 of projects-svc names near ones.
    pub(crate) async fn project(&self, who: &Caller, action: Action, slug_or_id: &str) -> Result<Uuid, Problem> {
        let found = retry(&self.projects, || async {
            let message = ResolveRequest { slug_or_id: slug_or_id.to_owned() };
            ProjectsServiceClient::new(self.projects.clone()).resolve(who.request(message)).await
        });
        let project = found.await?.into_inner();
        let id = project.id.parse().map_err(|_| Problem::internal("projects-svc sent an id that is none"))?;
        self.directory.check_project(who, action, "project", id).await?;
        Ok(id)
    }

    /// Has an object deleted that no file owns. The deletion that was enqueued before its first byte tells whether that is so: it is
    /// cancelled in the commit that makes the file, whatever was heard of that commit.
    async fn delete_unowned(&self, who: &Caller, id: Uuid) {
        let deleted: Result<(), DbError> = async {
            let mut session = self.db.begin(&who.scope()).await?;
            if self.jobs.cancel::<DeleteObject>(&mut session, &id.to_string()).await? {
                self.jobs.enqueue(&mut session, &DeleteObject { object: id }).await?;
            }
            session.commit().await
        }
        .await;
        if let Err(error) = deleted {
            tracing::warn!(%error, "failed to enqueue the deletion of an object; it is deleted when its upload would have timed out");
        }
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, project: Option<Uuid>, page: &Page) -> Result<PageOf<File>, Problem> {
        // A cursor goes on with the files of its own project only.
        let list = project.map_or_else(|| "files".to_owned(), |project| format!("files of {project}"));
        let before: Option<Uuid> = self.cursors.position(&list, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let rows = store::files::list(&mut session, project, before, page.fetch_limit()).await?;
        drop(session);
        let mut page = self.cursors.page(&list, page, rows, |row| row.id);
        self.directory.retain_allowed(who, Action::ListFiles, &mut page.items, |row| row.project).await?;
        Ok(page.map(File::from))
    }

    pub(crate) async fn get(&self, who: &Caller, id: Uuid) -> Result<File, Problem> {
        self.row(who, Action::GetFile, id).await.map(File::from)
    }

    /// A file to which `who` may do `action`.
    async fn row(&self, who: &Caller, action: Action, id: Uuid) -> Result<Row, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let row = store::files::by_id(&mut session, id).await?.ok_or_else(File::missing)?;
        drop(session);
        self.directory.check_project(who, action, File::NAME, row.project).await?;
        Ok(row)
    }

    /// What the bytes of a file are, which [`bytes`](Self::bytes) and [`beginning`](Self::beginning) read.
    pub(crate) async fn original(&self, who: &Caller, id: Uuid) -> Result<Original, Problem> {
        let row = self.row(who, Action::GetFileContent, id).await?;
        Ok(Original { name: row.name, format: row.format, size: u64::try_from(row.size).unwrap_or_default() })
    }

    /// The first bytes of an original that the caller may read.
    pub(crate) async fn beginning(&self, who: &Caller, id: Uuid, length: u64) -> Result<Bytes, Problem> {
        self.objects.get_range(&who.scope(), id, 0..length).await.map_err(|error| unreadable(&error))
    }

    /// Bytes of an original that the caller may read, as they are taken.
    pub(crate) async fn bytes(
        &self,
        who: &Caller,
        id: Uuid,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, Problem> {
        self.objects.stream(&who.scope(), id, range).await.map_err(|error| unreadable(&error))
    }

    /// 409 while the file has no text yet, or never will.
    pub(crate) async fn text(&self, who: &Caller, id: Uuid) -> Result<FileText, Problem> {
        let row = self.row(who, Action::GetFileText, id).await?;
        let mut session = self.db.read(&who.scope()).await?;
        if let Some(stored) = store::content::text(&mut session, id).await? {
            return Ok(FileText {
                title: stored.title.unwrap_or(stored.name),
                url: None,
                fetched_at: stored.created_at,
                text: stored.text,
            });
        }
        let detail = row.error.unwrap_or_else(|| "the file has not been read yet".to_owned());
        Err(Problem::new(Code::NoText, detail))
    }

    /// Deletes a file and all that was made from it.
    pub(crate) async fn delete(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        self.row(who, Action::DeleteFile, id).await?;
        let mut session = self.db.begin(&who.scope()).await?;
        if !remove(&mut session, &self.jobs, id, self.clock.now()).await? {
            return Err(File::missing());
        }
        self.audit.record(&mut session, who, Action::DeleteFile, Object::new(File::NAME, id)).await?;
        Ok(session.commit().await?)
    }
}

fn unreadable(error: &ObjectError) -> Problem {
    if matches!(error, ObjectError::Missing) {
        return File::missing();
    }
    tracing::error!(%error, "an object could not be read; its file is not shown");
    Problem::unavailable("the file could not be read from the store")
}

/// Deletes a file with everything made from it; `false` when there is none.
pub(crate) async fn remove(
    session: &mut Session,
    jobs: &JobQueue,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let Some(place) = store::files::place(session, id).await? else { return Ok(false) };
    // The project's numbers first, as whoever stores a version takes them: the other order would end in a deadlock.
    store::vectors::bump(session, place.project).await?;
    let Some(place) = store::files::delete(session, id).await? else { return Ok(false) };
    if let Some(first) = place.first_seq {
        let end = first + place.chunks;
        store::search::delete(session, first, end).await?;
        store::vectors::delete(session, first, end).await?;
    }
    jobs.enqueue(session, &DeleteObject { object: id }).await?;
    // Postgres has autovacuum for that.
    if session.is_sqlite() {
        let options = EnqueueOptions { run_at: Some(now + COMPACT_DELAY), dedupe_key: Some("index"), scope: None };
        jobs.enqueue_with(session, &CompactIndex {}, options).await?;
    }
    Ok(true)
}
