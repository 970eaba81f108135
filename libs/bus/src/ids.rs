//! Many ids as one parameter: an array on Postgres, JSON on SQLite, which has no arrays. This is why some statements here
//! have two texts.

use uuid::Uuid;

/// For `unhex(value) FROM json_each($1)`.
pub(super) fn as_json(ids: &[Uuid]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", quoted.join(","))
}
