//! Receiving a file: its bytes are stored first, and only then is there a file.

use std::pin::Pin;

use ::jobs::EnqueueOptions;
use access::{Action, Caller};
use audit::Object;
use axum::http::StatusCode;
use base::{
    Problem,
    problem::{Code, Violation},
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use db::{DbError, Session};
use futures::{Stream, StreamExt};
use idempotency::{Attempt, AttemptError, Begun, StoredAnswer};
use kit::Resource;
use objects::ObjectError;
use quota::Meter;
use reader::Format;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{File, Files, Row};
use crate::{
    jobs::{DeleteObject, ReadFile},
    store::{self, files::NewFile},
};

/// What [`Format::detect`] looks at.
const HEAD: usize = 4 * 1024;
/// An upload that takes longer than this has been given up.
const UPLOAD_TIMEOUT: TimeDelta = TimeDelta::days(1);

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

/// What its sender knows of a file beside its bytes.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Origin {
    /// Where it was in its folder; `None` is at the top, under its name.
    pub(crate) path: Option<String>,
    /// When it was last changed.
    pub(crate) modified_at: Option<DateTime<Utc>>,
}

/// What came of an upload.
pub(crate) enum UploadOutcome {
    New(File),
    /// The same content is there already, under the same path.
    Known(File),
    /// The same request came before, and was answered so.
    Replay(StoredAnswer),
}

/// What makes an upload another request.
#[derive(Serialize)]
struct UploadRequest<'a> {
    project: Uuid,
    name: &'a str,
    origin: &'a Origin,
    sha256: &'a [u8],
}

impl Files {
    /// Stores bytes as they come. The deletion of the object is enqueued before its first byte, so that a crash leaves
    /// nothing behind.
    pub(crate) async fn stage<S>(
        &self,
        who: &Caller,
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
            .map_err(|error| Problem::new(Code::UnsupportedType, error.to_string()))?;
        let format = serde_json::to_value(format).map_err(Problem::internal)?;
        let id = self.ids.next();
        let mut session = self.db.begin(&who.scope()).await?;
        let run_at = Some(self.clock.now() + UPLOAD_TIMEOUT);
        let options = EnqueueOptions { run_at, dedupe_key: Some(&id.to_string()), scope: None };
        self.jobs.enqueue_with(&mut session, &DeleteObject { object: id }, options).await?;
        session.commit().await?;
        let mut limiter = HashingLimiter { size: 0, max: self.max_bytes, hash: Sha256::new(), refused: None };
        let stored = self.objects.put(&who.scope(), id, limiter.pass(head, bytes)).await;
        if let Err(error) = stored {
            self.delete_unowned(who, id).await;
            return Err(limiter.refused.unwrap_or_else(|| store_failed(&error)));
        }
        Ok(Staged {
            id,
            name,
            format: format.as_str().unwrap_or_default().to_owned(),
            size: i64::try_from(limiter.size).unwrap_or(i64::MAX),
            sha256: limiter.hash.finalize().to_vec(),
        })
    }

    /// Makes a file of what was staged, unless its path has that content or the key was used for it before.
    pub(crate) async fn admit(
        &self,
        who: &Caller,
        project: Uuid,
        staged: Staged,
        origin: &Origin,
        idempotency_key: Option<&str>,
    ) -> Result<UploadOutcome, Problem> {
        let id = staged.id;
        let admitted = self.admit_once(who, project, &staged, origin, idempotency_key).await;
        if !matches!(admitted, Ok(UploadOutcome::New(_))) {
            self.delete_unowned(who, id).await;
        }
        admitted
    }

    async fn admit_once(
        &self,
        who: &Caller,
        project: Uuid,
        staged: &Staged,
        origin: &Origin,
        key: Option<&str>,
    ) -> Result<UploadOutcome, Problem> {
        let request = UploadRequest { project, name: &staged.name, origin, sha256: &staged.sha256 };
        let attempt = match self.keys.begin(&who.scope(), Action::UploadFile.operation(), key, &request).await? {
            Begun::New(attempt) => attempt,
            Begun::Replay(answer) => return Ok(UploadOutcome::Replay(answer)),
        };
        let size = staged.size.unsigned_abs();
        let admitted = async {
            let reservation = self.quota.reserve(who, Meter::UploadBytes, size).await?;
            let path = origin.path.as_deref().unwrap_or(&staged.name);
            let modified_at = origin.modified_at;
            let new = NewFile { project, staged, path, modified_at, version: 1, now: self.clock.now() };
            let outcome = match self.try_admit(who, &new, &attempt).await {
                // Another request was faster by a moment; now its file is there to be found.
                Err(UploadError::Db(error)) if error.is_unique_violation() => {
                    self.try_admit(who, &new, &attempt).await?
                }
                outcome => outcome?,
            };
            if matches!(outcome, UploadOutcome::New(_)) {
                reservation.settle(size).await;
            }
            Ok(outcome)
        };
        let admitted = admitted.await;
        if admitted.is_err() {
            self.keys.release(&who.scope(), attempt).await;
        }
        admitted
    }

