//! Files as people see them: taken in, listed, read, deleted.

use std::{pin::Pin, sync::Arc};

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use common::{
    Deps, Problem,
    auth::Identity,
    client::{Transport, retry},
    cursor::CursorKey,
    db::{Db, DbError},
    objects::{ObjectError, Objects},
    time::{Clock, Ids},
};
use futures::{Stream, StreamExt};
use proto::projects::v1::{ResolveRequest, projects_service_client::ProjectsServiceClient};
use reader::Format;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::{self, files::NewFile};

const LIST: &str = "files";
/// What [`Format::detect`] looks at.
const HEAD: usize = 4 * 1024;
/// An upload that takes longer than this has been given up.
const UPLOAD_WITHIN: TimeDelta = TimeDelta::days(1);
/// What a deleted file leaves in the full-text index is rewritten after this, together with that of its neighbours.
const FORGET_AFTER: TimeDelta = TimeDelta::seconds(30);

/// How far a file has come, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Received,
    Parsed,
    Indexed,
    Failed,
}

impl TryFrom<String> for Stage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "received" => Ok(Self::Received),
            "parsed" => Ok(Self::Parsed),
            "indexed" => Ok(Self::Indexed),
            "failed" => Ok(Self::Failed),
            _ => Err(format!("{text:?} is not a stage")),
        }
    }
}

/// How far a file has come, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Stored; nothing is known of its content yet.
    Received,
    /// Its text is there and found by its words; vectors are being made.
    Parsed,
    /// Everything is there.
    Indexed,
    /// Something passing went wrong (`error` says what); it is tried again.
    Pending,
    /// It cannot be read; `error` says why.
    Failed,
}

/// A file of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct File {
    id: Uuid,
    name: String,
    project_id: Uuid,
    /// Bytes.
    size: i64,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How often it was worked on.
    attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Set where the format has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<i64>,
    /// Passages it was cut into.
    chunks: i64,
    created_at: DateTime<Utc>,
}

/// A page of files.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FilePage {
    items: Vec<File>,
    next_cursor: Option<String>,
}

/// The text of a file, in the shape that stored copies of web pages have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileText {
    title: String,
    /// Always `null`: a file has no address.
    url: Option<String>,
    /// When it was uploaded.
    fetched_at: DateTime<Utc>,
    text: String,
}

/// A row of `files`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    id: Uuid,
    pub(crate) project: Uuid,
    name: String,
    size: i64,
    sha256: Vec<u8>,
    #[sqlx(try_from = "String")]
    pub(crate) stage: Stage,
    error: Option<String>,
    attempts: i64,
    title: Option<String>,
    pages: Option<i64>,
    chunks: i64,
    created_at: DateTime<Utc>,
}

impl From<Row> for File {
    fn from(row: Row) -> Self {
        let status = match (row.stage, &row.error) {
            (Stage::Failed, _) => Status::Failed,
            (Stage::Indexed, _) => Status::Indexed,
            (_, Some(_)) => Status::Pending,
            (Stage::Received, None) => Status::Received,
            (Stage::Parsed, None) => Status::Parsed,
        };
        Self {
            id: row.id,
            name: row.name,
            project_id: row.project,
            size: row.size,
            status,
            error: row.error,
            attempts: row.attempts,
            title: row.title,
            pages: row.pages,
            chunks: row.chunks,
            created_at: row.created_at,
        }
    }
}

/// A file whose bytes are durably stored and which nobody owns yet.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// [`Format`] as it is written in JSON.
    pub(crate) format: String,
    pub(crate) size: i64,
    pub(crate) sha256: Vec<u8>,
}

