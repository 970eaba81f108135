//! `GET /api/v1/upload/{id}/content`: a file as it was uploaded, whole or a part of it. It is somebody's file, not our page:
//! nothing in it is run.

use access::{Allowed, action};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::{Problem, problem::Code};
use kit::{Id, QueryParams};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::range::{Part, RangeHeader};
use crate::files::{File, Files};

/// What stands unchanged in a `filename*` (RFC 8187, section 3.2.1).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
/// So much of a text tells whether it is UTF-8 (bytes).
const DETECTED_BYTES: u64 = 1 << 20;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ContentOptions {
    /// Whether a browser saves the file where it could show it.
    #[serde(default)]
    download: bool,
}

/// The original of a file, or a part of it (`Range: bytes=0-99`). Browsers show PDF files and texts, and save the others.
#[utoipa::path(
    get, path = "/api/v1/upload/{id}/content", operation_id = "get_file_content",
    responses(
        (
            status = 200, description = "The bytes as they were uploaded.", body = Vec<u8>,
            content_type = "application/octet-stream"
        ),
        (
            status = 206, description = "The bytes of the range.", body = Vec<u8>,
            content_type = "application/octet-stream"
        )
    ))]
pub(super) async fn content(
    State(files): State<Files>,
    who: Allowed<action::GetFileContent>,
    id: Id<File>,
    QueryParams(options): QueryParams<ContentOptions>,
    range: RangeHeader,
) -> Result<Response, Problem> {
    let original = files.original(&who, id.0).await?;
    let size = original.size;
    let (status, part) = match range.part_of(size) {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Range(part) => (StatusCode::PARTIAL_CONTENT, part),
        Part::Outside => return out_of_range(size),
    };
    let (kind, is_shown) = match original.format.as_str() {
        "pdf" => ("application/pdf", true),
        "text" | "markdown" | "csv" => {
            let beginning = files.beginning(&who, id.0, size.min(DETECTED_BYTES)).await?;
            let is_utf8 = is_utf8(&beginning, size);
            (if is_utf8 { "text/plain; charset=utf-8" } else { "text/plain" }, true)
        }
        // A page of HTML would be run as one of ours.
        _ => ("application/octet-stream", false),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition(&original.name, is_shown && !options.download)?),
        (header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    let bytes = files.bytes(&who, id.0, part.clone()).await?;
    let mut response = (status, headers, Body::from_stream(bytes)).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let last = part.end - 1;
        set_content_range(&mut response, &format!("bytes {}-{last}/{size}", part.start))?;
    }
    Ok(response)
}

fn out_of_range(size: u64) -> Result<Response, Problem> {
    let detail = format!("Range: the file has {size} bytes");
    let mut response = Problem::new(Code::RangeNotSatisfiable, detail).into_response();
    set_content_range(&mut response, &format!("bytes */{size}"))?;
    Ok(response)
}

fn set_content_range(response: &mut Response, range: &str) -> Result<(), Problem> {
    let range = HeaderValue::from_str(range).map_err(Problem::internal)?;
    response.headers_mut().insert(header::CONTENT_RANGE, range);
    Ok(())
}

fn disposition(name: &str, is_shown: bool) -> Result<HeaderValue, Problem> {
    let kind = if is_shown { "inline" } else { "attachment" };
    HeaderValue::from_str(&format!("{kind}; filename*=UTF-8''{}", utf8_percent_encode(name, NAME)))
        .map_err(Problem::internal)
}

/// Whether a file of `size` bytes that begins so is UTF-8, as far as that tells; a character may be cut in two.
fn is_utf8(beginning: &[u8], size: u64) -> bool {
    let is_cut = (beginning.len() as u64) < size;
    match std::str::from_utf8(beginning) {
        Ok(_) => true,
        Err(error) => is_cut && error.error_len().is_none(),
    }
}