    async fn try_admit(
        &self,
        who: &Caller,
        new: &NewFile<'_>,
        attempt: &Attempt,
    ) -> Result<UploadOutcome, UploadError> {
        let mut session = self.db.begin(&who.scope()).await?;
        if store::files::is_deleted_project(&mut session, new.project).await? {
            return Err(UploadError::Problem(Problem::not_found("project")));
        }
        let latest = store::files::latest(&mut session, new.project, new.path).await?;
        let (row, status) = match &latest {
            Some(latest) if latest.sha256 == new.staged.sha256 => {
                (store::files::by_id(&mut session, latest.id).await?.ok_or_else(File::missing)?, StatusCode::OK)
            }
            latest => {
                let version = latest.as_ref().map_or(1, |latest| latest.version + 1);
                (self.insert(&mut session, &NewFile { version, ..*new }).await?, StatusCode::ACCEPTED)
            }
        };
        let file = File::from(row);
        let object = Object::new(File::NAME, file.id());
        let object = match &latest {
            Some(latest) => object.before(&latest.sha256),
            None => object,
        };
        let object = object.after(&new.staged.sha256);
        self.audit.record(&mut session, who, Action::UploadFile, object).await?;
        attempt.complete(&mut session, status, &file).await?;
        session.commit().await?;
        Ok(if status == StatusCode::OK { UploadOutcome::Known(file) } else { UploadOutcome::New(file) })
    }

    async fn insert(&self, session: &mut Session, new: &NewFile<'_>) -> Result<Row, UploadError> {
        store::files::insert(session, new).await?;
        if !self.jobs.cancel::<DeleteObject>(session, &new.staged.id.to_string()).await? {
            return Err(UploadError::Problem(Problem::unavailable("the upload took too long; send it again")));
        }
        self.jobs.enqueue(session, &ReadFile { file: new.staged.id }).await?;
        let row = store::files::by_id(session, new.staged.id).await?;
        row.ok_or_else(|| UploadError::Problem(Problem::internal("a row that was just written is missing")))
    }

    /// Drops a staged file.
    pub(crate) async fn discard(&self, who: &Caller, staged: &Staged) {
        self.delete_unowned(who, staged.id).await;
    }
}

/// Why a file was not made.
enum UploadError {
    Db(DbError),
    Problem(Problem),
}

impl From<Problem> for UploadError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<DbError> for UploadError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<AttemptError> for UploadError {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Db(error) => Self::Db(error),
            error => Self::Problem(error.into()),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(refusal: UploadError) -> Self {
        match refusal {
            UploadError::Db(error) => error.into(),
            UploadError::Problem(problem) => problem,
        }
    }
}

/// Counts and hashes what passes, and stops at the limit.
struct HashingLimiter {
    size: u64,
    max: u64,
    hash: Sha256,
    /// Why the stream was ended, for the answer.
    refused: Option<Problem>,
}

impl HashingLimiter {
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
                        // Nobody asks for more after an error, so this is the last that is done here.
                        let refused = ObjectError::Source(problem.detail.clone());
                        self.refused = Some(problem);
                        yield Err(refused);
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
    Problem::new(Code::FileTooLarge, detail)
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

/// A path as it is shown and compared: parts of names, `/` between them. The error says what is wrong.
pub(crate) fn plain_path(path: &str) -> Result<String, &'static str> {
    const FAULT: &str = "a relative path of at most 1,000 characters, without . and ..";
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_plain = path.chars().count() <= 1_000 && !path.starts_with('/') && !path.chars().any(char::is_control);
    if !is_plain || parts.is_empty() || parts.iter().any(|part| matches!(part.trim(), "" | "." | "..")) {
        return Err(FAULT);
    }
    Ok(parts.join("/"))
}

/// The last part of a path without control characters. It is shown and never used as a path.
fn plain_name(name: &str) -> Result<String, Problem> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|char| !char.is_control()).take(255).collect();
    let plain = plain.trim().to_owned();
    if plain.is_empty() {
        return Err(Problem::invalid(vec![Violation::new("file", "the part has no file name")]));
    }
    Ok(plain)
}
