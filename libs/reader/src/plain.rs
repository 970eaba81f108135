//! Plain text: paragraphs as they are.

use crate::ParseError;
use crate::document::{Builder, Document};

/// Reads plain text.
pub(crate) fn parse(text: &str) -> Result<Document, ParseError> {
    let mut builder = Builder::default();
    builder.block(text);
    builder.finish()
}
