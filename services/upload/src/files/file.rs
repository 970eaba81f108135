//! What a file is, as it is stored and as it is shown.

use chrono::{DateTime, Utc};
use kit::Resource;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// Where it was in its folder, with `/` between the parts; the name when nothing else was said. A file of the same path takes
    /// the place of this one as soon as it is read.
    path: String,
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
    /// The date of its content: what the file says itself, else when it was last changed, as its sender said.
    #[serde(skip_serializing_if = "Option::is_none")]
    dated_at: Option<DateTime<Utc>>,
    /// The share of its words that its text has, from 0 to 1; absent where nothing is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    words_kept: Option<f64>,
    /// What a reader of the file would miss in its text, such as pages that are scans.
    warnings: Vec<String>,
    /// Passages it was cut into.
    chunks: i64,
    created_at: DateTime<Utc>,
}

impl File {
    pub(super) const fn id(&self) -> Uuid {
        self.id
    }
}

impl Resource for File {
    const NAME: &'static str = "file";
}

/// The text of a file, in the shape that stored copies of web pages have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FileText {
    pub(super) title: String,
    /// Always `null`: a file has no address.
    pub(super) url: Option<String>,
    /// When it was uploaded.
    pub(super) fetched_at: DateTime<Utc>,
    pub(super) text: String,
}

/// A file as it was uploaded, but for its bytes.
#[derive(Debug)]
pub(crate) struct Original {
    pub(crate) name: String,
    /// [`reader::Format`] as it is written in JSON.
    pub(crate) format: String,
    /// In bytes.
    pub(crate) size: u64,
}

/// A row of `files`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(super) id: Uuid,
    pub(crate) project: Uuid,
    pub(super) name: String,
    path: String,
    pub(super) format: String,
    pub(super) size: i64,
    #[sqlx(try_from = "String")]
    pub(crate) stage: Stage,
    pub(super) error: Option<String>,
    attempts: i64,
    title: Option<String>,
    pages: Option<i64>,
    dated_at: Option<DateTime<Utc>>,
    words_kept: Option<f64>,
    warnings: Option<String>,
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
            path: row.path,
            project_id: row.project,
            size: row.size,
            status,
            error: row.error,
            attempts: row.attempts,
            title: row.title,
            pages: row.pages,
            dated_at: row.dated_at,
            words_kept: row.words_kept,
            warnings: row.warnings.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default(),
            chunks: row.chunks,
            created_at: row.created_at,
        }
    }
}