/// What came of an upload.
pub(crate) enum Admitted {
    New(File),
    /// The same content is in the project already, or the same request came before.
    Known(File),
}

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
    pub(crate) async fn project(&self, who: &Identity, slug_or_id: &str) -> Result<Uuid, Problem> {
        let found = retry(&self.projects, || async {
            let message = ResolveRequest { slug_or_id: slug_or_id.to_owned() };
            ProjectsServiceClient::new(self.projects.clone()).resolve(who.request(message)).await
        });
        let project = found.await?.into_inner();
        project.id.parse().map_err(|_| Problem::internal("projects-svc sent an id that is none"))
    }

    /// Stores bytes as they come. The object is on record as loose before its first byte, so that a crash leaves nothing
    /// that upkeep does not know of.
    pub(crate) async fn stage<S>(
        &self,
        who: &Identity,
        name: &str,
        content_type: Option<&str>,
        mut bytes: S,
    ) -> Result<Staged, Problem>
    where
        S: Stream<Item = Result<Bytes, Problem>> + Unpin + Send,
    {
        let name = plain_name(name)?;
        let head = head(&mut bytes).await?;
        let format = Format::detect(Some(&name), content_type, &head)
            .map_err(|error| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", error.to_string()))?;
        let format = serde_json::to_value(format).map_err(Problem::internal)?;
        let id = self.ids.next();
        let mut session = self.db.begin(&who.scope()).await?;
        store::objects::loosen(&mut session, who.org, id, who.user, self.clock.now() + UPLOAD_WITHIN).await?;
        session.commit().await?;
        let mut meter = Meter { size: 0, max: self.max_bytes, hash: Sha256::new(), refused: None };
        let stored = self.objects.put(&who.scope(), id, meter.pass(head, bytes)).await;
        if let Err(error) = stored {
            self.forget(who, id).await;
            return Err(meter.refused.unwrap_or_else(|| store_failed(&error)));
        }
        Ok(Staged {
            id,
            name,
            format: format.as_str().unwrap_or_default().to_owned(),
            size: i64::try_from(meter.size).unwrap_or(i64::MAX),
            sha256: meter.hash.finalize().to_vec(),
        })
    }

    /// Makes a file of what was staged, unless the project has that content or the key was used for it before.
    pub(crate) async fn admit(
        &self,
        who: &Identity,
        project: Uuid,
        staged: Staged,
        idempotency_key: Option<&str>,
    ) -> Result<Admitted, Problem> {
        let new = NewFile { project, staged: &staged, idempotency_key, now: self.clock.now() };
        let admitted = match self.try_admit(who, &new).await {
            // Another request was faster by a moment; now its file is there to be found.
            Err(Refusal::Db(error)) if error.is_unique_violation() => self.try_admit(who, &new).await,
            outcome => outcome,
        };
        if !matches!(admitted, Ok(Admitted::New(_))) {
            self.forget(who, staged.id).await;
        }
        let admitted = admitted?;
        self.wake.notify_one();
        Ok(admitted)
    }

    async fn try_admit(&self, who: &Identity, new: &NewFile<'_>) -> Result<Admitted, Refusal> {
        let mut session = self.db.begin(&who.scope()).await?;
        if let Some(key) = new.idempotency_key
            && let Some(row) = store::files::by_key(&mut session, who.org, who.user, key).await?
        {
            if row.project == new.project && row.sha256 == new.staged.sha256 {
                return Ok(Admitted::Known(row.into()));
            }
            let detail = "this Idempotency-Key was used for another file";
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail);
            return Err(Refusal::Problem(problem));
        }
        if let Some(row) = store::files::by_content(&mut session, who.org, new.project, &new.staged.sha256).await? {
            return Ok(Admitted::Known(row.into()));
        }
        store::files::insert(&mut session, who.org, who.user, new).await?;
        if !store::objects::settle(&mut session, who.org, new.staged.id).await? {
            return Err(Refusal::Problem(Problem::unavailable("the upload took too long; send it again")));
        }
        let row = store::files::by_id(&mut session, who.org, new.staged.id).await?;
        session.commit().await?;
        let missing = || Refusal::Problem(Problem::internal("a row that was just written is missing"));
        row.map(|row| Admitted::New(row.into())).ok_or_else(missing)
    }

    /// Drops a staged file.
    pub(crate) async fn discard(&self, who: &Identity, staged: &Staged) {
        self.forget(who, staged.id).await;
    }

    /// Deletes an object nobody owns. What fails here is done by upkeep, from the record in `loose_objects`.
    async fn forget(&self, who: &Identity, id: Uuid) {
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
        who: &Identity,
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

    pub(crate) async fn get(&self, who: &Identity, id: Uuid) -> Result<File, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let row = store::files::by_id(&mut session, who.org, id).await?;
        row.map(File::from).ok_or_else(missing)
    }

    /// 409 while the file has no text yet, or never will.
    pub(crate) async fn text(&self, who: &Identity, id: Uuid) -> Result<FileText, Problem> {
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
        Err(Problem::new(StatusCode::CONFLICT, "no_text", detail))
    }

    /// Deletes a file and all that was made from it.
    pub(crate) async fn delete(&self, who: &Identity, id: Uuid) -> Result<(), Problem> {
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

/// Why a file was not made.
enum Refusal {
    Db(DbError),
    Problem(Problem),
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Db(error) => error.into(),
            Refusal::Problem(problem) => problem,
        }
    }
}

/// Counts and hashes what passes, and stops at the limit.
struct Meter {
    size: u64,
    max: u64,
    hash: Sha256,
    /// Why the stream was ended, for the answer.
    refused: Option<Problem>,
}

impl Meter {
    fn pass<'a, S>(
        &'a mut self,
        head: Bytes,
        mut rest: S,
    ) -> Pin<Box<dyn Stream<Item = Result<Bytes, ObjectError>> + Send + 'a>>
    where
        S: Stream<Item = Result<Bytes, Problem>> + Unpin + Send + 'a,
    {
        Box::pin(async_stream::stream! {
            let mut next = Some(Ok(head));
            while let Some(piece) = next {
                match piece.and_then(|piece| self.count(piece)) {
                    Ok(piece) => yield Ok(piece),
                    Err(problem) => {
                        yield Err(ObjectError::Source(problem.detail.clone()));
                        self.refused = Some(problem);
                        return;
                    }
                }
                next = rest.next().await;
            }
        })
    }

    fn count(&mut self, piece: Bytes) -> Result<Bytes, Problem> {
        self.size += piece.len() as u64;
        if self.size > self.max {
            return Err(too_large(self.max));
        }
        self.hash.update(&piece);
        Ok(piece)
    }
}

/// 413 that names the limit.
pub(crate) fn too_large(max: u64) -> Problem {
    let detail = format!("the file is larger than {max} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", detail)
}

fn missing() -> Problem {
    Problem::not_found("file")
}

fn store_failed(error: &ObjectError) -> Problem {
    tracing::error!(%error, "an object could not be stored");
    Problem::unavailable("the file could not be stored")
}

async fn head<S>(bytes: &mut S) -> Result<Bytes, Problem>
where
    S: Stream<Item = Result<Bytes, Problem>> + Unpin,
{
    let mut head = BytesMut::new();
    while head.len() < HEAD
        && let Some(piece) = bytes.next().await
    {
        head.extend_from_slice(&piece?);
    }
    Ok(head.freeze())
}

/// The last part of a path without control characters. It is shown and never used as a path.
fn plain_name(name: &str) -> Result<String, Problem> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|char| !char.is_control()).take(255).collect();
    let plain = plain.trim().to_owned();
    if plain.is_empty() {
        return Err(Problem::invalid(vec![common::problem::Fault::new("file", "the part has no file name")]));
    }
    Ok(plain)
}
