//! `GET /api/v1/upload/{id}/content`: a file as it was uploaded. It is somebody's file, not our page: nothing in it is run.

use access::{Allowed, action};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base::Problem;
use kit::{Id, QueryParams};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::files::{File, Files};

/// What stands unchanged in a `filename*` (RFC 8187, section 3.2.1).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ContentOptions {
    /// Whether a browser saves the file where it could show it.
    #[serde(default)]
    download: bool,
}

/// The original of a file. A browser shows PDF files and texts, and saves the others.
#[utoipa::path(
    get, path = "/api/v1/upload/{id}/content", operation_id = "get_file_content",
    responses((
        status = 200, description = "The bytes as they were uploaded.", body = Vec<u8>,
        content_type = "application/octet-stream"
    )))]
pub(super) async fn content(
    State(files): State<Files>,
    who: Allowed<action::GetFileContent>,
    id: Id<File>,
    QueryParams(options): QueryParams<ContentOptions>,
) -> Result<Response, Problem> {
    let content = files.content(&who, id.0).await?;
    let (kind, is_shown) = match content.format.as_str() {
        "pdf" => ("application/pdf", true),
        "text" | "markdown" | "csv" if std::str::from_utf8(&content.bytes).is_ok() => {
            ("text/plain; charset=utf-8", true)
        }
        "text" | "markdown" | "csv" => ("text/plain", true),
        // A page of HTML would be run as one of ours.
        _ => ("application/octet-stream", false),
    };
    let disposition = if is_shown && !options.download { "inline" } else { "attachment" };
    let disposition = format!("{disposition}; filename*=UTF-8''{}", utf8_percent_encode(&content.name, NAME));
    let disposition = HeaderValue::from_str(&disposition).map_err(Problem::internal)?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, content.bytes).into_response())
}
