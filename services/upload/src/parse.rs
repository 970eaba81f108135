//! From the bytes of a file to its text, its chunks and the terms they are found by.

use std::path::Path;

use ::jobs::JobError;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use db::{DbError, Session};
use reader::{ChunkSize, Document, Format, Hints, ParseError, child::ParserChild};

use crate::store::{
    self,
    files::{ParseResult, UnfinishedFile},
};

/// A file of which less is kept says so.
const FEW_WORDS_KEPT: f64 = 0.95;
/// Pages that a warning names.
const NAMED_PAGES: usize = 10;

/// A file that has been read.
pub(crate) struct Parsed {
    title: Option<String>,
    pages: Option<i64>,
    dated_at: Option<DateTime<Utc>>,
    words_kept: Option<f64>,
    warnings: Vec<String>,
    text: String,
    pieces: Vec<Piece>,
}

/// A chunk as it is stored.
pub(crate) struct Piece {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) page: Option<i64>,
    /// A JSON list.
    pub(crate) heading: String,
    pub(crate) text: String,
    /// What it is found by, joined by spaces.
    terms: String,
}

/// Reads a file in a child process and cuts it.
pub(crate) async fn parse(parser: &ParserChild, file: &UnfinishedFile, bytes: Bytes) -> Result<Parsed, JobError> {
    let format: Format = serde_json::from_value(serde_json::Value::from(file.format.as_str())).map_err(|_| {
        JobError::Permanent(format!("files of the kind {:?} are not read by this version", file.format))
    })?;
    let document = parser.parse(format, bytes, Hints::default()).await.map_err(|error| job_error(&error))?;
    let name = file.name.clone();
    let cutting = tokio::task::spawn_blocking(move || cut(document, &name)).await;
    cutting.map_err(|_| JobError::Crash("the parser failed on it: its text could not be cut".to_owned()))
}

/// What may be different the next time is tried again; what the file itself is cannot change.
fn job_error(error: &ParseError) -> JobError {
    let reason = error.to_string();
    match error {
        ParseError::Unavailable(_) => JobError::transient(reason),
        ParseError::Crashed(_) | ParseError::OutOfMemory | ParseError::Timeout => JobError::Crash(reason),
        ParseError::NoText
        | ParseError::Encrypted
        | ParseError::Damaged(_)
        | ParseError::TooLarge(_)
        | ParseError::Refused(_) => JobError::Permanent(reason),
    }
}

fn cut(document: Document, name: &str) -> Parsed {
    // The name of a file, or its title, often says what its text takes for granted ("lease.pdf").
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let title = document.title.as_deref().unwrap_or_default();
    let chunks = reader::chunks(&document, ChunkSize::default(), text::tokens::count);
    let pieces = chunks.into_iter().map(|chunk| {
        let terms = format!("{stem}\n{title}\n{}\n{}", chunk.heading.join("\n"), chunk.text);
        let terms = text::terms::index_text(&terms);
        Piece {
            start: i64::try_from(chunk.start).unwrap_or(i64::MAX),
            end: i64::try_from(chunk.end).unwrap_or(i64::MAX),
            page: chunk.page.map(i64::from),
            heading: serde_json::Value::from(chunk.heading).to_string(),
            text: chunk.text,
            terms,
        }
    });
    Parsed {
        pieces: pieces.collect(),
        pages: document.sections.iter().filter_map(|section| section.page).max().map(i64::from),
        dated_at: document.published_at,
        words_kept: document.words_kept.map(|words| words.ratio()),
        warnings: warnings(&document),
        title: document.title,
        text: document.text,
    }
}

/// What a reader of the file would miss in its text.
fn warnings(document: &Document) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(words) = document.words_kept {
        metrics::histogram!("gooseek_words_kept_ratio", "of" => "file").record(words.ratio());
        if words.ratio() < FEW_WORDS_KEPT {
            let (left_out, total) = (words.total - words.kept, words.total);
            warnings.push(format!("{left_out} of its {total} words were left out as navigation or not understood"));
        }
    }
    match document.pages_without_text.as_slice() {
        [] => {}
        [page] => warnings.push(format!("page {page} has no text that can be read (a scan?)")),
        pages => {
            let pages: Vec<String> = pages.iter().take(NAMED_PAGES).map(ToString::to_string).collect();
            let more = if document.pages_without_text.len() > NAMED_PAGES { ", …" } else { "" };
            warnings.push(format!("pages {}{more} have no text that can be read (scans?)", pages.join(", ")));
        }
    }
    warnings
}

/// Stores everything in the one transaction of `session`; `false` when the file is gone, and then the transaction must
/// be dropped.
pub(crate) async fn store(
    session: &mut Session,
    file: &UnfinishedFile,
    parsed: &Parsed,
    stage: &'static str,
) -> Result<bool, DbError> {
    let count = i64::try_from(parsed.pieces.len()).unwrap_or(i64::MAX);
    let first_seq = store::content::reserve(session, file.project, count).await?;
    let result = ParseResult {
        stage,
        title: parsed.title.as_deref(),
        pages: parsed.pages,
        dated_at: parsed.dated_at,
        words_kept: parsed.words_kept,
        warnings: serde_json::json!(parsed.warnings).to_string(),
        chunks: count,
        first_seq,
    };
    if !store::files::set_parsed(session, file.id, &result).await? {
        return Ok(false);
    }
    store::content::insert_text(session, file, &parsed.text).await?;
    for (ordinal, piece) in (0..).zip(&parsed.pieces) {
        store::content::insert_chunk(session, file, first_seq + ordinal, ordinal, piece).await?;
        store::search::insert(session, file, first_seq + ordinal, &piece.terms).await?;
    }
    Ok(true)
}
