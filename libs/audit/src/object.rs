//! What a record is about.

use std::fmt::{Display, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// What was changed, with hashes that tell whether and when it had this content, without keeping the content.
#[derive(Debug, Clone)]
pub struct Object {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Object {
    /// `kind` as a 404 names it, such as `thread`.
    pub fn new(kind: &'static str, id: impl Display) -> Self {
        Self { kind, id: id.to_string(), before: String::new(), after: String::new() }
    }

    /// Its content before the change, if it existed.
    #[must_use]
    pub fn before(self, content: &impl Serialize) -> Self {
        Self { before: json_hash(content), ..self }
    }

    /// Its content after the change, if it still exists.
    #[must_use]
    pub fn after(self, content: &impl Serialize) -> Self {
        Self { after: json_hash(content), ..self }
    }
}

/// SHA-256 of the JSON form, in hex; empty for what has none.
fn json_hash(content: &impl Serialize) -> String {
    let Ok(json) = serde_json::to_vec(content) else { return String::new() };
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(json) {
        write!(hex, "{byte:02x}").expect("writing to a string does not fail");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_hashed() {
        let object = Object::new("note", 7).before(&"a").after(&"b");
        assert_eq!(object.before, json_hash(&"a"));
        assert_ne!(object.before, object.after);
        assert_eq!(json_hash(&()).len(), 64);
    }
}
