//! Plain text, taken as it is.

use crate::ParseError;
use crate::document::{Document, DocumentBuilder};

/// Parses plain text.
pub(crate) fn parse(text: &str) -> Result<Document, ParseError> {
    let mut builder = DocumentBuilder::default();
    builder.block(text);
    builder.finish()
}
