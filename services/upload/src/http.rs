//! `/api/v1/upload`.

mod content;
mod range;

use std::time::Duration;

use access::{Action, Allowed, Caller, action};
use axum::{
    Json,
    extract::{
        DefaultBodyLimit, Multipart, Request, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, NoContent, Response},
};
use base::{
    Problem,
    problem::{Code, Violation},
};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use idempotency::REPLAYED_HEADER;
use kit::{Id, IdempotencyKey, PageOf, PageWith, Validator, tenant_limiter::TenantLimiter};
use serde::Deserialize;
use serde_json::Value;
use server::http::exempt_from_limit;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::files::{File, FileText, Files, Origin, Staged, UploadOutcome, plain_path, too_large};

/// What a multipart body adds to its file.
const FRAMING: u64 = 64 * 1024;
const MAX_PROJECT_BYTES: usize = 200;
const MAX_PATH_BYTES: usize = 4_000;
const MAX_DATE_BYTES: usize = 40;
/// Files a process receives at once, and how long another one waits for a permit.
const MAX_CONCURRENT_UPLOADS: usize = 32;
const PERMIT_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) fn routes(files: Files) -> OpenApiRouter {
    // Without a reserve: an organisation that is alone may send as many files as the process receives.
    let limiter = TenantLimiter::new(MAX_CONCURRENT_UPLOADS);
    let limit = middleware::from_fn_with_state(limiter, limit_uploads);
    let upload = kit::routes![upload].layer(DefaultBodyLimit::disable()).layer(limit);
    upload.merge(kit::routes![list, get, delete, text, content::content]).with_state(files)
}

/// An upload takes as long as its sender does, which is why it has a limit of its own.
async fn limit_uploads(
    State(limiter): State<TenantLimiter>,
    who: Allowed<action::UploadFile>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    exempt_from_limit();
    let Some(_permit) = limiter.acquire(Some(who.org()), PERMIT_TIMEOUT).await else {
        return Err(Problem::overloaded(
            "more files are sent than this server receives at once; try again in a moment",
        ));
    };
    Ok(next.run(request).await)
}

/// The fields of an upload, in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the multipart body")]
struct UploadForm {
    /// One file: PDF, DOCX, EPUB, HTML, Markdown, CSV or plain text.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Slug or id.
    #[schema(max_length = 200)]
    project: String,
    /// Where the file was in its folder, such as `travel/rules.md`. A file that came before under this path, or under this name
    /// where no path is given, is replaced as soon as this one is read.
    #[schema(max_length = 1000)]
    path: Option<String>,
    /// When the file was last changed; its date where it tells none itself.
    #[schema(max_length = 40)]
    modified_at: Option<DateTime<Utc>>,
}

/// Upload a file.
///
/// The answer comes when the file is stored; reading and indexing it goes on behind. The same content under the
/// same path is answered with the file that is there.
#[utoipa::path(
    post, path = "/api/v1/upload", operation_id = "upload_file",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 202, body = File), (status = 200, body = File, description = "It was there already."),
        (status = 404, description = "There is no such project; the detail has similar slugs."),
        (status = 413, description = "The file is larger than `UPLOAD_MAX_BYTES`."),
        (status = 415, description = "The file, or the body, is of a type that is not read.")))]
async fn upload(
    State(files): State<Files>,
    who: Allowed<action::UploadFile>,
    IdempotencyKey(key): IdempotencyKey,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    check_length(&headers, files.max_bytes())?;
    let multipart =
        multipart.map_err(|rejection| Problem::new(Code::of_body(rejection.status()), rejection.body_text()))?;
    let mut form = Form::default();
    let read = form.read(&files, &who, multipart).await;
    let Form { staged, project, path, modified_at } = form;
    let origin = Origin { path, modified_at };
    let staged = match (read, staged) {
        (Ok(()), Some(staged)) => staged,
        (Ok(()), None) => return Err(missing_fields(true, project.is_none())),
        (Err(problem), staged) => {
            if let Some(staged) = staged {
                files.discard(&who, &staged).await;
            }
            return Err(problem);
        }
    };
    let Some(project) = project else {
        files.discard(&who, &staged).await;
        return Err(missing_fields(false, true));
    };
    Ok(match files.admit(&who, project, staged, &origin, key.as_deref()).await? {
        UploadOutcome::New(file) => (StatusCode::ACCEPTED, Json(file)).into_response(),
        UploadOutcome::Known(file) => (StatusCode::OK, Json(file)).into_response(),
        UploadOutcome::Replay(answer) => {
            let replayed = [(REPLAYED_HEADER, HeaderValue::from_static("true"))];
            (answer.status, replayed, Json(answer.body::<Value>()?)).into_response()
        }
    })
}

/// The fields read so far.
#[derive(Default)]
struct Form {
    staged: Option<Staged>,
    project: Option<Uuid>,
    path: Option<String>,
    modified_at: Option<DateTime<Utc>>,
}

impl Form {
    async fn read(&mut self, files: &Files, who: &Caller, mut multipart: Multipart) -> Result<(), Problem> {
        while let Some(field) = multipart.next_field().await.map_err(|error| unreadable(&error))? {
            match field.name() {
                Some("project") if self.project.is_none() => {
                    let slug_or_id = short_text(field, MAX_PROJECT_BYTES).await?;
                    self.project = Some(files.project(who, Action::UploadFile, &slug_or_id).await?);
                }
                Some("file") if self.staged.is_none() => {
                    let name = field.file_name().unwrap_or_default().to_owned();
                    let content_type = field.content_type().map(str::to_owned);
                    let bytes = field.map(|piece| piece.map_err(|error| unreadable(&error)));
                    self.staged = Some(files.stage(who, &name, content_type.as_deref(), bytes).await?);
                }
                Some("path") if self.path.is_none() => {
                    let path = plain_path(&short_text(field, MAX_PATH_BYTES).await?);
                    self.path = Some(path.map_err(|fault| invalid("path", fault))?);
                }
                Some("modified_at") if self.modified_at.is_none() => {
                    let date = DateTime::parse_from_rfc3339(&short_text(field, MAX_DATE_BYTES).await?);
                    let date = date.map_err(|_| invalid("modified_at", "not a date and time as in RFC 3339"))?;
                    self.modified_at = Some(date.to_utc());
                }
                Some(name @ ("project" | "file" | "path" | "modified_at")) => {
                    return Err(invalid(name, "given twice: one file a request"));
                }
                name => {
                    let name = name.unwrap_or_default();
                    return Err(invalid(name, "not a field of an upload"));
                }
            }
        }
        Ok(())
    }
}

/// Refuses by `Content-Length` before a byte of the body is read.
fn check_length(headers: &HeaderMap, max: u64) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length: u64 = length.and_then(|length| length.parse().ok()).unwrap_or_default();
    if length > max.saturating_add(FRAMING) { Err(too_large(max)) } else { Ok(()) }
}

async fn short_text(mut field: Field<'_>, max: usize) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut text = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| unreadable(&error))? {
        text.extend_from_slice(&piece);
        if text.len() > max {
            return Err(invalid(&name, &format!("longer than {max} bytes")));
        }
    }
    let text = String::from_utf8(text).map_err(|_| invalid(&name, "not UTF-8"))?;
    Ok(text.trim().to_owned())
}

fn invalid(field: &str, detail: &str) -> Problem {
    Problem::invalid(vec![Violation::new(field, detail)])
}

fn unreadable(error: &MultipartError) -> Problem {
    Problem::new(Code::of_body(error.status()), error.body_text())
}

fn missing_fields(file: bool, project: bool) -> Problem {
    let missing = [("file", file), ("project", project)].into_iter().filter(|(_, missing)| *missing);
    Problem::invalid(missing.map(|(name, _)| Violation::new(name, "is missing")).collect())
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct FileFilters {
    /// Slug or id; every project when left out.
    #[param(max_length = 200)]
    project: Option<String>,
}

/// The files of a project or of the organisation, newest first.
#[utoipa::path(
    get, path = "/api/v1/upload", operation_id = "list_files",
    responses((status = 404, description = "There is no such project; the detail has similar slugs.")))]
async fn list(
    State(files): State<Files>,
    who: Allowed<action::ListFiles>,
    PageWith(page, filters): PageWith<FileFilters>,
) -> Result<PageOf<File>, Problem> {
    let mut check = Validator::default();
    let project_ok = filters.project.as_ref().is_none_or(|project| project.len() <= MAX_PROJECT_BYTES);
    check.ensure(project_ok, "project", "longer than any slug");
    check.finish()?;
    let project = match filters.project {
        Some(slug_or_id) => Some(files.project(&who, Action::ListFiles, &slug_or_id).await?),
        None => None,
    };
    files.list(&who, project, &page).await
}

/// How far a file has come.
#[utoipa::path(get, path = "/api/v1/upload/{id}", operation_id = "get_file")]
async fn get(State(files): State<Files>, who: Allowed<action::GetFile>, id: Id<File>) -> Result<Json<File>, Problem> {
    files.get(&who, id.0).await.map(Json)
}

/// The text of a file; offsets of passages count its characters (Unicode scalar values).
#[utoipa::path(
    get, path = "/api/v1/upload/{id}/text", operation_id = "get_file_text",
    responses((status = 409, description = "There is no text (yet).")))]
async fn text(
    State(files): State<Files>,
    who: Allowed<action::GetFileText>,
    id: Id<File>,
) -> Result<Json<FileText>, Problem> {
    files.text(&who, id.0).await.map(Json)
}

/// Delete a file and everything made from it.
#[utoipa::path(delete, path = "/api/v1/upload/{id}", operation_id = "delete_file")]
async fn delete(
    State(files): State<Files>,
    who: Allowed<action::DeleteFile>,
    id: Id<File>,
) -> Result<NoContent, Problem> {
    files.delete(&who, id.0).await?;
    Ok(NoContent)
}
